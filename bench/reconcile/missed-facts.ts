import { statusRanks } from '../../lib/core/delivery.ts'
import type { TimelineEntry } from '../../local/simulated-ses/mail.ts'
import type { ToldMail } from './mail-of-day.ts'

/** What a row has to say so that it does not lack what happened. */
export type Need = { readonly rank: number } | { readonly kind: TimelineEntry['kind'] }

/** Something that happened, of which no callback told when it could have. */
interface MissedFact {
  readonly need: Need
  readonly happenedAtMs: number
  /** When a later callback tells as much; `Infinity` where none does. */
  readonly toldAtMs: number
}

/** What the row must say after the entry: a status at least as high, or that the reader did this. */
export function needOf(entry: TimelineEntry): Need {
  switch (entry.kind) {
    case 'deferred':
    case 'delivered':
    case 'dropped':
      return { rank: statusRanks[entry.kind] }
    case 'bounced':
      return { rank: statusRanks[entry.bounceType === 'soft_bounce' ? 'soft-bounced' : 'bounced'] }
    case 'opened':
    case 'clicked':
    case 'complained':
    case 'unsubscribed':
      return { kind: entry.kind }
  }
}

/** What the mail's row lacks where it learns from callbacks alone. What happens again and is missed again counts once. */
export function missedFacts({ delivery, arrivalsMs }: ToldMail): readonly MissedFact[] {
  const missed: MissedFact[] = []
  for (const [index, entry] of delivery.timeline.entries()) {
    if (arrivalsMs[index] !== undefined) continue
    const need = needOf(entry)
    if (missed.some((other) => covers(other.need, need))) continue
    const toldAtMs = Math.min(
      ...delivery.timeline.map((other, at) =>
        isToldBy(other, need) ? (arrivalsMs[at] ?? Infinity) : Infinity,
      ),
    )
    if (toldAtMs > entry.atMs) missed.push({ need, happenedAtMs: entry.atMs, toldAtMs })
  }
  return missed
}

/** Whether a row that says the one lacks nothing of the other. */
export function covers(one: Need, other: Need): boolean {
  if ('kind' in one) return 'kind' in other && one.kind === other.kind
  return 'rank' in other && one.rank >= other.rank
}

/** Whether a callback of the entry tells as much. Who opened a mail has received it. */
function isToldBy(entry: TimelineEntry, need: Need): boolean {
  const told = needOf(entry)
  return covers(told, need) || ('kind' in told && covers({ rank: statusRanks.delivered }, need))
}
