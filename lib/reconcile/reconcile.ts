import { secondMs } from '../core/instant.ts'
import { defaultSweepAgesDays } from '../core/sweep-plan.ts'
import type { OutcomeCounts } from '../core/outcome.ts'
import type { RunFigures } from './ports.ts'
import { readCheckpoint } from './checkpoint.ts'
import { closedNothing, closePending, type Closing } from './close-pending.ts'
import { LookupQueue, readDueLists } from './lookup-queue.ts'
import { surveyPending, type Survey } from './survey.ts'
import { RunStopped, type CallBudget } from './provider-calls.ts'
import { leaseMs, lostLease } from './lease.ts'
import { Run, type RunDependencies } from './run.ts'
import { readListsBegunForDue, sweepClosedDates } from './sweeps.ts'
import { readTail } from './tail.ts'

export type ReconcileDependencies = RunDependencies

export interface RunReport {
  readonly figures: RunFigures
  /** The outcomes of mails that the run found. */
  readonly outcomes: OutcomeCounts
  /** Why the run ended early, where it did. */
  readonly problem?: string
}

/**
 * One pass: discovers deliveries that nobody reported, looks up what is unsettled, and closes what no news can come of. Every
 * step can be cut short and done again: facts are joins, and the checkpoint moves only past what is applied.
 */
export async function reconcile(deps: ReconcileDependencies, budget: CallBudget): Promise<RunReport> {
  const report = await runUnderLease(deps, budget)
  deps.log('reconciled', {
    ...(deps.statusApi && { provider: deps.statusApi.provider, list: deps.statusApi.name }),
    ...report.figures,
    ...(report.problem !== undefined && { problem: report.problem }),
  })
  return report
}

async function runUnderLease(deps: ReconcileDependencies, budget: CallBudget): Promise<RunReport> {
  const startedMs = deps.clock.now()
  const held = await deps.runs.acquire(deps.owner, startedMs, startedMs + leaseMs)
  if (!held) return { figures: nothingDone, outcomes: {} }
  const agesDays = deps.sweepAgesDays ?? defaultSweepAgesDays
  const begun = readCheckpoint(held.checkpoint, agesDays, startedMs, deps.statusApi)
  if (!begun.isReadable) deps.log('checkpoint not used', { consequence: 'reading begins anew' })

  const run = new Run(deps, budget, begun, startedMs)
  const asked = await ask(run)
  const { survey } = asked
  const { closing, stopped } = await close(run, asked)
  const stoppedBy: RunFigures['stoppedBy'] = stopped?.stoppedBy ?? (closing.left > 0 ? 'time' : 'done')
  const figures: RunFigures = { ...figuresOf(run, survey, closing), stoppedBy }
  const isStillHeld = await deps.runs.release(deps.owner, run.storedCheckpoint(), figures)
  const { outcomes } = run.repairs
  if (!isStillHeld) return { figures: { ...figures, stoppedBy: 'lease' }, outcomes, problem: lostLease }
  return { figures, outcomes, ...(stopped && { problem: stopped.message }) }
}

interface Asked {
  readonly survey?: Survey
  /** Why it ended early, where it did. */
  readonly stopped?: RunStopped
}

/**
 * The parts that call the provider, the freshest first. A provider that keeps failing ends only the part in which it does:
 * stuck dates starve no look-up.
 */
async function ask(run: Run): Promise<Asked> {
  let survey: Survey | undefined
  let lookups: LookupQueue | undefined
  let stopped: RunStopped | undefined
  const parts = [
    async () => {
      // Without look-ups it closes nothing, either: that is for the provider's other poll.
      if (run.lookUpsBy === 'nothing') return
      survey = await surveyPending(run)
      lookups = new LookupQueue(run, survey)
    },
    ...(run.polledProvider === undefined
      ? []
      : [
          () => run.finishPages(),
          () => readTail(run),
          async () => lookups?.leaveDates(survey ? await readDueLists(run, survey) : []),
          () => readListsBegunForDue(run),
          async () => lookups?.take(),
          async () => ((await sweepClosedDates(run)) ? lookups?.take() : undefined),
          () => run.confirmClock(),
        ]),
  ]
  for (const part of parts) {
    try {
      await part()
    } catch (error) {
      if (!(error instanceof RunStopped)) throw error
      stopped = error
      if (error.stoppedBy !== 'provider') break
    }
  }
  stopped ??= silentProvider(run)
  return { ...(survey && { survey }), ...(stopped && { stopped }) }
}

async function close(
  run: Run,
  { survey, stopped }: Asked,
): Promise<{ closing: Closing; stopped?: RunStopped }> {
  if (stopped?.stoppedBy === 'lease') return { closing: closedNothing, stopped }
  try {
    return { closing: survey ? await closePending(run, survey) : closedNothing, ...(stopped && { stopped }) }
  } catch (error) {
    if (!(error instanceof RunStopped)) throw error
    return { closing: closedNothing, stopped: error }
  }
}

/** A run that got no answer at all is not done, however little there was to ask. */
function silentProvider({ calls }: Run): RunStopped | undefined {
  return calls.calls > 0 && !calls.hasAnswered ? new RunStopped('provider', calls.lastProblem) : undefined
}

function figuresOf(
  { calls, repairs, startedMs, orderChanges, unsteadyLists }: Run,
  survey: Survey | undefined,
  closing: Closing,
): Omit<RunFigures, 'stoppedBy'> {
  const changed = repairs.turnedPending - repairs.settled - closing.settled - closing.unknown
  const oldestMs = (survey?.due ?? [])
    .filter(({ deliveries }) => deliveries.some((delivery) => !repairs.hasSettled(delivery)))
    .reduce((oldest, { sentAtMs }) => Math.min(oldest, sentAtMs), survey?.oldestNotDueMs ?? Infinity)
  const staleness = repairs.stalenessMs.toSorted((one, other) => one - other)
  return {
    calls: calls.calls,
    rows: calls.rows,
    discovered: repairs.discovered,
    repaired: repairs.repaired,
    settled: repairs.settled + closing.settled,
    unknown: closing.unknown,
    ...(closing.left > 0 && { unfinished: closing.left }),
    ...(orderChanges > 0 && { orderChanges }),
    ...(unsteadyLists > 0 && { unsteadyLists }),
    ...(repairs.unreadable > 0 && { unreadableRows: repairs.unreadable }),
    ...(survey && { pending: survey.count + changed }),
    ...(oldestMs !== Infinity && { oldestPendingSeconds: inSeconds(startedMs - oldestMs) }),
    ...(staleness.length > 0 && {
      stalenessP50Seconds: inSeconds(percentile(staleness, 50)),
      stalenessP95Seconds: inSeconds(percentile(staleness, 95)),
    }),
  }
}

/** The value that so many in a hundred do not exceed. @param sorted - smallest first, and not empty. */
function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0
}

function inSeconds(ms: number): number {
  return Math.max(0, Math.round(ms / secondMs))
}

const nothingDone: RunFigures = {
  calls: 0,
  rows: 0,
  discovered: 0,
  repaired: 0,
  settled: 0,
  unknown: 0,
  stoppedBy: 'lease',
}
