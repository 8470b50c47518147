import type { Suppression, SuppressionEvidence, SuppressionReason } from '../core/suppression.ts'
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

/** One entry of a list by which a provider refuses to send. */
export interface ListEntry {
  /** As the tables store it. */
  readonly recipient: string
  readonly reason: SuppressionReason
  /** Since when it is on the list; absent where the list does not show it. */
  readonly listedAtMs?: number
  /** Until when; absent where the list does not say. */
  readonly untilMs?: number
  /** In the provider's words; empty where it has none. */
  readonly detail: string
}

/** One request for a part of a provider's list. */
interface ListQuery {
  /** YYYY-MM-DD in UTC+8, both included, at most {@link ProviderList.maxDates}; absent where the list has no dates. */
  readonly from?: string
  readonly to?: string
  readonly offset: number
}

/** One page of a provider's list. */
export interface ListPage {
  readonly entries: readonly ListEntry[]
  /** How many rows the page held, readable or not: the next page begins that much further. */
  readonly rows: number
  /** Rows that name no address. */
  readonly unreadable: number
  readonly isLast: boolean
}

/** A list of its own by which a provider refuses to send to an address. Each method asks once, without retry. */
export interface ProviderList {
  readonly provider: string
  /** What the provider calls reading it, and taking an address off it: the permissions that these take. */
  readonly name: string
  readonly removal: string
  /** What it is, for a person. */
  readonly holds: string
  /** The longest range of dates that one request may name; absent where the list has no dates, and is read whole. */
  readonly maxDates?: number
  /** For how many days the provider keeps an entry; absent where that is not known. */
  readonly keptDays?: number
  /** Throws `StatusApiError`. */
  page(query: ListQuery): Promise<ListPage>
  /** The recipient's entries. Throws `StatusApiError`. */
  ofRecipient(recipient: string): Promise<readonly ListEntry[]>
  /** Takes the recipient off; `absent` where it was not on it. Throws `StatusApiError`. */
  remove(recipient: string): Promise<'removed' | 'absent'>
}
