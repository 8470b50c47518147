import { minuteMs, secondMs } from '../../lib/core/instant.ts'
import type { Answer, Silence } from './ask.ts'
import { durationOf } from './duration.ts'
import { failed, notChecked, passed, type Check } from './check.ts'

const check = 'clock'

/** Tencent refuses a request whose signature was dated further off. */
const maxSkewMs = 5 * minuteMs

/** Compares this machine's clock with the date of a response. */
export function checkClock(answer: Answer | Silence): Check {
  const date = 'headers' in answer ? Date.parse(answer.headers.get('date') ?? '') : NaN
  if ('silence' in answer || Number.isNaN(date)) {
    return notChecked(check, 'not checked: no response had a date')
  }
  // The header has no fractions of a second.
  const skewMs = answer.atMs - date
  const offMs = Math.abs(skewMs)
  if (offMs <= 2 * secondMs) return passed(check, 'is right')
  const found = `is ${durationOf(offMs)} ${skewMs > 0 ? 'ahead' : 'behind'}`
  if (offMs <= maxSkewMs) return passed(check, found)
  return failed(
    check,
    found,
    "Set this machine's clock (NTP): Tencent refuses requests signed by one that is more than 5 minutes off, so `ledger reconcile` fails here.",
  )
}
