import { addDays, dayMs, hourMs, minuteMs, requestDateOf, requestDateStartMs } from './instant.ts'
import { reachMs } from './schedule.ts'

/** A date whose whole list is being read. */
export interface Sweep {
  readonly requestDate: string
  /** Rows of the list that are applied already. */
  readonly offset: number
}

/** Which dates were given out to be swept, for one age. */
export interface SweptAge {
  /** Days after its own beginning at which a date is swept: 1 is as soon as it has closed. */
  readonly ageDays: number
  readonly throughDate: string
}

/** Rows can show up about a minute late, so a date is left to settle after it has closed. */
const settlingMs = 10 * minuteMs

/** The ages of a ledger that is new: yesterday is the first date to be swept, at every age. */
export function firstSweptAges(agesDays: readonly number[], nowMs: number): readonly SweptAge[] {
  return agesDays.map((ageDays) => ({ ageDays, throughDate: addDays(requestDateOf(nowMs), -2) }))
}

/** Ages that make every date in reach due again, where nobody knows any more what was swept. */
export function unsweptAges(agesDays: readonly number[], nowMs: number): readonly SweptAge[] {
  return agesDays.map((ageDays) => ({ ageDays, throughDate: addDays(oldestDateInReach(nowMs), -1) }))
}

/** The ages that are set now: those that were go on, and a new one begins with the date that reaches it today. */
export function withAges(
  sweptAges: readonly SweptAge[],
  agesDays: readonly number[],
  nowMs: number,
): readonly SweptAge[] {
  return agesDays.map((ageDays) => {
    const known = sweptAges.find((swept) => swept.ageDays === ageDays)
    return known ?? { ageDays, throughDate: addDays(requestDateOf(nowMs), -ageDays - 1) }
  })
}

/**
 * The sweeps that have fallen due, oldest date first, and the ages moved past them. A date that falls due at two ages at
 * once, after a pause, is swept once; one that the provider no longer tells about is not swept at all.
 */
export function dueSweeps(
  sweptAges: readonly SweptAge[],
  nowMs: number,
): { sweptAges: readonly SweptAge[]; due: readonly string[] } {
  const due = new Set<string>()
  const moved = sweptAges.map(({ ageDays, throughDate }) => {
    const lastDate = requestDateOf(nowMs - settlingMs - ageDays * dayMs)
    if (lastDate <= throughDate) return { ageDays, throughDate }
    const firstDate = later(addDays(throughDate, 1), oldestDateInReach(nowMs))
    for (let date = firstDate; date <= lastDate; date = addDays(date, 1)) due.add(date)
    return { ageDays, throughDate: lastDate }
  })
  return { sweptAges: moved, due: [...due].sort() }
}

/** The oldest date that the provider's list still reaches. */
export function oldestDateInReach(nowMs: number): string {
  return requestDateOf(nowMs - reachMs + dayMs)
}

/**
 * The dates under which the provider may list a message, likeliest first. Its time zone is UTC+8 by all evidence but
 * undocumented to the minute, so a message sent within an hour of midnight may stand under the other date.
 */
export function possibleRequestDates(sentAtMs: number): readonly string[] {
  const date = requestDateOf(sentAtMs)
  const startMs = requestDateStartMs(date)
  const isNearStart = sentAtMs - startMs < hourMs
  const isNearEnd = startMs + dayMs - sentAtMs <= hourMs
  return [date, ...(isNearStart ? [addDays(date, -1)] : []), ...(isNearEnd ? [addDays(date, 1)] : [])]
}

function later(a: string, b: string): string {
  return a > b ? a : b
}
