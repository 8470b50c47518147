import { secondMs } from '../core/instant.ts'
import type { Clock } from '../runtime/ports.ts'
import { combinedReport } from './combined-report.ts'
import { reconcile, type ReconcileDependencies, type RunReport } from './reconcile.ts'

/** One list of a provider, and what its runs work with. */
interface Poll {
  readonly dependencies: ReconcileDependencies
  readonly requestsPerSecond: number
}

/** What stops a run that asks more than anybody meant it to, at one request a second: no run is as long. */
const maxCallsPerRun = 1_000

/**
 * Runs every poll once. Providers are asked side by side, so that one that does not answer keeps no other waiting; the lists of
 * one provider one after the other, since they share its pace, and a delivery that two of them report is discovered once.
 * Returns what they did together, and what those threw that did not end as a run does.
 */
export async function runPolls(
  polls: readonly Poll[],
  { clock, deadlineMs }: { readonly clock: Clock; readonly deadlineMs: number },
): Promise<{ readonly report?: RunReport; readonly failures: readonly unknown[] }> {
  const byProvider = Map.groupBy(polls, ({ dependencies }) => dependencies.statusApi?.provider)
  const runs = [...byProvider.values()].map(async (lists) => {
    const ended: PromiseSettledResult<RunReport>[] = []
    for (const { dependencies, requestsPerSecond } of lists) {
      // The list before it, or the last one of the run before, may just have been asked.
      if (lists.length > 1) await clock.sleep(Math.ceil(secondMs / requestsPerSecond))
      const maxCalls = Math.ceil(maxCallsPerRun * requestsPerSecond)
      const budget = { deadlineMs, maxCalls, requestsPerSecond, listsAtPace: lists.length }
      const run = reconcile(dependencies, budget)
      ended.push(...(await Promise.allSettled([run])))
    }
    return ended
  })
  const ended = (await Promise.all(runs)).flat()
  const reports = ended.flatMap((run) => (run.status === 'fulfilled' ? run.value : []))
  const failures = ended.flatMap((run): unknown[] => (run.status === 'rejected' ? [run.reason] : []))
  return { ...(reports.length > 0 && { report: combinedReport(reports) }), failures }
}
