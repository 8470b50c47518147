import { requestDateStartMs } from '../lib/core/instant.ts'
import { systemClock } from '../lib/runtime/clock.ts'
import { ageIn } from './age.ts'
import { dayIn } from './day-range.ts'

/** A day in UTC+8, or an age, as an option of a command; commander shows what is wrong with it. In milliseconds since 1970. */
export function sinceIn(text: string): number {
  return /^\d{4}-/.test(text) ? requestDateStartMs(dayIn(text)) : systemClock.now() - ageIn(text)
}
