import { InvalidArgumentError } from 'commander'
import { requestDateOf, requestDateStartMs } from '../lib/core/instant.ts'

/** Days of sending, both included; YYYY-MM-DD in UTC+8. */
export interface DayRange {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** A day as an option of a command; commander shows what is wrong with it. */
export function dayIn(text: string): string {
  if (isDay(text)) return text
  throw new InvalidArgumentError('Expected a day, YYYY-MM-DD in UTC+8.')
}

/** Whether it is a day that there is, as YYYY-MM-DD. */
export function isDay(text: string): boolean {
  const hasShape = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(requestDateStartMs(text))
  // February 30 parses, as another day.
  return hasShape && requestDateOf(requestDateStartMs(text)) === text
}

/** A whole number as an option of a command. */
export function numberIn(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= min && number <= max) return number
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max.toLocaleString('en-US')}.`)
  }
}

/** `on 2026-11-01`, `from 2026-11-01 to 2026-11-07`, `until 2026-11-07`; empty without bounds. */
export function rangeWords({ from, to }: DayRange): string {
  if (from === undefined) return to === undefined ? '' : `until ${to}`
  if (to === undefined) return `since ${from}`
  return from === to ? `on ${from}` : `from ${from} to ${to}`
}
