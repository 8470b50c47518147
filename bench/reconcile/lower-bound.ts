import { minuteMs } from '../../lib/core/instant.ts'
import { reportedMailOfDay, type ReportedMail } from './mail-of-day.ts'
import { missedFacts } from './missed-facts.ts'
import type { Scenario } from './scenario.ts'

/** A row of a date's list that some call has to see within this time. */
export interface MustSee {
  /** Its place in the list. */
  readonly row: number
  readonly fromMs: number
  readonly untilMs: number
}

/** How many calls the best strategy needs: no fewer than `least`, no more than `enough`. */
export interface Bound {
  readonly least: number
  readonly enough: number
}

/** Rows that one call sees. */
const pageRows = 100

/** A fact may be known late by as much as its mail is old, and by a quarter of an hour in any case. */
const leastStalenessMs = 15 * minuteMs

/** Bounds for what became of mails alone, and for that together with what their readers did. */
export interface Bounds {
  readonly outcomes: Bound
  /** Absent where what readers do is in lists of its own. */
  readonly everything?: Bound
  /**
   * What is needed to miss nothing without knowing which engagement was lost: every row is read once when its readers
   * have had their time, and outcomes are read in time, which is long before.
   */
  readonly withoutForesight: number
}

/** What a strategy that knows each loss in advance would need, in calls a day. */
export function boundsOf(scenario: Scenario): Bounds {
  return scenario.provider === 'sendcloud' ? boundsByName(scenario) : boundsByPage(scenario)
}

/** Of a provider whose look-ups name up to a hundred mails, and whose opens and clicks are in lists of their own, to be read whole. */
function boundsByName(scenario: Scenario): Bounds {
  const outcomes = { least: 0, enough: 0 }
  let pages = 0
  for (let day = 0; day < scenario.days; day += 1) {
    const mails = reportedMailOfDay(scenario, day)
    for (const kind of ['opened', 'clicked'] as const) {
      const rows = mails.flatMap(({ delivery }) => delivery.timeline.filter((entry) => entry.kind === kind))
      pages += Math.ceil(rows.length / pageRows)
    }
    const { least, enough } = callsThatName(mustSeeOf(mails).filter(({ isOutcome }) => isOutcome))
    outcomes.least += least / scenario.days
    outcomes.enough += enough / scenario.days
  }
  return { outcomes, withoutForesight: pages / scenario.days + outcomes.least }
}

/**
 * A call that names mails sees up to a hundred of one date, any of them, at one moment. Enough: at each first deadline not yet met, as
 * many calls as all that are open then take. Least: times of which no two overlap need a call each, and a hundred mails need one.
 */
export function callsThatName(mustSee: readonly MustSee[]): Bound {
  let moments = 0
  let enough = 0
  let left = mustSee.toSorted((one, other) => one.untilMs - other.untilMs)
  for (let first = left[0]; first; first = left[0]) {
    const { untilMs } = first
    const later = left.filter(({ fromMs }) => fromMs > untilMs)
    moments += 1
    enough += Math.ceil((left.length - later.length) / pageRows)
    left = later
  }
  return { least: Math.max(moments, Math.ceil(mustSee.length / pageRows)), enough }
}

function boundsByPage(scenario: Scenario): Bounds {
  const outcomes = { least: 0, enough: 0 }
  const everything = { least: 0, enough: 0 }
  let pages = 0
  for (let day = 0; day < scenario.days; day += 1) {
    const mails = reportedMailOfDay(scenario, day)
    const mustSee = mustSeeOf(mails)
    pages += Math.ceil(mails.length / pageRows)
    const ofOutcomes = mustSee.filter(({ isOutcome }) => isOutcome)
    for (const [bound, rows] of [[outcomes, ofOutcomes] as const, [everything, mustSee] as const]) {
      const { least, enough } = callsBetween(rows)
      bound.least += least / scenario.days
      bound.enough += enough / scenario.days
    }
  }
  return { outcomes, everything, withoutForesight: pages / scenario.days + outcomes.least }
}

function mustSeeOf(mails: readonly ReportedMail[]): readonly (MustSee & { isOutcome: boolean })[] {
  return mails.flatMap((mail, row) =>
    missedFacts(mail).flatMap(({ need, happenedAtMs, reportedAtMs }) => {
      const ageMs = happenedAtMs - mail.delivery.sentAtMs
      const untilMs = happenedAtMs + Math.max(leastStalenessMs, ageMs)
      // What a later callback reports in time needs no call.
      return reportedAtMs > untilMs ? [{ row, fromMs: happenedAtMs, untilMs, isOutcome: 'rank' in need }] : []
    }),
  )
}

/**
 * A call sees 100 consecutive rows of one date at one moment. So it is about piercing rectangles of rows and time.
 * Enough: windows at multiples of 100, each with the fewest moments. Least: rectangles of which no two can be seen by
 * one call need a call each.
 */
export function callsBetween(mustSee: readonly MustSee[]): Bound {
  const byDeadline = mustSee.toSorted((one, other) => one.untilMs - other.untilMs)
  const perLine = momentsPerLine(byDeadline)
  const enough = sum([...perLine.values()])
  // Rows of two lines that are not adjacent are never in one window.
  const everySecondLine = [0, 1].map((parity) =>
    sum([...perLine].map(([line, moments]) => (line % 2 === parity ? moments : 0))),
  )
  return { least: Math.max(apartByDeadline(byDeadline), ...everySecondLine), enough }
}

/** The fewest moments that meet every time of a line of 100 rows: greedily at the first deadline not yet met. */
function momentsPerLine(byDeadline: readonly MustSee[]): ReadonlyMap<number, number> {
  const lastMomentMs = new Map<number, number>()
  const moments = new Map<number, number>()
  for (const { row, fromMs, untilMs } of byDeadline) {
    const line = Math.floor(row / pageRows)
    if ((lastMomentMs.get(line) ?? -Infinity) >= fromMs) continue
    lastMomentMs.set(line, untilMs)
    moments.set(line, (moments.get(line) ?? 0) + 1)
  }
  return moments
}

/** How many can be picked, greedily by deadline, so that no call could see two of them. */
function apartByDeadline(byDeadline: readonly MustSee[]): number {
  const pickedInLine = new Map<number, MustSee[]>()
  let picked = 0
  for (const candidate of byDeadline) {
    const line = Math.floor(candidate.row / pageRows)
    const near = [line - 1, line, line + 1]
    if (near.some((other) => canShareCall(pickedInLine.get(other) ?? [], candidate))) continue
    const inLine = pickedInLine.get(line)
    if (inLine) inLine.push(candidate)
    else pickedInLine.set(line, [candidate])
    picked += 1
  }
  return picked
}

/** Whether a call that sees the candidate could see one of these as well. None of them has a later deadline. */
function canShareCall(picked: readonly MustSee[], { row, fromMs }: MustSee): boolean {
  const before = picked.findLastIndex(({ untilMs }) => untilMs < fromMs)
  return picked.slice(before + 1).some((other) => Math.abs(other.row - row) < pageRows)
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
