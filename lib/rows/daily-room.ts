import type { QuarantineWriter } from '../quarantine/ports.ts'
import type { Clock } from '../runtime/ports.ts'

/** A body counts as at least this: a row with little in it costs as much to write. */
const leastBytes = 1_024

interface Room {
  readonly clock: Pick<Clock, 'now'>
  readonly maxBytes: number
  /** Adds to what the day has taken, if that is not too much then; returns whether it did. */
  readonly take: (day: string, bytes: number, signal: AbortSignal | undefined) => Promise<boolean>
}

/**
 * Reserves bytes of the day's limit (UTC), and returns whether there was room. Reserved bytes are not released if they are not
 * used.
 */
export function dailyRoom(of: Room): (bytes: number, signal?: AbortSignal) => Promise<boolean> {
  // So that a flood costs no writes once the day's limit is reached.
  let refused = { day: '', bytes: Infinity }
  return async (given, signal) => {
    const bytes = Math.max(given, leastBytes)
    const day = new Date(of.clock.now()).toISOString().slice(0, 10)
    if (bytes > of.maxBytes || (refused.day === day && bytes >= refused.bytes)) return false
    const hasRoom = await of.take(day, bytes, signal)
    if (!hasRoom) refused = { day, bytes }
    return hasRoom
  }
}

/** Keeps input in any case, or where the day still has room for it. */
export function keepingWithin(
  room: ReturnType<typeof dailyRoom>,
  keep: QuarantineWriter['keep'],
): QuarantineWriter {
  return {
    keep,
    async keepWithinDay(input, signal) {
      if (!(await room(input.body.length, signal))) return false
      await keep(input, signal)
      return true
    },
  }
}
