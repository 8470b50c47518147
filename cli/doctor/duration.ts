import { dayMs, hourMs, minuteMs, secondMs } from '../../lib/core/instant.ts'

/** `40 s`, `12 min`, `3 h`, `5 d`: in the unit that a person would choose. */
export function durationOf(ms: number): string {
  if (ms < 2 * minuteMs) return `${Math.round(ms / secondMs)} s`
  if (ms < 2 * hourMs) return `${Math.round(ms / minuteMs)} min`
  if (ms < 2 * dayMs) return `${Math.round(ms / hourMs)} h`
  return `${Math.round(ms / dayMs)} d`
}
