import type { Clock } from '../lib/runtime/ports.ts'

/** A clock that stands still but for those who sleep on it, and who set it. */
export interface VirtualClock extends Clock {
  /** Moves on to the instant; never back. */
  readonly advanceTo: (instantMs: number) => void
  readonly advance: (ms: number) => void
}

/** @param start - an instant, as ISO 8601 or in milliseconds. */
export function virtualClock(start: string | number): VirtualClock {
  let nowMs = new Date(start).getTime()
  return {
    now: () => nowMs,
    sleep(ms) {
      nowMs += ms
      return Promise.resolve()
    },
    advanceTo(instantMs) {
      nowMs = Math.max(nowMs, instantMs)
    },
    advance(ms) {
      nowMs += ms
    },
  }
}
