import type { Log } from './ports.ts'

const namespace = 'delivery-ledger'

type Figures = Readonly<Record<string, number>>

/** The figures of one log line; no two share a name. */
interface Measured {
  /** Of one job of the deployment. */
  readonly ofJob: Figures
  /** Of one job and one provider. */
  readonly ofProvider?: { readonly provider: string; readonly figures: Figures }
  /** Of the deployment, from any job: the figures of several jobs add up in one metric. */
  readonly ofDeployment: Figures
}

/**
 * Figures as the fields of a log line from which CloudWatch makes metrics: no call, and nothing to set up. No figures,
 * no fields. Figures whose names end in `Seconds` are seconds, the others counts. Source: CloudWatch embedded metric
 * format specification (read 2026-11-22): `Timestamp` in milliseconds, at most 100 metrics in a directive and 30
 * dimensions in a set.
 * @param deployment - the deployment of the figures: `TABLE_PREFIX`.
 */
export function embeddedMetrics(
  { ofJob, ofProvider, ofDeployment }: Measured,
  { deployment, job, nowMs }: { readonly deployment: string; readonly job: string; readonly nowMs: number },
): Readonly<Record<string, unknown>> {
  const directives = [
    { figures: ofJob, dimensions: ['deployment', 'job'] },
    { figures: ofProvider?.figures ?? {}, dimensions: ['deployment', 'job', 'provider'] },
    { figures: ofDeployment, dimensions: ['deployment'] },
  ].filter(({ figures }) => Object.keys(figures).length > 0)
  if (directives.length === 0) return {}
  return {
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: directives.map(({ figures, dimensions }) => ({
        Namespace: namespace,
        Dimensions: [dimensions],
        Metrics: Object.keys(figures).map((name) => ({ Name: name, Unit: unitOf(name) })),
      })),
    },
    deployment,
    job,
    ...(ofProvider && { provider: ofProvider.provider, ...ofProvider.figures }),
    ...ofJob,
    ...ofDeployment,
  }
}

/** The log without what directs CloudWatch to make metrics of figures: they stay as fields. */
export function withoutDirectives(log: Log): Log {
  return (event, fields = {}) => {
    log(event, Object.fromEntries(Object.entries(fields).filter(([name]) => name !== '_aws')))
  }
}

function unitOf(name: string): 'Seconds' | 'Count' {
  return name.endsWith('Seconds') ? 'Seconds' : 'Count'
}
