import { statusRanks } from '../../lib/core/delivery.ts'
import type { ReportedMail } from './mail-of-day.ts'
import type { PlayedEntry } from './played-mail.ts'

/** What a row has to say so that it does not lack what happened. */
export type Need = { readonly rank: number } | { readonly kind: EngagementKind }

/** What a reader does. */
export type EngagementKind = 'opened' | 'clicked' | 'complained' | 'unsubscribed'

/** Something that happened and that no callback reported in time. */
interface MissedFact {
  readonly need: Need
  readonly happenedAtMs: number
  /** When a later callback reports as much; `Infinity` if none does. */
  readonly reportedAtMs: number
}

/** What the row must say after the entry: a status at least as high, or that the reader did this. */
export function needOf(entry: PlayedEntry): Need {
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
export function missedFacts({ delivery, arrivalsMs }: ReportedMail): readonly MissedFact[] {
  const missed: MissedFact[] = []
  for (const [index, entry] of delivery.timeline.entries()) {
    if (arrivalsMs[index] !== undefined) continue
    const need = needOf(entry)
    if (missed.some((other) => covers(other.need, need))) continue
    const reportedAtMs = Math.min(
      ...delivery.timeline.map((other, at) =>
        isReportedBy(other, need) ? (arrivalsMs[at] ?? Infinity) : Infinity,
      ),
    )
    if (reportedAtMs > entry.atMs) missed.push({ need, happenedAtMs: entry.atMs, reportedAtMs })
  }
  return missed
}

/** Whether a row that says the one lacks nothing of the other. */
export function covers(one: Need, other: Need): boolean {
  if ('kind' in one) return 'kind' in other && one.kind === other.kind
  return 'rank' in other && one.rank >= other.rank
}

/** Whether a callback of the entry reports as much. A mail that was opened was received. */
function isReportedBy(entry: PlayedEntry, need: Need): boolean {
  const reported = needOf(entry)
  return covers(reported, need) || ('kind' in reported && covers({ rank: statusRanks.delivered }, need))
}
