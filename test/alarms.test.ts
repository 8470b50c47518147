import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { beforeAll, describe, expect, it } from '@jest/globals'
import * as v from 'valibot'
import { mailProviders } from '../lib/providers/registry.ts'
import { declaredTables } from '../local/tables.ts'
import {
  declaredAlarms,
  declaredDashboard,
  nameOfMetric,
  settings,
  settingsOf,
  type DeclaredAlarm,
  type MetricName,
} from './declared-watch.ts'
import { embeddedTables } from './embedded-tables.ts'
import { everythingOfIngest, everythingOfReconcile, type Line } from './logged-lines.ts'

// What is watched is what the functions publish, and the runbook covers all of it.

const engine = embeddedTables()
const deployment = 'delivery-ledger-test'
const alarms = declaredAlarms(deployment)
const runbook = readFileSync(new URL('../docs/runbook.md', import.meta.url), 'utf8')
let lines: readonly Line[]
let reported: ReadonlySet<MetricName>

beforeAll(async () => {
  const runs = [await everythingOfIngest(engine), await everythingOfReconcile(engine)]
  lines = runs.flatMap((run) => run.lines)
  const names = runs.flatMap((run) => run.lines.flatMap(metricsOf).map(asOf(run.deployment)))
  reported = new Set(names)
})

const asOf = (name: string) => (metric: MetricName) =>
  metric.replace(`deployment=${name}`, `deployment=${deployment}`)

const embedded = v.object({
  _aws: v.object({
    Timestamp: v.number(),
    CloudWatchMetrics: v.array(
      v.object({
        Namespace: v.string(),
        Dimensions: v.array(v.array(v.string())),
        Metrics: v.array(v.object({ Name: v.string(), Unit: v.picklist(['Count', 'Seconds']) })),
      }),
    ),
  }),
})

/** The metrics that CloudWatch makes of a line. Source: embedded metric format specification. */
function metricsOf(line: Line): readonly MetricName[] {
  const parsed = v.safeParse(embedded, line)
  if (!parsed.success) return []
  return parsed.output._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name }) => {
      expect(typeof line[Name]).toBe('number')
      return Dimensions.map((set) =>
        nameOfMetric(
          Namespace,
          Name,
          set.map((dimension) => [dimension, String(line[dimension])]),
        ),
      )
    }),
  )
}

const isOurs = (metric: MetricName) => metric.startsWith('delivery-ledger ')
const named = (what: string) => alarms.find((alarm) => alarm.what === what)!

describe('an alarm', () => {
  it.each(alarms)('watches what is published: $what', ({ metrics }) => {
    expect(metrics.filter((metric) => isOurs(metric) && !reported.has(metric))).toEqual([])
    expect(metrics.length).toBeGreaterThan(0)
  })

  it('of Lambda watches these metrics of these functions', () => {
    expect(alarms.flatMap(({ metrics }) => metrics).filter((metric) => !isOurs(metric))).toEqual([
      'AWS/Lambda Url5xxCount FunctionName=IngestLambdaFunction',
      'AWS/Lambda Throttles FunctionName=IngestLambdaFunction',
      'AWS/Lambda Errors FunctionName=ReconcileLambdaFunction',
      'AWS/Lambda Invocations FunctionName=ReconcileLambdaFunction',
    ])
  })

  it.each(alarms)('notifies when it begins and when it is over: $what', ({ what, properties }) => {
    expect(properties).toMatchObject({
      AlarmName: `${deployment}-${what}`,
      OKActions: ['AlarmTopic'],
      AlarmActions: ['AlarmTopic'],
    })
    expect(properties.AlarmDescription).toMatch(
      new RegExp(`^[A-Z].{40,}\\. What to do: docs/runbook\\.md#${what}$`),
    )
  })

  // A day, or a week where periods are an hour or longer. Source: PutMetricAlarm, Period.
  it.each(alarms)('looks no further back than CloudWatch does: $what', ({ properties, periods }) => {
    for (const period of periods) {
      expect(period % 60).toBe(0)
      expect(period * properties.EvaluationPeriods).toBeLessThanOrEqual(period < 3_600 ? 86_400 : 604_800)
    }
  })

  it('takes missing data for what it is', () => {
    expect(
      Object.fromEntries(alarms.map(({ what, properties }) => [what, properties.TreatMissingData])),
    ).toEqual({
      'callbacks-quiet-tencent-ses': 'breaching',
      'callbacks-quiet-sendcloud': 'breaching',
      'callbacks-turned-away': 'notBreaching',
      'callbacks-rejected': 'notBreaching',
      'callbacks-failed': 'notBreaching',
      'callbacks-throttled': 'notBreaching',
      'quarantine-not-empty': 'breaching',
      'reconcile-failed': 'notBreaching',
      'reconcile-not-run': 'breaching',
      'reconcile-unfinished': 'breaching',
      'reconcile-rows-unreadable': 'notBreaching',
      'pending-too-old': 'notBreaching',
      'bounce-rate-high': 'notBreaching',
      'complaint-rate-high': 'notBreaching',
    })
  })

  it('is in every stage but the one where things are tried out, and silence is watched for unless it is turned off', () => {
    expect(settings.get('alarms')).toBe('on')
    expect(settingsOf('dev')).toMatchObject({ alarms: 'off' })
    const conditions = alarms.map(({ what, condition }) => [what, condition])
    expect(conditions.filter(([, condition]) => condition !== 'AlarmsAreOn')).toEqual([
      ['callbacks-quiet-tencent-ses', 'QuietTencentSesIsWatched'],
      ['callbacks-quiet-sendcloud', 'QuietSendCloudIsWatched'],
    ])
    expect([settings.get('quietTencentSes'), settings.get('quietSendCloud')]).toEqual(['on', 'off'])
  })

  it('says within hours that the quarantine cannot be counted, and not that one count is late', () => {
    const { properties, periods } = named('quarantine-not-empty')
    expect(properties).toMatchObject({ TreatMissingData: 'breaching', EvaluationPeriods: 12 })
    expect(periods).toEqual([300])
  })

  it.each(mailProviders)('watches for the silence of $name, whoever else goes on', ({ name }) => {
    expect(named(`callbacks-quiet-${name}`)).toMatchObject({
      metrics: [`delivery-ledger acceptedCallbacks deployment=${deployment} job=ingest provider=${name}`],
      properties: { ComparisonOperator: 'LessThanThreshold', Threshold: 1, Period: 3_600 },
    })
  })

  // Each takes its 14 minutes, and keeps those out that begin 5 and 10 minutes after it: so one begins every quarter of an hour.
  // Lambda dates an error by when its run began; a minute more until CloudWatch shows it.
  it('sees runs that time out one after the other, as long as they do', () => {
    const { properties, periods } = named('reconcile-failed')
    expect(properties).toMatchObject({ Statistic: 'Sum', EvaluationPeriods: 1 })
    const windowMinutes = (periods[0] ?? 0) / 60
    const begun = [0, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165, 180]
    const inAlarm = Array.from({ length: 181 }, (_, minute) => minute).filter((minute) => {
      const seen = begun.filter((begin) => begin + 15 <= minute && begin > minute - windowMinutes)
      return seen.length >= properties.Threshold
    })
    expect(inAlarm).toEqual(Array.from({ length: 151 }, (_, after) => 30 + after))
  })

  // SendCloud tries at 0, 1, 3, 7, 15 and 31 minutes and drops the event for ever.
  it('sees one event of SendCloud that is turned away at every try', () => {
    const { properties, metrics, periods } = named('callbacks-turned-away')
    expect(metrics).toEqual([`delivery-ledger turnedAwayCallbacks deployment=${deployment} job=ingest`])
    expect(properties).toMatchObject({ Statistic: 'Sum', EvaluationPeriods: 1, Threshold: 3 })
    expect(periods).toEqual([6 * 3_600])
  })
})

describe('an alarm of the poll', () => {
  // Of a provider that is not polled nothing is published.
  it.each([
    [{ tencentSes: 0, sendCloud: 0 }, false],
    [{ tencentSes: 0, sendCloud: 1 }, true],
    [{ tencentSes: 1, sendCloud: undefined }, true],
    [{ tencentSes: 0, sendCloud: undefined }, false],
    [{ tencentSes: undefined, sendCloud: 1 }, true],
  ])('is about whichever provider is worse: %j', (unfinished, expected) => {
    expect(isSetOff('reconcile-unfinished', unfinished)).toBe(expected)
    expect(isSetOff('reconcile-rows-unreadable', unfinished)).toBe(expected)
    const weekSeconds = 7 * 86_400
    const [tencentSes, sendCloud] = [unfinished.tencentSes, unfinished.sendCloud].map(
      (value) => value && value * weekSeconds,
    )
    expect(isSetOff('pending-too-old', { tencentSes, sendCloud })).toBe(expected)
  })
})

type Sums = Readonly<Record<string, number | undefined>>

/** In the place of a sum of nothing. Whatever is calculated with it throws, as metric math then has no value. */
const missing = Symbol('missing')

/** What metric math makes of sums of a window; `undefined` if nothing was published. */
function valueOf({ math }: DeclaredAlarm, sums: Sums): number {
  const IF = (condition: boolean, value: number, other: number) => (condition ? value : other)
  const FILL = (value: number | symbol, filled: number) => (value === missing ? filled : value)
  const METRICS = () => Object.values(sums).filter((value) => value !== undefined)
  const MAX = (values: readonly number[]) => Math.max(...values)
  const SUM = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
  const known = Object.fromEntries(Object.entries(sums).map(([id, sum]) => [id, sum ?? missing]))
  const values = math.reduce<Record<string, unknown>>(
    (before, [id, expression]) => ({ ...before, [id]: runInNewContext(expression, before) as unknown }),
    { IF, FILL, METRICS, MAX, SUM, ...known },
  )
  return v.parse(v.pipe(v.number(), v.finite()), values[math.at(-1)?.[0] ?? ''])
}

/** Whether one window with these sums sets the alarm off. */
function isSetOff(what: string, sums: Sums): boolean {
  const { properties } = named(what)
  expect(properties.ComparisonOperator).toBe('GreaterThanOrEqualToThreshold')
  return valueOf(named(what), sums) >= properties.Threshold
}

describe('the bounce rate', () => {
  it.each([
    [{ delivered: 12, softBounced: 0, bounced: 1 }, false],
    [{ delivered: 0, softBounced: 0, bounced: 13 }, false],
    [{ delivered: 94, softBounced: 0, bounced: 6 }, true],
    [{ delivered: 95, softBounced: 0, bounced: 5 }, true],
    [{ delivered: 96, softBounced: 0, bounced: 4 }, false],
    [{ delivered: 20, softBounced: 74, bounced: 6 }, true],
    [{ delivered: 0, softBounced: 100, bounced: 0 }, false],
    [{ delivered: 47, softBounced: 0, bounced: 3 }, true],
    [{ delivered: 46, softBounced: 0, bounced: 3 }, false],
    [{ delivered: 0, softBounced: 0, bounced: 0 }, false],
    [{ delivered: undefined, softBounced: undefined, bounced: undefined }, false],
  ])('of %j sets it off: %j', (sums, expected) => {
    expect(settings.get('bounceRatePercent')).toBe('5')
    expect(isSetOff('bounce-rate-high', sums)).toBe(expected)
  })
})

describe('the complaint rate', () => {
  it.each([
    [{ delivered: 13, complained: 1 }, false],
    [{ delivered: 100, complained: 4 }, false],
    [{ delivered: 499, complained: 13 }, false],
    [{ delivered: 500, complained: 4 }, false],
    [{ delivered: 500, complained: 5 }, true],
    [{ delivered: 1_000, complained: 6 }, true],
    [{ delivered: 2_000, complained: 6 }, true],
    [{ delivered: 2_001, complained: 6 }, false],
    [{ delivered: 100_600, complained: 40 }, false],
    [{ delivered: 0, complained: 0 }, false],
    [{ delivered: 0, complained: 40 }, false],
    [{ delivered: undefined, complained: undefined }, false],
  ])('of %j sets it off: %j', (sums, expected) => {
    expect(isSetOff('complaint-rate-high', sums)).toBe(expected)
  })
})

describe('the rates', () => {
  it('are taken of a day of bounces, and of a week of complaints, which come days later', () => {
    expect(new Set(named('bounce-rate-high').periods)).toEqual(new Set([86_400]))
    expect(new Set(named('complaint-rate-high').periods)).toEqual(new Set([604_800]))
    for (const what of ['bounce-rate-high', 'complaint-rate-high']) {
      expect(named(what).properties.EvaluationPeriods).toBe(1)
    }
  })

  it('have a value wherever any outcome is published, since every metric of theirs has one', () => {
    const ofRates = ['delivered', 'soft-bounced', 'bounced', 'complained']
    const published = lines.filter((line) => [...ofRates, 'dropped'].some((name) => name in line))
    expect(published.length).toBeGreaterThan(3)
    for (const line of published) expect(Object.keys(line)).toEqual(expect.arrayContaining(ofRates))
  })
})

describe('the dashboard', () => {
  it('shows what is published, of the tables and indexes that there are', async () => {
    const shown = declaredDashboard(deployment).flatMap(({ properties }) =>
      properties.metrics.flatMap(shownMetric),
    )
    expect(shown.filter((metric) => isOurs(metric) && !reported.has(metric))).toEqual([])
    expect([...reported].filter((metric) => !shown.includes(metric))).toEqual([])
    const tables = await declaredTables(deployment)
    const stores = tables.flatMap(({ TableName, GlobalSecondaryIndexes = [] }) => [
      `TableName=${TableName}`,
      ...GlobalSecondaryIndexes.map(
        ({ IndexName }) => `GlobalSecondaryIndexName=${IndexName} TableName=${TableName}`,
      ),
    ])
    for (const units of ['Write', 'Read']) {
      const name = `AWS/DynamoDB Consumed${units}CapacityUnits`
      const ofTables = shown.filter((metric) => metric.startsWith(name))
      expect(ofTables.sort()).toEqual(stores.map((store) => `${name} ${store}`).sort())
    }
  })

  it.each([
    [[]],
    [['QuietTencentSesIsWatched']],
    [['QuietSendCloudIsWatched']],
    [['QuietTencentSesIsWatched', 'QuietSendCloudIsWatched']],
    [['QueryApiIsOn']],
  ])('shows every alarm that there is where these conditions hold: %j', (hold: readonly string[]) => {
    const widgets = declaredDashboard(deployment, (condition) => hold.includes(condition))
    const shown = widgets.flatMap(({ properties }) => properties.alarms)
    const expected = alarms.filter(({ condition }) => ['AlarmsAreOn', ...hold].includes(condition))
    expect(shown.map((arn) => arn.split(':alarm:')[1])).toEqual(
      expected.map(({ properties }) => properties.AlarmName),
    )
  })

  it('shows the query API where that is on', () => {
    const titles = (isOn: boolean) =>
      declaredDashboard(deployment, () => isOn).map(({ properties }) => properties.title)
    expect(titles(true)).toContain('Query API')
    expect(titles(false)).not.toContain('Query API')
  })

  it('has no two widgets in one place, and none beyond its edge', () => {
    const taken = new Set<string>()
    for (const { x, y, width, height, properties } of declaredDashboard(deployment)) {
      expect(x + width).toBeLessThanOrEqual(24)
      for (let column = x; column < x + width; column += 1) {
        for (let row = y; row < y + height; row += 1) {
          expect([properties.title, taken.has(`${column} ${row}`)]).toEqual([properties.title, false])
          taken.add(`${column} ${row}`)
        }
      }
    }
  })
})

/** `[namespace, name, dimension, value, …, options?]`; metric math has no name of its own. */
function shownMetric(metric: readonly unknown[]): readonly MetricName[] {
  const [namespace, name, ...words] = metric.filter((part) => typeof part === 'string')
  if (namespace === undefined || name === undefined) return []
  const pairs = words.flatMap((word, index) =>
    index % 2 === 0 ? [[word, words[index + 1] ?? ''] as const] : [],
  )
  return [nameOfMetric(namespace, name, pairs)]
}

const entries = [...runbook.matchAll(/^### (.+)\n([^]*?)(?=^##)/gm)].map(([, what = '', text = '']) => ({
  what,
  text,
}))

describe('the runbook', () => {
  it('has an entry for each alarm, in their order, and no other', () => {
    expect(entries.map(({ what }) => what)).toEqual(alarms.map(({ what }) => what))
  })

  it.each(entries)('says of $what what it means, asks, runs, and when it can wait', ({ text }) => {
    for (const part of ['Means:', 'Ask', 'Run:', 'Usually:']) expect(text).toContain(`**${part}`)
    expect(text).toMatch(/\*\*Can(?:not)? wait\*\*/)
    expect(text).toMatch(/\*\*Run:\*\* `npx ledger /)
  })

  it.each(entries)('asks for fields that the lines of the log have: $what', ({ text }) => {
    const [, query = ''] = /```text\n([^]*?)```/.exec(text) ?? []
    const fields = fieldsOf(query)
    const known = new Set(lines.flatMap((line) => Object.keys(line)))
    expect(fields.filter((field) => !field.startsWith('@') && !known.has(field))).toEqual([])
    expect(fields.length).toBeGreaterThan(0)
  })

  it.each(entries)('names settings that there are: $what', ({ text }) => {
    const own = /`([a-z]+(?:[A-Z][a-z]+)+)`/g
    const names = [...text.matchAll(own)].map(([, name = '']) => name)
    const elsewhere = ['isSuppressed', 'stoppedBy']
    expect(names.filter((name) => !settings.has(name) && !elsewhere.includes(name))).toEqual([])
  })

  it('begins with all that its commands want in the shell', () => {
    const [, prelude = ''] = /^ +```sh\n([^]*?)```/m.exec(runbook) ?? []
    expect(prelude).toContain('export TABLE_PREFIX=delivery-ledger-<stage> AWS_REGION=<region>\n')
    expect(prelude).toContain('read -rs CALLBACK_TOKEN && export CALLBACK_TOKEN ')
  })

  it('promises of Tencent alone that nothing is lost', () => {
    expect(runbook).not.toContain('No mail is lost')
    const ofCallbacks = entries.filter(({ what }) => what.startsWith('callbacks-'))
    expect(ofCallbacks.map(({ what, text }) => [what, /\*\*(Can(?:not)? wait)\*\*/.exec(text)?.[1]])).toEqual(
      [
        ['callbacks-quiet-tencent-ses', 'Can wait'],
        ['callbacks-quiet-sendcloud', 'Cannot wait'],
        ['callbacks-turned-away', 'Cannot wait'],
        ['callbacks-rejected', 'Cannot wait'],
        ['callbacks-failed', 'Cannot wait'],
        ['callbacks-throttled', 'Cannot wait'],
      ],
    )
  })

  it('asks for lines that are logged', () => {
    const events = new Set(lines.map(({ event }) => event))
    const asked = entries.flatMap(({ text }) => [...text.matchAll(/event (?:= |in )(\[[^\]]+\]|"[^"]+")/g)])
    const names = asked.flatMap(([, list = '']) => [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name))
    // An unexpected fault is logged by lib/runtime/http/function-url.ts alone.
    expect(names.filter((name) => name !== 'unexpected fault' && !events.has(name))).toEqual([])
  })

  it('counts what is paid for', () => {
    const ofJob = (job: string) => [...reported].filter((metric) => metric.includes(` job=${job}`)).length
    const jobs = [ofJob('ingest'), ofJob('reconcile')] as const
    expect(runbook).toContain(
      `${reported.size}: ${jobs[0]} of the ingest function, ${jobs[1]} of reconcile, ${reported.size - jobs[0] - jobs[1]} of what mails came to`,
    )
    const watched = alarms.flatMap(({ metrics }) => metrics)
    expect(runbook).toContain(`${alarms.length}, on ${watched.length} metrics`)
  })
})

/** Commands, functions and other words of CloudWatch Logs Insights. */
const queryWords = new Set(
  'fields filter stats sort limit by as desc asc and or in like not ispresent count sum avg max min bin'.split(
    ' ',
  ),
)

/** The fields that a query names: what is neither text, nor a word of the language, nor a name that it gives itself. */
function fieldsOf(query: string): readonly string[] {
  const quoted = [...query.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
  const plain = query.replace(/"[^"]*"|`[^`]*`|\/[^/]*\//g, ' ')
  const own = new Set([...plain.matchAll(/ as (\w+)/g)].map(([, name]) => name))
  const words = [...plain.matchAll(/(?<![\w.])@?[a-zA-Z]\w*/g)].map(([word]) => word)
  return [...quoted, ...words.filter((word) => !queryWords.has(word) && !own.has(word))]
}
