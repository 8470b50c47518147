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

/** What is in the log for `ledger tail`: on the local stack the name of the mail takes its place. */
const forTail: ReadonlySet<string> = new Set(['mails', 'problems'])

/** Logs as a person watching the local stack reads it: one line per thing that happens, without what is for CloudWatch. */
export function eventLog(write: (line: string) => void, now: () => number): Log {
  return (event, fields = {}) => {
    const time = new Date(now()).toISOString().slice(11, 19)
    const shown = shownFields(fields)
    if (shown === undefined) return
    const parts = Object.entries(shown)
      .filter(([name]) => !forTail.has(name))
      .map(([name, value]) => `${name} ${inWords(value)}`)
    write(`${time}  ${event.padEnd(11)} ${parts.join('  ')}`)
  }
}

/** The fields of a line that say something to a person; `undefined` where all of the line is for CloudWatch. */
export function shownFields(
  fields: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  const ofMetrics = metricFields(fields)
  const shown = Object.entries(fields)
    .filter(([name]) => !ofMetrics.has(name))
    .filter(([, value]) => value !== undefined && value !== '' && value !== 0)
  return shown.length === 0 && ofMetrics.size > 0 ? undefined : Object.fromEntries(shown)
}

/** A value of a line as a person reads it. */
export function inWords(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
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
