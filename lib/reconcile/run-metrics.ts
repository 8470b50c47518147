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
    publish({ ofJob: { inQuarantine: await quarantine.open() }, ofDeployment: {} }, deps)
  } catch (error) {
    deps.log('quarantine not counted', { error: errorName(error) })
  }
}

/** Publishes what was done for a provider, unless another run was at work: then there is nothing to publish of this one. */
export function publishRunMetrics(
  provider: string,
  { figures: { stoppedBy, ...counts }, outcomes }: RunReport,
  deps: MetricsTarget,
): void {
  const figures = stoppedBy === 'lease' ? {} : { ...counts, unfinished: stoppedBy === 'done' ? 0 : 1 }
  publish({ ofJob: {}, ofProvider: { provider, figures }, ofDeployment: { ...outcomes } }, deps)
}

/** @throws where a provider refuses our settings: the run must be seen to fail, and the message names the one to change. */
export function figuresOf({ figures, problem }: RunReport): RunFigures {
  if (figures.stoppedBy === 'settings') throw new Error(problem)
  return figures
}

function publish(
  measured: Parameters<typeof embeddedMetrics>[0],
  { deployment, clock, log }: MetricsTarget,
): void {
  const metrics = embeddedMetrics(measured, { deployment, job: 'reconcile', nowMs: clock.now() })
  if ('_aws' in metrics) log('metrics', metrics)
}
