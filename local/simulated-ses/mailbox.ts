import { requestDateStartMs } from '../../lib/core/instant.ts'
import { requestDateOf } from './mail.ts'
import type { SimulatedDelivery } from './mail.ts'
import { seededRandom } from './random.ts'
import { inRowOrder } from './row-order.ts'
import type { RowOrder } from './row-order.ts'
import type { StatusQuery } from './status-query.ts'
import { statusRowAt } from './status-row.ts'
import type { ComplaintKey, StatusRow } from './status-row.ts'

export interface MailboxOptions {
  /** How long after sending a row can be seen; default 0. */
  readonly lagMs?: number
  /** Default `oldest-first`. */
  readonly order?: RowOrder
  /** Of the orders that change at each call. */
  readonly seed?: number
  /** How rows spell the complaint; default the right spelling alone. */
  readonly complaintKeys?: readonly ComplaintKey[]
}

/** All mail that was sent, and what the poll sees of it. */
export interface Mailbox {
  readonly deliveries: readonly SimulatedDelivery[]
  add(delivery: SimulatedDelivery): void
  /** One page of what was sent on the query's date and can be seen at that instant. */
  page(query: StatusQuery, nowMs: number): readonly SimulatedDelivery[]
  /** The same page as the rows that the poll shows. */
  rows(query: StatusQuery, nowMs: number): StatusRow[]
  /** Takes out all that was sent before the date. */
  forgetBefore(requestDate: string): void
}

export function mailboxWith({
  order = 'oldest-first',
  lagMs = 0,
  seed = 1,
  complaintKeys,
}: MailboxOptions): Mailbox {
  const random = seededRandom(seed)
  const deliveries: SimulatedDelivery[] = []
  const byDate = new Map<string, DateList>()
  const page = (query: StatusQuery, nowMs: number): readonly SimulatedDelivery[] => {
    const ofDate = byDate.get(query.requestDate)
    if (!ofDate) return []
    const { offset, limit } = query
    if (order === 'oldest-first' && !isFiltered(query)) return ofDate.part(nowMs - lagMs, offset, limit)
    const seen = ofDate.askedFor(query, nowMs - lagMs)
    return inRowOrder(seen, order, { nowMs, random }).slice(offset, offset + limit)
  }
  return {
    deliveries,
    add: (delivery) => {
      const date = requestDateOf(delivery.sentAtMs)
      const ofDate = byDate.get(date) ?? new DateList()
      byDate.set(date, ofDate)
      deliveries.push(delivery)
      ofDate.add(delivery)
    },
    page,
    rows: (query, nowMs) => page(query, nowMs).map((delivery) => statusRowAt(delivery, nowMs, complaintKeys)),
    forgetBefore: (requestDate) => {
      for (const date of byDate.keys()) if (date < requestDate) byDate.delete(date)
      const startMs = requestDateStartMs(requestDate)
      let kept = 0
      for (const delivery of deliveries) {
        if (delivery.sentAtMs < startMs) continue
        deliveries[kept] = delivery
        kept += 1
      }
      deliveries.length = kept
    },
  }
}

function isFiltered(query: StatusQuery): boolean {
  return query.messageId !== undefined || query.toEmailAddress !== undefined
}

/** What was sent on one date: in the order of sending and, from the first look-up on, by message. */
class DateList {
  readonly #bySending: SimulatedDelivery[] = []
  #isInOrder = true
  #byMessage: Map<string, SimulatedDelivery[]> | undefined

  add(delivery: SimulatedDelivery): void {
    const last = this.#bySending.at(-1)
    if (last && last.sentAtMs > delivery.sentAtMs) this.#isInOrder = false
    this.#bySending.push(delivery)
    if (this.#byMessage) index(this.#byMessage, delivery)
  }

  /** A part of what was sent up to the instant, oldest first. */
  part(sentUntilMs: number, offset: number, limit: number): readonly SimulatedDelivery[] {
    const end = Math.min(offset + limit, this.#countSentUntil(sentUntilMs))
    return this.#inOrder().slice(offset, Math.max(offset, end))
  }

  /** What the query's filters let through of what was sent up to the instant. */
  askedFor({ messageId, toEmailAddress }: StatusQuery, sentUntilMs: number): readonly SimulatedDelivery[] {
    const ofMessage = messageId === undefined ? this.#inOrder() : this.#ofMessage(messageId)
    const recipient = toEmailAddress?.toLowerCase()
    return ofMessage.filter(
      (delivery) =>
        delivery.sentAtMs <= sentUntilMs &&
        (recipient === undefined || recipient === delivery.recipient.toLowerCase()),
    )
  }

  #inOrder(): readonly SimulatedDelivery[] {
    if (!this.#isInOrder) this.#bySending.sort((one, other) => one.sentAtMs - other.sentAtMs)
    this.#isInOrder = true
    return this.#bySending
  }

  #ofMessage(messageId: string): readonly SimulatedDelivery[] {
    if (!this.#byMessage) {
      this.#byMessage = new Map()
      for (const delivery of this.#bySending) index(this.#byMessage, delivery)
    }
    return this.#byMessage.get(messageId) ?? []
  }

  #countSentUntil(instantMs: number): number {
    const list = this.#inOrder()
    let from = 0
    let to = list.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((list[middle]?.sentAtMs ?? Infinity) <= instantMs) from = middle + 1
      else to = middle
    }
    return from
  }
}

function index(byMessage: Map<string, SimulatedDelivery[]>, delivery: SimulatedDelivery): void {
  const sameMessage = byMessage.get(delivery.messageId)
  if (sameMessage) sameMessage.push(delivery)
  else byMessage.set(delivery.messageId, [delivery])
}
