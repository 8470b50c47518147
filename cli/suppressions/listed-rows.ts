import {
  heldReasons,
  linesOf,
  parseEvidence,
  type Suppression,
  type SuppressionReason,
} from '../../lib/core/suppression.ts'
import type { OpenLedger } from '../open-ledger.ts'
import type { ListedRow } from '../suppression-report.ts'

export interface ListedOptions {
  /** Only those for whom it holds. */
  readonly reason?: SuppressionReason
  /** Those who are not on the list any more, too. */
  readonly all?: boolean
}

/** Who is on the list and why, in the table's order. */
export async function* listedRows(
  { store, clock, blocklistDays }: OpenLedger,
  { reason, all = false }: ListedOptions,
): AsyncIterable<ListedRow> {
  for await (const row of store.suppressionReader().all()) {
    const held = heldReasons(row, { nowMs: clock.now(), blocklistDays })
    const named = all ? reasonsEver(row) : held.map((one) => one.reason)
    if (reason === undefined ? named.length > 0 : named.includes(reason)) yield { row, held }
  }
}

/** Every reason that ever held. */
function reasonsEver(row: Suppression): readonly SuppressionReason[] {
  return linesOf(row).flatMap((line) => parseEvidence(line)?.reason ?? [])
}

/** Waits until the reader has consumed the output, so that a long list is never held whole. */
export async function write(text: string): Promise<void> {
  if (text === '' || process.stdout.write(text)) return
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve))
}
