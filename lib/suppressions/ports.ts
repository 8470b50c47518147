import type { Suppression, SuppressionEvidence } from '../core/suppression.ts'
import type { Page } from '../ledger/ports.ts'

/** Every suppression, in the same way. */
export interface SuppressionScanner {
  pages(position?: string): AsyncIterable<Page<Suppression>>
  approximateRows(): Promise<number>
  /** The rows of these recipients that exist. */
  ofRecipients(recipients: readonly string[]): Promise<ReadonlyMap<string, Suppression>>
}

/** The write side of the suppression list. */
export interface SuppressionWriter {
  /**
   * Joins one piece of evidence into its recipient's row. Repeats and any order give the same row. Evidence that is not
   * newer than the last removal is kept and has no effect.
   */
  suppress(evidence: SuppressionEvidence, signal?: AbortSignal): Promise<void>
}

/** The read side of the suppression list. */
export interface SuppressionReader {
  /** What is known of the recipient, on the list or not; `undefined` if there is no row. */
  ofRecipient(recipient: string): Promise<Suppression | undefined>
  /** Every row, in no order, including those removed from the list. */
  all(): AsyncIterable<Suppression>
}

/** The operator's side of the suppression list. */
export interface SuppressionRemover {
  /**
   * Removes the recipient from the list and records when: only evidence newer than that instant adds it again. The
   * lines in `countingOut` (`datedLater` in core/suppression.ts) never do, although they are dated later. Returns the
   * row afterwards; `undefined` if the recipient was never on the list.
   */
  remove(recipient: string, atMs: number, countingOut?: readonly string[]): Promise<Suppression | undefined>
}
