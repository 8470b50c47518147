import * as v from 'valibot'
import type { Log } from '../lib/runtime/ports.ts'

/** What lib/runtime/embedded-metrics.ts adds to a line. */
const withMetrics = v.object({
  _aws: v.object({
    CloudWatchMetrics: v.array(
      v.object({
        Dimensions: v.array(v.array(v.string())),
        Metrics: v.array(v.object({ Name: v.string() })),
      }),
    ),
  }),
})

/** Logs as a person watching the local stack reads it: one line per thing that happens, without what is for CloudWatch. */
export function eventLog(write: (line: string) => void, now: () => number): Log {
  return (event, fields = {}) => {
    const time = new Date(now()).toISOString().slice(11, 19)
    const ofMetrics = metricFields(fields)
    const shown = Object.entries(fields)
      .filter(([name]) => !ofMetrics.has(name))
      .filter(([, value]) => value !== undefined && value !== '' && value !== 0)
      .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    if (shown.length === 0 && ofMetrics.size > 0) return
    write(`${time}  ${event.padEnd(11)} ${shown.join('  ')}`)
  }
}

function metricFields(fields: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const parsed = v.safeParse(withMetrics, fields)
  if (!parsed.success) return new Set()
  const directives = parsed.output._aws.CloudWatchMetrics
  const names = directives.flatMap(({ Dimensions, Metrics }) => [
    // Whose callback it is says something to people, too.
    ...Dimensions.flat().filter((name) => name !== 'provider'),
    ...Metrics.map(({ Name }) => Name),
  ])
  return new Set(['_aws', ...names])
}
