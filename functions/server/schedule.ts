import { minuteMs, secondMs } from '../../lib/core/instant.ts'
import { errorName } from '../../lib/runtime/error-name.ts'
import type { Clock, Log } from '../../lib/runtime/ports.ts'

/** How long a run may take: as on AWS Lambda, where it is what Lambda allows. */
const longestRunMs = 14 * minuteMs
/** Callbacks come first, and a server that is started again and again must not poll each time. */
const firstAfterMs = 5 * secondMs
/** How often is looked whether the database has come. */
const waitingMs = 5 * secondMs

interface Scheduled {
  /** One run; `stop` aborts where it is to end before its time. */
  readonly run: (deadlineMs: number, stop: AbortSignal) => Promise<object>
  /** Whether a run can do anything at all. */
  readonly isReady: () => Promise<boolean>
  readonly everyMs: number
  readonly clock: Pick<Clock, 'now'>
  /** Resolves after that time, or once the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly log: Log
}

/** The runs of one server. */
interface Schedule {
  /** Begins no further run, and asks the one under way to end at its next checkpoint. Resolves once it has. */
  readonly stop: () => Promise<void>
}

/**
 * Runs one after the other, each as long after the beginning of the one before as is set, or at once where that took longer. A
 * run that fails is logged, and the next one is due all the same. Servers beside each other exclude each other by the lease of each job.
 */
export function startSchedule(scheduled: Scheduled): Schedule {
  const stopping = new AbortController()
  const ended = runUntil(stopping.signal, scheduled)
  return {
    stop() {
      stopping.abort()
      return ended
    },
  }
}

async function runUntil(stop: AbortSignal, scheduled: Scheduled): Promise<void> {
  const { clock, wait, isReady } = scheduled
  let waitMs = firstAfterMs
  for (;;) {
    await wait(waitMs, stop)
    if (stop.aborted) return
    const beganMs = clock.now()
    const isRun = await isReady()
    if (isRun) await runOnce(stop, scheduled)
    waitMs = isRun ? untilNext(beganMs, scheduled) : waitingMs
  }
}

/** Never longer than from one to the next, or a clock that was set back would stop everything. */
function untilNext(beganMs: number, { clock, everyMs }: Scheduled): number {
  return Math.min(everyMs, Math.max(0, beganMs + everyMs - clock.now()))
}

async function runOnce(stop: AbortSignal, { run, clock, log }: Scheduled): Promise<void> {
  const beganMs = clock.now()
  try {
    const figures = await run(beganMs + longestRunMs, stop)
    log('run', { ...figures, tookSeconds: Math.round((clock.now() - beganMs) / secondMs) })
  } catch (error) {
    // The message is for whoever has to change a setting, and the log redacts what looks like an address.
    log('run failed', {
      error: errorName(error),
      problem: error instanceof Error ? error.message : typeof error,
    })
  }
}
