import type { Clock } from '../runtime/ports.ts'
import { unlessAborted } from './database.ts'

interface Pace {
  readonly clock: Clock
  readonly perSecond: number
  /** Calls that need not wait for each other after a pause. With those of one second they are at most `perSecond + burst`. */
  readonly burst: number
}

/** Resolves when it is the caller's turn. Calls go in their order, and one that is aborted while it waits takes no room. */
export function paced({ clock, perSecond, burst }: Pace): (signal: AbortSignal | undefined) => Promise<void> {
  const intervalMs = 1_000 / perSecond
  let freeAtMs = 0
  let last: Promise<unknown> = Promise.resolve()
  const take = async (signal: AbortSignal | undefined) => {
    signal?.throwIfAborted()
    const waitMs = freeAtMs - burst * intervalMs - clock.now()
    // Never longer than that, or a clock that was set back would stop everything.
    if (waitMs > 0) await clock.sleep(Math.min(waitMs, intervalMs))
    freeAtMs = Math.max(freeAtMs, clock.now()) + intervalMs
  }
  return (signal) => {
    const turn = last.then(() => take(signal))
    last = turn.catch(() => undefined)
    return unlessAborted(signal, () => turn)
  }
}
