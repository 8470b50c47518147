import { requestDateOf } from '../../lib/core/instant.ts'
import { seededRandom } from '../simulated-ses/random.ts'
import { inRowOrder, type RowOrder } from '../simulated-ses/row-order.ts'
import type { SendCloudEntry, SendCloudMessage } from './mail.ts'
import type { StatusQuery } from './status-query.ts'
import { outcomesOf, statusAt, statusRowAt, subStatusAt, type SentDelivery } from './status-row.ts'
import type { StatusRow, Wording } from './status-row.ts'

export interface SentMailOptions {
  /** How long after sending a row can be seen; default 0. */
  readonly lagMs?: number
  /** Default `oldest-first`. */
  readonly order?: RowOrder
  /** Of the orders that change at each call. */
  readonly seed?: number
  /** Default `today`. */
  readonly wording?: Wording
}

/** A delivery, with what its place in the list depends on. */
interface Listed extends SentDelivery {
  readonly sentAtMs: number
  /** Its outcomes. */
  readonly timeline: readonly SendCloudEntry[]
}

/** A part of a list. */
export interface ListPart<Row> {
  /** How many there are in all. */
  readonly total: number
  readonly rows: readonly Row[]
}

/** All mail that was sent, and what data/emailStatus shows of it. */
export class SentMail {
  readonly #order: RowOrder
  readonly #lagMs: number
  readonly #wording: Wording
  readonly #random: ReturnType<typeof seededRandom>
  readonly #messages: SendCloudMessage[] = []
  readonly #byDate = new Map<string, Listed[]>()
  readonly #byEmailId = new Map<string, Listed[]>()
  readonly #byRecipient = new Map<string, Listed[]>()

  constructor({ order = 'oldest-first', lagMs = 0, seed = 1, wording = 'today' }: SentMailOptions) {
    this.#order = order
    this.#lagMs = lagMs
    this.#wording = wording
    this.#random = seededRandom(seed)
  }

  get messages(): readonly SendCloudMessage[] {
    return this.#messages
  }

  add(message: SendCloudMessage): void {
    this.#messages.push(message)
    for (const delivery of message.deliveries) {
      const { sentAtMs, emailId, recipient } = delivery
      const listed: Listed = { message, delivery, sentAtMs, timeline: outcomesOf(delivery) }
      addTo(this.#byDate, requestDateOf(sentAtMs), listed)
      addTo(this.#byEmailId, emailId, listed)
      addTo(this.#byRecipient, recipient.toLowerCase(), listed)
    }
  }

  /** The part that the query asks for of what can be seen at the instant. */
  rows(query: StatusQuery, nowMs: number): ListPart<StatusRow> {
    const found = this.#candidates(query).filter((listed) =>
      isAskedFor(listed, query, nowMs - this.#lagMs, nowMs),
    )
    const inOrder = inRowOrder(found, this.#order, { nowMs, random: this.#random })
    return {
      total: found.length,
      rows: inOrder
        .slice(query.start, query.start + query.limit)
        .map((listed) => statusRowAt(listed, nowMs, this.#wording)),
    }
  }

  #candidates({ dates, emailIds, email }: StatusQuery): readonly Listed[] {
    if (emailIds) return [...new Set(emailIds)].flatMap((emailId) => this.#byEmailId.get(emailId) ?? [])
    if (email !== undefined) return this.#byRecipient.get(email.toLowerCase()) ?? []
    return dates.flatMap((date) => this.#byDate.get(date) ?? [])
  }
}

function isAskedFor(
  { message, delivery }: Listed,
  { dates, apiUsers, email, status, subStatuses }: StatusQuery,
  sentUntilMs: number,
  nowMs: number,
): boolean {
  return (
    delivery.sentAtMs <= sentUntilMs &&
    dates.includes(requestDateOf(delivery.sentAtMs)) &&
    apiUsers.includes(message.apiUser) &&
    (email === undefined || delivery.recipient.toLowerCase() === email.toLowerCase()) &&
    (status === undefined || statusAt(delivery, nowMs) === status) &&
    (subStatuses === undefined || subStatuses.includes(subStatusAt(delivery, nowMs)))
  )
}

function addTo(lists: Map<string, Listed[]>, key: string, listed: Listed): void {
  const known = lists.get(key)
  if (known) known.push(listed)
  else lists.set(key, [listed])
}
