import type { DeliveryEvent } from '../../lib/core/event.ts'
import type { SimulatedDelivery, TimelineEntry } from '../../local/simulated-ses/mail.ts'

/** The name of Tencent SES as a source, by callback and by poll. */
export const provider = 'tencent-ses'

const noHeaders: ReadonlyMap<string, string> = new Map()
const noColumns = {}

/**
 * What the ledger would read in the callback of this entry, without the way through JSON and without what belongs to
 * the message (subject, template, headers): no policy looks at it, and millions of rows would have to hold it.
 */
export function callbackEvent(delivery: SimulatedDelivery, entry: TimelineEntry): DeliveryEvent {
  return {
    ...keyOf(delivery),
    kind: entry.kind,
    occurredAtMs: entry.atMs,
    ...(entry.link !== undefined && { link: entry.link }),
    ...(entry.bounceType !== undefined && { bounceClass: bounceClasses[entry.bounceType] }),
    ...saidIn(entry),
    sentAtMs: delivery.sentAtMs,
  }
}

/** Of a bounce and a deferral the reason is the receiving server's reply. */
function saidIn({ kind, reason, userAgent = '' }: TimelineEntry): Pick<DeliveryEvent, 'reply' | 'detail'> {
  if (kind !== 'bounced' && kind !== 'deferred') return { detail: reason ?? userAgent }
  return { ...(reason !== undefined && { reply: reason }), detail: userAgent }
}

/** What the sender records when it sends. */
export function sendEvent(delivery: SimulatedDelivery): DeliveryEvent {
  return { ...keyOf(delivery), kind: 'requested', occurredAtMs: delivery.sentAtMs, detail: '' }
}

const bounceClasses = { hard_bounce: 'hard', soft_bounce: 'soft' } as const

function keyOf({ recipient: spelling, messageId }: SimulatedDelivery) {
  const recipient = spelling.toLowerCase()
  return {
    provider,
    recipient,
    ...(recipient !== spelling && { spelling }),
    message: messageId,
    source: 'callback' as const,
    columns: noColumns,
    headers: noHeaders,
  }
}
