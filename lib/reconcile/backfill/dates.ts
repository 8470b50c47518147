import { addDays, requestDateOf } from '../../core/instant.ts'
import { datesFrom, oldestDateInReach } from '../../core/sweep-plan.ts'

/** These dates cannot be read; the message says why, and which can. */
export class DatesRefused extends Error {
  override readonly name = 'DatesRefused'
}

/**
 * Every date of the range in UTC+8, both ends included, oldest first. Throws {@link DatesRefused} where the provider could
 * not report all of them.
 */
export function datesToRead(from: string, to: string, nowMs: number): readonly string[] {
  const [earliest, latest] = [oldestDateInReach(nowMs), requestDateOf(nowMs)]
  const refuse = (why: string): never => {
    throw new DatesRefused(`${why} Dates from ${earliest} to ${latest} (UTC+8) can be asked for.`)
  }
  for (const date of [from, to]) {
    if (!isCalendarDate(date)) refuse(`'${date}' is no date: expected one such as ${latest}.`)
    if (date > latest) refuse(`${date} is still to come.`)
    if (date < earliest) refuse(`${date} is out of reach: the provider reports 30 days.`)
  }
  if (from > to) refuse(`${from} comes after ${to}.`)
  return datesFrom(from, to)
}

// A date like 2026-02-30 parses, as another day: so it must also read back as itself.
function isCalendarDate(text: string): boolean {
  const isParsed = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))
  return isParsed && addDays(text, 0) === text
}
