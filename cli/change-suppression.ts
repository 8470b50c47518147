import { datedLater, heldReasons, type HeldReason, type Suppression } from '../lib/core/suppression.ts'
import type { SuppressionReader, SuppressionRemover, SuppressionWriter } from '../lib/suppressions/ports.ts'
import { CommandError } from './command-error.ts'
import type { OpenLedger } from './open-ledger.ts'

interface Changed {
  /** Whether the address was on the list before. */
  readonly wasHeld: boolean
}

/**
 * Puts an address on the list by hand, as of now.
 * @param note - why, kept as evidence; may be empty
 * @throws {@link CommandError} if it was taken off at an instant that this machine's clock has not reached.
 */
export async function addToList(
  ledger: OpenLedger,
  recipient: string,
  note: string,
): Promise<Changed & { readonly held: HeldReason }> {
  const { reader, writer } = listOf(ledger)
  const before = await reader.ofRecipient(recipient)
  await writer.suppress({
    recipient,
    reason: 'by-hand',
    occurredAtMs: ledger.clock.now(),
    source: 'operator',
    detail: note,
  })
  const after = await reader.ofRecipient(recipient)
  const [held] = heldOf(after, ledger)
  if (held === undefined) {
    throw new CommandError(
      `It was taken off the list at ${after?.removals.at(-1) ?? 'some time'}, later than this machine's clock says it is: set the clock, and add it again.`,
    )
  }
  return { wasHeld: heldOf(before, ledger).length > 0, held }
}

/**
 * Takes an address off the list, until something newer speaks against it. `undefined` if it never was on it.
 * @throws {@link CommandError} if it is on it again by what was learned meanwhile.
 */
export async function takeOffList(
  ledger: OpenLedger,
  recipient: string,
): Promise<(Changed & { readonly before: Suppression; readonly removedAt: string }) | undefined> {
  const { reader, writer } = listOf(ledger)
  const nowMs = ledger.clock.now()
  const before = await reader.ofRecipient(recipient)
  const after = before && (await writer.remove(recipient, nowMs, datedLater(before, nowMs)))
  if (before === undefined || after === undefined) return undefined
  const [held] = heldOf(after, ledger)
  if (held !== undefined) {
    throw new CommandError(`It is on the list again by what was learned a moment ago: ${held.line}`)
  }
  return { wasHeld: heldOf(before, ledger).length > 0, before, removedAt: after.removals.at(-1) ?? '' }
}

/** Why an address is on the list now; empty where it is not. */
export function heldOf(
  row: Suppression | undefined,
  { clock, blocklistDays }: OpenLedger,
): readonly HeldReason[] {
  return row === undefined ? [] : heldReasons(row, { nowMs: clock.now(), blocklistDays })
}

function listOf({ store }: OpenLedger): {
  readonly reader: SuppressionReader
  readonly writer: SuppressionWriter & SuppressionRemover
} {
  return { reader: store.suppressionReader(), writer: store.suppressionWriter() }
}
