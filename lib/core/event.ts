import type { MessageKey } from './message.ts'

/**
 * What can be reported about one delivery (one message to one recipient).
 *
 * | kind           | promises                                                | does not promise                        |
 * | -------------- | ------------------------------------------------------- | --------------------------------------- |
 * | `requested`    | the provider accepted the mail for sending              | that anything was sent yet              |
 * | `deferred`     | the recipient's server put it off; the provider retries | how often, or for how long              |
 * | `delivered`    | the recipient's server accepted it                      | that it is in the inbox                 |
 * | `dropped`      | the provider did not send it                            | that the address is bad                 |
 * | `bounced`      | the recipient's server rejected it                      | for good, unless the class is `hard`    |
 * | `opened`       | the tracking image was fetched                          | that a person looked                    |
 * | `clicked`      | a tracked link was followed                             | that a person did it                    |
 * | `complained`   | the recipient called it spam                            | that it was                             |
 * | `unsubscribed` | the unsubscribe link was followed                       | that the list knows                     |
 * | `unknown`      | no longer knowable: the provider's window has closed    | anything about the mail                 |
 *
 * Only reconcile records `unknown`; no provider reports it.
 */
export const eventKinds = [
  'requested',
  'deferred',
  'delivered',
  'dropped',
  'bounced',
  'opened',
  'clicked',
  'complained',
  'unsubscribed',
  'unknown',
] as const

export type EventKind = (typeof eventKinds)[number]

/** How final a bounce is. `undetermined`: the provider did not say. */
export type BounceClass = 'hard' | 'soft' | 'undetermined'

/** Columns of a row that belong to the message, and so are the same in every event. */
export const messageColumns = [
  'subject',
  'from',
  'fromDomain',
  'template',
  'task',
  'account',
  'category',
  'labelId',
  'labelName',
  'rfcMessageId',
  'region',
] as const

export type MessageColumn = (typeof messageColumns)[number]

/** One fact about one delivery, whatever its source. */
export interface DeliveryEvent {
  /** Whose mail it is, such as `tencent-ses`. */
  readonly provider: string
  /** One for all spellings of the address: `recipientOf` in lib/core/address.ts. */
  readonly recipient: string
  /** The address as received, where that differs from `recipient`. */
  readonly spelling?: string
  /** SendCloud's own name of the delivery, as received: one address of one message may have several. */
  readonly emailId?: string
  readonly message: MessageKey
  readonly kind: EventKind
  /** Where callbacks reported facts, polled ones are not counted, since the poll is less exact. */
  readonly source: 'callback' | 'poll'
  /** The provider's clock. Absent if the poll reports an event without its time. */
  readonly occurredAtMs?: number
  /** The link of a click: part of the event's identity. */
  readonly link?: string
  /** Bounces only. */
  readonly bounceClass?: BounceClass
  /**
   * The provider's own code for what happened, such as `SendStatus 1007` or `subStat 406`; absent if none was reported.
   */
  readonly code?: string
  /**
   * Bounces and deferrals: the receiving server's reply, on one line, without the provider's additions. Absent if there
   * was none.
   */
  readonly reply?: string
  /** Everything else that was reported, on one line. */
  readonly detail: string
  /** When the message was sent, if the event reports it: recorded as a `requested` fact in the same write. */
  readonly sentAtMs?: number
  /** What the event reports about the message. */
  readonly columns: Readonly<Partial<Record<MessageColumn, string>>>
  /** The sender's own headers, echoed by the provider: each becomes a column of that name. */
  readonly headers: ReadonlyMap<string, string>
}
