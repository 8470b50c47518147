import type { Suppression, SuppressionEvidence } from '../core/suppression.ts'
import type { Page } from '../ledger/ports.ts'

/** Every suppression, in the same way. */
export interface SuppressionScanner {
  pages(position?: string): AsyncIterable<Page<Suppression>>
  approximateRows(): Promise<number>
  /** The rows of those recipients that have one. */
  ofRecipients(recipients: readonly string[]): Promise<ReadonlyMap<string, Suppression>>
}

/** The write side of the suppression list. */
export interface SuppressionWriter {
  /**
   * Joins one piece of evidence into its recipient's row. Recording it again, or in another order, ends in the same row.
   * Evidence that is not newer than the last removal is kept and brings nothing back.
   */
  suppress(evidence: SuppressionEvidence, signal?: AbortSignal): Promise<void>
}

/** The read side of the suppression list. */
export interface SuppressionReader {
  /** What is known of the recipient, on the list or not; `undefined` where nothing ever was. */
  ofRecipient(recipient: string): Promise<Suppression | undefined>
  /** Every row, in no order, those that were removed from the list included. */
  all(): AsyncIterable<Suppression>
}

/** What an operator may do to the suppression list. */
export interface SuppressionRemover {
  /**
   * Takes the recipient off the list and remembers when: evidence up to that instant never brings it back, newer evidence
   * does. What is named in `countingOut` (`datedLater` in core/suppression.ts) never does either, although it is dated
   * later. Returns what stands there afterwards; `undefined` where the recipient was never on the list.
   */
  remove(recipient: string, atMs: number, countingOut?: readonly string[]): Promise<Suppression | undefined>
}
