import type { Random } from './random.ts'

/**
 * In which order a date's rows are listed. No provider documents one, so each of these can be true:
 * - `oldest-first`, `newest-first`: by the time of sending, rows of one second in the order of sending;
 * - `by-status-change`: by the last thing that happened, so a row that changes moves to the end;
 * - `equal-keys`: by the minute of sending, rows of one minute in another order at each call;
 * - `random`: another order at each call.
 */
export type RowOrder = 'oldest-first' | 'newest-first' | 'by-status-change' | 'equal-keys' | 'random'

/** What the place of a row depends on. */
interface Listed {
  readonly sentAtMs: number
  readonly timeline: readonly { readonly atMs: number }[]
}

/** A sorted copy, as one call at `nowMs` would see it. */
export function inRowOrder<Delivery extends Listed>(
  deliveries: readonly Delivery[],
  order: RowOrder,
  { nowMs, random }: { nowMs: number; random: Random },
): Delivery[] {
  switch (order) {
    case 'oldest-first':
      return sortedBy(deliveries, (delivery) => delivery.sentAtMs)
    case 'newest-first':
      return sortedBy(deliveries, (delivery) => delivery.sentAtMs).reverse()
    case 'by-status-change':
      return sortedBy(deliveries, (delivery) => lastChangeAtMs(delivery, nowMs))
    case 'equal-keys':
      return sortedBy(random.shuffle(deliveries), (delivery) => Math.floor(delivery.sentAtMs / 60_000))
    case 'random':
      return random.shuffle(deliveries)
  }
}

function sortedBy<Delivery extends Listed>(
  deliveries: readonly Delivery[],
  keyOf: (delivery: Delivery) => number,
): Delivery[] {
  return deliveries.toSorted((one, other) => keyOf(one) - keyOf(other))
}

function lastChangeAtMs(delivery: Listed, nowMs: number): number {
  const past = delivery.timeline.map((entry) => entry.atMs).filter((atMs) => atMs <= nowMs)
  return Math.max(delivery.sentAtMs, ...past)
}
