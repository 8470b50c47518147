import pMap from 'p-map'
import { minuteMs } from '../core/instant.ts'
import { errorName } from '../runtime/error-name.ts'
import { replayRow, type ReplayDependencies } from './replay.ts'

/** Bodies that are under way at once; each has as many writes under way as a callback has. */
const concurrentBodies = 2

/** So long bodies are begun: the run has a provider to ask, and the next run goes on. */
const patienceMs = 2 * minuteMs

/**
 * Writes what callbacks told of and could not be written before their answers were due (`unfinished` in quarantine). Whatever
 * fails stays there for the next run, and is no reason for this run to fail: it is logged, and an alarm watches what waits.
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
