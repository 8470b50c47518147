import { embeddedMetrics } from '../runtime/embedded-metrics.ts'
import { errorName } from '../runtime/error-name.ts'
import type { QuarantineGauge } from '../quarantine/ports.ts'
import type { RunFigures } from './ports.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { RunReport } from './reconcile.ts'

/** Whose figures are published, and where. */
interface MetricsTarget {
  /** `TABLE_PREFIX`. */
  readonly deployment: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * Publishes how many bodies wait in quarantine. Where they cannot be counted there is no figure but a line in the log: the run has
 * other things to do, and an alarm watches for a figure that stays away.
 */
export async function publishQuarantineSize(
  quarantine: QuarantineGauge,
  deps: MetricsTarget & { readonly isByHand: boolean },
): Promise<void> {
  // Who runs it by hand has no use for it, and may lack the permission.
  if (deps.isByHand) return
  try {
    publish({ inQuarantine: await quarantine.open() }, {}, deps)
  } catch (error) {
    deps.log('quarantine not counted', { error: errorName(error) })
  }
}

/** Publishes what a run did, unless another run was at work: then there is nothing to publish of this one. */
export function publishRunMetrics({ figures, outcomes }: RunReport, deps: MetricsTarget): void {
  const { stoppedBy, ...counts } = figures
  const unfinished = stoppedBy === 'done' ? 0 : 1
  publish(stoppedBy === 'lease' ? {} : { ...counts, unfinished }, { ...outcomes }, deps)
}

/** @throws where the provider refuses our settings: the run must be seen to fail, and the message names the one to change. */
export function figuresOf({ figures, problem }: RunReport): RunFigures {
  if (figures.stoppedBy === 'settings') throw new Error(problem)
  return figures
}

type Figures = Readonly<Record<string, number>>

function publish(ofJob: Figures, ofDeployment: Figures, { deployment, clock, log }: MetricsTarget): void {
  const metrics = embeddedMetrics(
    { ofJob, ofDeployment },
    { deployment, job: 'reconcile', nowMs: clock.now() },
  )
  if ('_aws' in metrics) log('metrics', metrics)
}
