import type { RunFigures } from './ports.ts'
import { readCheckpoint } from './reconcile/checkpoint.ts'
import { closePending } from './reconcile/close-pending.ts'
import { lookAtDue } from './reconcile/look-ups.ts'
import { pendingBatches } from './reconcile/pending.ts'
import { RunStopped, type CallBudget } from './reconcile/provider-calls.ts'
import { leaseMs, lostLease, Run, type RunDependencies } from './reconcile/run.ts'
import { readTail, sweepClosedDates } from './reconcile/sweeps.ts'

export interface ReconcileDependencies extends RunDependencies {
  /** Days after which a date's whole list is read again. */
  readonly sweepAgesDays: readonly number[]
}

/** A closed date at once, and three times for what happens late: complaints, unsubscribes, opens. */
export const defaultSweepAgesDays = [1, 3, 7, 29]

export interface RunReport {
  readonly figures: RunFigures
  /** Why the run ended early, where it did. */
  readonly problem?: string
}

/**
 * One pass: what was never heard of, what is still unsettled, what nobody can tell any more. Every step can be cut short
 * and done again: facts are joins, and the checkpoint moves only past what is applied.
 */
export async function reconcile(on: ReconcileDependencies, budget: CallBudget): Promise<RunReport> {
  const report = await runUnderLease(on, budget)
  on.log('reconciled', {
    ...report.figures,
    ...(report.problem !== undefined && { problem: report.problem }),
  })
  return report
}

async function runUnderLease(on: ReconcileDependencies, budget: CallBudget): Promise<RunReport> {
  const startedMs = on.clock.now()
  const held = await on.runs.acquire(on.owner, startedMs, startedMs + leaseMs)
  if (!held) return { figures: await figuresWithoutLease(on) }
  const { checkpoint, isReadable } = readCheckpoint(held.checkpoint, on.sweepAgesDays, startedMs)
  if (!isReadable) on.log('checkpoint unreadable', { consequence: 'reading begins anew' })

  const run = new Run(on, budget, checkpoint, startedMs)
  const stopped = on.statusApi && ((await ask(run)) ?? silentProvider(run))
  const closing = await closePending(run, stopped?.stoppedBy !== 'lease')
  const figures: RunFigures = {
    calls: run.calls.calls,
    rows: run.calls.rows,
    discovered: run.repairs.discovered,
    repaired: run.repairs.repaired,
    settled: run.repairs.settled + closing.settled,
    unknown: closing.unknown,
    pending: closing.pending,
    stoppedBy: stopped?.stoppedBy ?? (closing.isTimeUp ? 'time' : 'done'),
  }
  const isStillHeld = await on.runs.release(on.owner, run.storedCheckpoint(), figures)
  if (!isStillHeld) return { figures: { ...figures, stoppedBy: 'lease' }, problem: lostLease }
  return { figures, ...(stopped && { problem: stopped.message }) }
}

/** The parts that ask. A provider that keeps failing ends only the part in which it does: stuck dates starve no look-up. */
async function ask(run: Run): Promise<RunStopped | undefined> {
  let stopped: RunStopped | undefined
  for (const part of [readTail, sweepClosedDates, lookAtDue]) {
    try {
      await part(run)
    } catch (error) {
      if (!(error instanceof RunStopped)) throw error
      stopped = error
      if (error.stoppedBy !== 'provider') break
    }
  }
  return stopped
}

/** A run to which the provider answered nothing at all was not done, however little there was to ask. */
function silentProvider({ calls }: Run): RunStopped | undefined {
  return calls.calls > 0 && !calls.hasAnswered ? new RunStopped('provider', calls.lastProblem) : undefined
}

async function figuresWithoutLease({ deliveries }: ReconcileDependencies): Promise<RunFigures> {
  let pending = 0
  for await (const batch of pendingBatches(deliveries)) pending += batch.length
  return {
    calls: 0,
    rows: 0,
    discovered: 0,
    repaired: 0,
    settled: 0,
    unknown: 0,
    pending,
    stoppedBy: 'lease',
  }
}
