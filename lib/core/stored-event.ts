import type { Delivery } from './delivery.ts'
import type { DeliveryEvent, EventKind } from './event.ts'
import type { Fact } from './fact.ts'
import { factsByText } from './polled-delivery.ts'

/** A stored fact as an event, with the fields that the rules use. */
export function eventOf(delivery: Delivery, kind: EventKind, fact: Fact): DeliveryEvent {
  const { columns } = delivery
  const fromDomain = columns.get('fromDomain')
  const from = columns.get('from')
  return {
    provider: delivery.provider,
    recipient: delivery.recipient,
    message: delivery.message,
    kind,
    source: fact.source,
    ...(fact.occurredAtMs !== undefined && { occurredAtMs: fact.occurredAtMs }),
    ...factsByText({ kind, provider: delivery.provider }, fact),
    columns: { ...(fromDomain !== undefined && { fromDomain }), ...(from !== undefined && { from }) },
    headers: new Map(),
  }
}
