import { addDays, dayMs, hourMs, minuteMs, requestDateOf, requestDateStartMs, secondMs } from './instant.ts'
import { reachMs } from './schedule.ts'

/** Which dates were scheduled to be swept, for one age. */
interface SweptAge {
  /** Days after its own beginning at which a date is swept: 1 is as soon as it has closed. */
  readonly ageDays: number
  readonly throughDate: string
}

/**
 * Every date as soon as it has closed, twice while its mail is still read, and as late as the provider reports it: so what readers
 * did is known within days, and late events and late reports are included. Each age costs the date's pages again (docs/adr/0009).
 */
export const defaultSweepAgesDays: readonly number[] = [1, 3, 7, 29]

/** The part of a pace that sweeps may take where nobody set their ages. */
const shareOfSweeps = 1 / 4

/**
 * The calls that the sweeps of one list may take on a day, where nobody set their ages.
 * @param listsAtPace - how many lists share the pace: each has the same part
 */
export function sweepCallsPerDay(requestsPerSecond: number, listsAtPace: number): number {
  return Math.floor((shareOfSweeps * requestsPerSecond * dayMs) / (secondMs * listsAtPace))
}

/**
 * As many of the ages as fit, one sweep each, into the calls of a day. They thin out from the middle, the oldest first: the first
 * age and the last stay.
 * @param agesDays - youngest first
 * @param callsPerSweep - pages of a date; `Infinity` where nobody has counted any
 */
export function activeAges(
  agesDays: readonly number[],
  { callsPerSweep, callsPerDay }: { readonly callsPerSweep: number; readonly callsPerDay: number },
): readonly number[] {
  const fitting = Math.max(2, Math.floor(callsPerDay / callsPerSweep))
  return fitting >= agesDays.length ? agesDays : [...agesDays.slice(0, fitting - 1), ...agesDays.slice(-1)]
}

/** Rows may appear about a minute late, so a closed date waits before its sweep. */
export const settlingMs = 10 * minuteMs

/** The ages of a ledger that is new: yesterday is the first date to be swept, at every age. */
export function firstSweptAges(agesDays: readonly number[], nowMs: number): readonly SweptAge[] {
  return agesDays.map((ageDays) => ({ ageDays, throughDate: addDays(requestDateOf(nowMs), -2) }))
}

/**
 * The ages that are set now: existing ones continue, and a new one begins with the date that reaches it today. If the
 * last age is lowered, it takes over the dates that the old one had not reached: each date has its last sweep.
 */
export function withAges(
  sweptAges: readonly SweptAge[],
  agesDays: readonly number[],
  nowMs: number,
): readonly SweptAge[] {
  const lastAge = Math.max(...agesDays)
  const [dropped] = sweptAges
    .filter(({ ageDays }) => ageDays > lastAge)
    .sort((one, other) => other.ageDays - one.ageDays)
  return agesDays.map((ageDays) => {
    const known = sweptAges.find((swept) => swept.ageDays === ageDays)
    const throughDate = known?.throughDate ?? addDays(requestDateOf(nowMs), -ageDays - 1)
    const isLast = ageDays === lastAge
    return {
      ageDays,
      throughDate: isLast && dropped ? earlier(throughDate, dropped.throughDate) : throughDate,
    }
  })
}

/**
 * The sweeps that are due, oldest date first, and the ages moved past them. A date that is due at two ages at once,
 * after a pause, is swept once; one that the provider no longer reports is not swept.
 * @param active - the ages at which dates are swept; at any other they are passed. Default: all.
 */
export function dueSweeps(
  sweptAges: readonly SweptAge[],
  nowMs: number,
  active: readonly number[] = sweptAges.map(({ ageDays }) => ageDays),
): { sweptAges: readonly SweptAge[]; due: readonly string[] } {
  const due = new Set<string>()
  const moved = sweptAges.map(({ ageDays, throughDate }) => {
    const lastDate = requestDateOf(nowMs - settlingMs - ageDays * dayMs)
    if (lastDate <= throughDate) return { ageDays, throughDate }
    const firstDate = later(addDays(throughDate, 1), oldestDateInReach(nowMs))
    if (active.includes(ageDays)) for (const date of datesFrom(firstDate, lastDate)) due.add(date)
    return { ageDays, throughDate: lastDate }
  })
  return { sweptAges: moved, due: [...due].sort() }
}

/** Every date that has closed and that the provider's list still reaches, oldest first. */
export function closedDatesInReach(nowMs: number): readonly string[] {
  return datesFrom(oldestDateInReach(nowMs), addDays(requestDateOf(nowMs - settlingMs), -1))
}

/** The dates from one to another, both included; none where the first is the later. */
export function datesFrom(firstDate: string, lastDate: string): readonly string[] {
  const days = Math.round((requestDateStartMs(lastDate) - requestDateStartMs(firstDate)) / dayMs)
  return Array.from({ length: Math.max(0, days + 1) }, (_, day) => addDays(firstDate, day))
}

/** The oldest date that the provider's list still reaches. */
export function oldestDateInReach(nowMs: number): string {
  return requestDateOf(nowMs - reachMs + dayMs)
}

/**
 * The dates under which the provider may list a message, likeliest first. Its time zone is UTC+8 by all evidence, but
 * that is not documented to the minute: a message sent within an hour of midnight may be listed under the other date.
 */
export function possibleRequestDates(sentAtMs: number): readonly string[] {
  const date = requestDateOf(sentAtMs)
  const startMs = requestDateStartMs(date)
  const isNearStart = sentAtMs - startMs < hourMs
  const isNearEnd = startMs + dayMs - sentAtMs <= hourMs
  return [date, ...(isNearStart ? [addDays(date, -1)] : []), ...(isNearEnd ? [addDays(date, 1)] : [])]
}

function earlier(a: string, b: string): string {
  return a < b ? a : b
}

function later(a: string, b: string): string {
  return a > b ? a : b
}
