import { nameOf } from '../../../lib/core/delivery.ts'
import type { Ledger } from '../../../local/in-memory-ledger.ts'

/** What a ledger holds, as text that a person can compare. */
export interface LedgerLines {
  /** Deliveries and suppressions. */
  readonly rows: string
  /** The pending index. */
  readonly pending: string
}

/** All that the ledger holds of these recipients, in an order of its own. */
export async function linesOf(ledger: Ledger, recipients: readonly string[]): Promise<LedgerLines> {
  const lines: string[] = []
  for (const recipient of recipients) {
    for (const row of await ledger.deliveries.ofRecipient(recipient)) {
      const { provider, status, spellings, columns, facts } = row
      const reported = [...facts].flatMap(([kind, of]) => of.map(({ text }) => `\n    ${kind} ${text}`))
      const named = [provider, status, ...spellings, ...[...columns].flat()].join(' ')
      lines.push(`delivery ${nameOf(row)} ${named}${reported.join('')}`)
    }
    const suppression = await ledger.suppressions.ofRecipient(recipient)
    if (suppression) {
      const { evidence, blocklisted, unclearBounces, unclearDays } = suppression
      const known = [
        ...evidence,
        ...blocklisted.map((line) => `blocklisted ${line}`),
        ...unclearBounces.map((line) => `unclear ${line}`),
        ...unclearDays,
      ]
      lines.push([`suppressed ${recipient}`, ...known].join('\n    '))
    }
  }
  const pending = (await Array.fromAsync(ledger.deliveries.pending())).map(nameOf)
  return { rows: lines.sort().join('\n'), pending: pending.sort().join('\n') }
}
