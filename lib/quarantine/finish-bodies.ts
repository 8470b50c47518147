import pMap from 'p-map'
import { minuteMs } from '../core/instant.ts'
import { errorName } from '../runtime/error-name.ts'
import { replayRow, type ReplayDependencies } from './replay.ts'

/** Concurrent bodies; each has as many concurrent writes as a callback. */
const concurrentBodies = 2

/** New bodies are started for this long: the run also has a provider to ask, and the next run continues. */
const patienceMs = 2 * minuteMs

/**
 * Writes what callbacks reported and could not be written before their responses were due (`unfinished` in quarantine).
 * What fails stays there for the next run and does not fail this run: it is logged, and an alarm watches the backlog.
 */
export async function finishBodies(deps: ReplayDependencies): Promise<void> {
  const untilMs = deps.clock.now() + patienceMs
  let finished = 0
  let left = 0
  const finishOne = async (id: string) => {
    const isDone = deps.clock.now() < untilMs && (await isFinished(id, deps))
    if (isDone) finished += 1
    else left += 1
  }
  try {
    const ids = await Array.fromAsync(deps.quarantine.unfinished())
    await pMap(ids, finishOne, { concurrency: concurrentBodies })
  } catch (error) {
    deps.log('unfinished bodies not found', { error: errorName(error) })
  }
  if (finished + left > 0) deps.log('unfinished bodies', { finished, left })
}

async function isFinished(id: string, deps: ReplayDependencies): Promise<boolean> {
  try {
    const replayed = await replayRow({ id }, deps)
    return replayed?.left !== 'unfinished'
  } catch (error) {
    deps.log('replay failed', { id, error: errorName(error) })
    return false
  }
}
