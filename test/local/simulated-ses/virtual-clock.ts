import type { Clock } from '../../../lib/ports.ts'

/** A clock that moves only when told to; sleeping moves it. */
interface VirtualClock extends Clock {
  advance(ms: number): void
}

/** @param start an instant as ISO text */
export function clockAt(start: string): VirtualClock {
  let nowMs = Date.parse(start)
  const advance = (ms: number) => {
    nowMs += ms
  }
  return {
    now: () => nowMs,
    sleep: (ms) => {
      advance(ms)
      return Promise.resolve()
    },
    advance,
  }
}
