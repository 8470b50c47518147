import type { Delivery } from '../lib/core/delivery.ts'
import type { DeliveryEvent, EventKind } from '../lib/core/event.ts'
import { joined } from '../lib/core/join.ts'

/** The message of Tencent's own sample: sent 2022-06-01 14:24:39 in UTC+8. */
export const sampleMessage = 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1'

/** A plain delivered event of the sample message, but for what a test says about it. */
export function eventWith(reported: Partial<DeliveryEvent>): DeliveryEvent {
  return {
    provider: 'tencent-ses',
    recipient: 'example@example.com',
    message: sampleMessage,
    kind: 'delivered',
    source: 'callback',
    occurredAtMs: Date.parse('2022-06-01T06:24:43Z'),
    detail: '',
    columns: {},
    headers: new Map(),
    ...reported,
  }
}

/** The row that these events make. */
export function rowOf(...events: readonly DeliveryEvent[]): Delivery {
  return events.reduce<Delivery | undefined>(joined, undefined)!
}

/** An event about which the poll reported that it happened, but not when. */
export function timeless(kind: EventKind): DeliveryEvent {
  const { provider, recipient, message, columns, headers } = eventWith({})
  return { provider, recipient, message, kind, source: 'poll', detail: '', columns, headers }
}
