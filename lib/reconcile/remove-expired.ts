import { minuteMs } from '../core/instant.ts'
import { errorName } from '../runtime/error-name.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { ReconcileStore } from '../store/ports.ts'

/** Rows of each table that are removed at once: a statement of some hundredths of a second. */
const mostAtOnce = 1_000
/** Where so many fail, fewer are tried: of bodies of megabytes a thousand take longer than a statement may. */
const fewestAtOnce = 10

/** What a run takes for it at most, so that a backlog keeps no poll waiting: the next run goes on. */
const longestMs = minuteMs

export interface RemovalFigures {
  /** Rows that had expired and were removed; absent where the store removes them by itself. */
  readonly expiredRows?: number
}

/**
 * Removes rows that have expired, as many as there are and as the time allows. What fails is logged and returned, since the rest
 * of the run does not depend on it.
 * @param untilMs - no further ones are begun from then on
 */
export async function removeExpired(
  store: Pick<ReconcileStore, 'removeExpired'>,
  {
    clock,
    log,
    untilMs,
  }: { readonly clock: Pick<Clock, 'now'>; readonly log: Log; readonly untilMs: number },
): Promise<{ readonly figures: RemovalFigures; readonly failures: readonly unknown[] }> {
  if (!store.removeExpired) return { figures: {}, failures: [] }
  const endMs = Math.min(untilMs, clock.now() + longestMs)
  let expiredRows = 0
  let isLeft = true
  let most = mostAtOnce
  const removeSome = async (): Promise<number> => {
    try {
      return (await store.removeExpired?.(most)) ?? 0
    } catch (error) {
      if (most <= fewestAtOnce || clock.now() >= endMs) throw error
      most /= 10
      return removeSome()
    }
  }
  try {
    while (isLeft && clock.now() < endMs) {
      const removed = await removeSome()
      expiredRows += removed
      isLeft = removed >= most
    }
    if (expiredRows > 0) log('expired rows removed', { expiredRows, isLeft })
    return { figures: { expiredRows }, failures: [] }
  } catch (error) {
    log('expired rows not removed', { expiredRows, error: errorName(error) })
    return { figures: { expiredRows }, failures: [error] }
  }
}
