const namespace = 'delivery-ledger'

/**
 * Figures as the fields of a log line from which CloudWatch makes metrics by itself: no call, and nothing to set up. Their
 * names tell the unit: those that end in `Seconds` are seconds, the others counts.
 * Source: CloudWatch embedded metric format specification.
 * @param deployment - whose figures: `TABLE_PREFIX`.
 */
export function embeddedMetrics(
  figures: Readonly<Record<string, number>>,
  { deployment, job, nowMs }: { readonly deployment: string; readonly job: string; readonly nowMs: number },
): Readonly<Record<string, unknown>> {
  const metrics = Object.keys(figures).map((name) => ({
    Name: name,
    Unit: name.endsWith('Seconds') ? 'Seconds' : 'Count',
  }))
  return {
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [{ Namespace: namespace, Dimensions: [['deployment', 'job']], Metrics: metrics }],
    },
    deployment,
    job,
    ...figures,
  }
}
