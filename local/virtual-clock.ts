import type { Clock } from '../lib/ports.ts'

/** A clock that stands still but for those who sleep on it, and who set it. */
export interface VirtualClock extends Clock {
  /** Moves on to the instant; never back. */
  advanceTo(instantMs: number): void
}

export function virtualClock(startMs: number): VirtualClock {
  let nowMs = startMs
  return {
    now: () => nowMs,
    sleep(ms) {
      nowMs += ms
      return Promise.resolve()
    },
    advanceTo(instantMs) {
      nowMs = Math.max(nowMs, instantMs)
    },
  }
}
