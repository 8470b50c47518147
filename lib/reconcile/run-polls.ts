import { secondMs } from '../core/instant.ts'
import type { Clock } from '../runtime/ports.ts'
import { reportOfLists } from './combined-report.ts'
import type { CallBudget } from './provider-calls.ts'
import { reconcile, type ReconcileDependencies, type RunReport } from './reconcile.ts'

/** One list of a provider, and what its runs work with. */
interface Poll {
  /** Whose it is. */
  readonly provider: string
  readonly dependencies: ReconcileDependencies
  readonly requestsPerSecond: number
}

interface PollsReport {
  /** By provider; without those of whose runs none ended as a run does. */
  readonly reports: ReadonlyMap<string, RunReport>
  readonly failures: readonly unknown[]
}

/** What stops a run that asks more than anybody meant it to, at one request a second: no run is as long. */
const maxCallsPerRun = 1_000

/**
 * Runs every poll once. Providers are asked side by side, so that one that does not answer keeps no other waiting; the lists of
 * one provider one after the other, since they share its pace, and a delivery that two of them report is discovered once.
 * Returns what was done for each provider, and what those threw that did not end as a run does.
 * @param until - `stop`: as {@link CallBudget.stop}.
 */
export async function runPolls(
  polls: readonly Poll[],
  { clock, ...until }: { readonly clock: Clock } & Pick<CallBudget, 'deadlineMs' | 'stop'>,
): Promise<PollsReport> {
  const byProvider = Map.groupBy(polls, ({ provider }) => provider)
  const runs = [...byProvider].map(async ([provider, lists]) => {
    const ended: PromiseSettledResult<RunReport>[] = []
    for (const { dependencies, requestsPerSecond } of lists) {
      // The list before it, or the last one of the run before, may just have been asked.
      if (lists.length > 1 && !until.stop?.aborted) await clock.sleep(Math.ceil(secondMs / requestsPerSecond))
      const maxCalls = Math.ceil(maxCallsPerRun * requestsPerSecond)
      const budget = { ...until, maxCalls, requestsPerSecond, listsAtPace: lists.length }
      const run = reconcile(dependencies, budget)
      ended.push(...(await Promise.allSettled([run])))
    }
    return { provider, ended }
  })
  const done = await Promise.all(runs)
  const reports = done.flatMap(({ provider, ended }) => {
    const ofLists = ended.flatMap((run) => (run.status === 'fulfilled' ? run.value : []))
    return ofLists.length === 0 ? [] : [[provider, reportOfLists(ofLists)] as const]
  })
  const failures = done.flatMap(({ ended }) =>
    ended.flatMap((run): unknown[] => (run.status === 'rejected' ? [run.reason] : [])),
  )
  return { reports: new Map(reports), failures }
}
