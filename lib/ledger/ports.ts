import type { Delivery, DeliveryKey, Status } from '../core/delivery.ts'
import type { DeliveryEvent } from '../core/event.ts'
import type { InboundMail } from '../core/inbound-mail.ts'

/** The write side of the ledger: all that the internet-facing function needs. It reads nothing. */
export interface DeliveryWriter {
  /**
   * Joins one event into its delivery's row. Repeats and any order give the same row. Resolves when the write is
   * durable. Throws {@link UnwritableError} if no retry can help.
   */
  record(event: DeliveryEvent, signal?: AbortSignal): Promise<void>
}

/** The table refused this record for good, such as a row that grew beyond what an item may hold. */
export class UnwritableError extends Error {
  override readonly name = 'UnwritableError'
}

/** A pending delivery as read from the index. */
export interface PendingDelivery extends DeliveryKey {
  readonly status: Status
  readonly provider: string
}

/** The read side of the ledger. */
export interface DeliveryReader {
  /** The rows of those keys that exist, each once, in no order, without facts that were kept outside their row. */
  rowsOf(keys: readonly DeliveryKey[]): Promise<readonly Delivery[]>
  /** Every delivery to the recipient, complete. */
  ofRecipient(recipient: string): Promise<readonly Delivery[]>
  /** The delivery of the message to each of its recipients, complete. */
  ofMessage(messageId: string): Promise<readonly Delivery[]>
  /** Every unsettled delivery, in no order. */
  pending(): AsyncIterable<PendingDelivery>
}

/** Why nothing was searched for by an id that only an index has. `not-allowed`: to these credentials. */
export type WhyNotSearched = 'no-index' | 'index-in-making' | 'not-allowed'

/** What was found by such an id. */
export type FoundById =
  | {
      readonly deliveries: readonly Delivery[]
      /** Of more deliveries with this id only so many, the latest, were read. */
      readonly cutAt?: number
    }
  | { readonly notSearched: WhyNotSearched }

/** Finds deliveries by ids that are not their keys, as far as they were reported since there is an index of them. */
export interface OtherIdReader {
  /** By the sender's own id of the mail. */
  ofOwnId(id: string): Promise<FoundById>
  /** By the Message-ID header of the mail, without angle brackets. */
  ofRfcMessageId(id: string): Promise<FoundById>
}

/** A part of a long list, and where the next part begins. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Rows that were read, including those that are not items. */
  readonly rows: number
  /** Where the list continues; opaque. Absent after the last part. */
  readonly next?: string
}

/** A delivery among the problems of a day, as read from the index. */
export interface ProblemDelivery extends DeliveryKey {
  /** As of now: a mail that was put off may have been delivered since. */
  readonly status: Status
  readonly provider: string
  readonly template?: string
  readonly fromDomain?: string
}

/** What went wrong, by the day of sending. */
export interface ProblemReader {
  /**
   * The deliveries sent on a day (YYYY-MM-DD in UTC+8) that bounced, were dropped, put off or complained about, the latest
   * messages first within each of its shards. `undefined`: those whose message does not show its day.
   */
  problemsOf(day: string | undefined): AsyncIterable<ProblemDelivery>
}

/** One of several equal parts of a table that are read side by side. */
export interface Segment {
  /** From 0. */
  readonly segment: number
  readonly of: number
}

/** Every delivery, for those who go through all of them. */
export interface DeliveryScanner {
  /**
   * The rows after a position, page after page, in no order, without facts that were kept outside their row.
   * @param segment - default: the whole table; a position belongs to one segment.
   */
  pages(position?: string, segment?: Segment): AsyncIterable<Page<Delivery>>
  /** The same with every fact: each delivery whole, on one page. */
  wholePages(position?: string, segment?: Segment): AsyncIterable<Page<Delivery>>
  /** About how many rows there are. */
  approximateRows(): Promise<number>
}

export interface InboundMailWriter {
  /** Keeps the mail whole; the same mail again is one row. */
  keep(mail: InboundMail, signal?: AbortSignal): Promise<void>
}

/** The head of an inbound mail, without its content. */
export interface StoredInboundMail {
  /** Names the mail: hex digits. */
  readonly id: string
  readonly provider: string
  readonly recipient: string
  /** The message that it answers, if known. */
  readonly answers?: string
  readonly answeredRecipient?: string
  /** When it arrived, by the provider's clock: once for each report that differs. */
  readonly receivedAt: readonly string[]
  readonly rawMessageUrls: readonly string[]
  readonly columns: ReadonlyMap<string, string>
}

export interface InboundMailReader {
  /** Every mail, without content, in no order. */
  all(): AsyncIterable<StoredInboundMail>
  /** The mails that answer the message. */
  answering(message: string): AsyncIterable<StoredInboundMail>
  /** One mail with its content; `undefined` if there is none. An id may be shortened if it still names one mail. */
  mail(id: string): Promise<(StoredInboundMail & { readonly content: string }) | undefined>
}
