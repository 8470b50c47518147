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
interface Mailbox {
  readonly deliveries: readonly SimulatedDelivery[]
  add(delivery: SimulatedDelivery): void
  /** One page of what was sent on the query's date and can be seen at that instant. */
  rows(query: StatusQuery, nowMs: number): StatusRow[]
}

export function mailboxWith({
  order = 'oldest-first',
  lagMs = 0,
  seed = 1,
  complaintKeys,
}: MailboxOptions): Mailbox {
  const random = seededRandom(seed)
  const deliveries: SimulatedDelivery[] = []
  const byDate = new Map<string, SimulatedDelivery[]>()
  return {
    deliveries,
    add: (delivery) => {
      const date = requestDateOf(delivery.sentAtMs)
      deliveries.push(delivery)
      byDate.set(date, byDate.get(date) ?? [])
      byDate.get(date)?.push(delivery)
    },
    rows: (query, nowMs) => {
      const seen = (byDate.get(query.requestDate) ?? []).filter(
        (delivery) => delivery.sentAtMs + lagMs <= nowMs && isAskedFor(delivery, query),
      )
      return inRowOrder(seen, order, { nowMs, random })
        .slice(query.offset, query.offset + query.limit)
        .map((delivery) => statusRowAt(delivery, nowMs, complaintKeys))
    },
  }
}

function isAskedFor({ messageId, recipient }: SimulatedDelivery, query: StatusQuery): boolean {
  return (
    (query.messageId ?? messageId) === messageId &&
    (query.toEmailAddress ?? recipient).toLowerCase() === recipient.toLowerCase()
  )
}
