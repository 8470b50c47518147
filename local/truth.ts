import { countsOf, type Delivery, type Status } from '../lib/core/delivery.ts'
import type { EventKind } from '../lib/core/event.ts'
import type { TimelineEntry } from './simulated-ses/mail.ts'

/** What is known of a simulated delivery, whoever sent it. */
export interface Happened {
  readonly sentAtMs: number
  readonly timeline: readonly Pick<TimelineEntry, 'kind' | 'atMs' | 'bounceType'>[]
}

/** What a row must say of a simulated delivery, derived from its timeline alone. */
interface Truth {
  readonly status: Status
  readonly engagement: readonly EventKind[]
}

const engagementKinds = ['opened', 'clicked', 'complained', 'unsubscribed'] as const
const reportedKinds = ['deferred', 'delivered', 'dropped', 'bounced', ...engagementKinds] as const

/** What had truly become of a delivery at an instant; `undefined` before it was sent. */
export function truthAt(delivery: Happened, atMs: number): Truth | undefined {
  if (delivery.sentAtMs > atMs) return undefined
  const happened = delivery.timeline.filter((entry) => entry.atMs <= atMs)
  const has = (kind: EventKind) => happened.some((entry) => entry.kind === kind)
  const hasBounced = (type: 'hard_bounce' | 'soft_bounce') =>
    happened.some((entry) => entry.kind === 'bounced' && entry.bounceType === type)
  const status = hasBounced('hard_bounce')
    ? 'bounced'
    : has('delivered')
      ? 'delivered'
      : has('dropped')
        ? 'dropped'
        : hasBounced('soft_bounce')
          ? 'soft-bounced'
          : has('deferred')
            ? 'deferred'
            : 'requested'
  return { status, engagement: engagementKinds.filter(has) }
}

/** Whether a row says what truly happened. */
export function isRight(row: Delivery | undefined, truth: Truth): boolean {
  if (!row) return false
  const isEngagementRight = engagementKinds.every(
    (kind) => row.facts.has(kind) === truth.engagement.includes(kind),
  )
  return row.status === truth.status && isEngagementRight
}

/**
 * Whether the row counts each event as often as it happened, however often it was reported. Not for what only the poll
 * reported, since it reports no number.
 */
export function isCountedOnce(row: Delivery | undefined, delivery: Happened, atMs: number): boolean {
  const happened = delivery.timeline.filter((entry) => entry.atMs <= atMs)
  const counts = row ? countsOf(row) : new Map<EventKind, number>()
  return reportedKinds.every(
    (kind) => (counts.get(kind) ?? 0) === happened.filter((entry) => entry.kind === kind).length,
  )
}
