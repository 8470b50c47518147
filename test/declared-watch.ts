import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { parse } from 'yaml'

// What deploy/alarms.yml and deploy/dashboard.yml declare, with the settings that serverless.yml gives every stage.

/** CloudFormation's own functions, as far as they are used: text that says the same, or what it holds for alarms that are on. */
const customTags = [
  { tag: '!GetAtt', resolve: (attribute: string) => attribute },
  { tag: '!Ref', resolve: (name: string) => name },
  { tag: '!Sub', resolve: (text: string) => text },
  ...['!If', '!Equals', '!And', '!Not', '!FindInMap'].map((tag) => ({
    tag,
    collection: 'seq' as const,
    resolve: (sequence: { toJSON: () => unknown[] }) => ({ [tag]: sequence.toJSON() }),
  })),
  { tag: '!Condition', resolve: (name: string) => name },
]

const setting = v.union([v.string(), v.number(), v.boolean()])
const settingsYaml = v.object({ params: v.record(v.string(), v.record(v.string(), setting)) })

/** What a stage that sets nothing of its own is deployed with. */
export const settings: ReadonlyMap<string, string> = new Map(
  Object.entries(v.parse(settingsYaml, read('serverless.yml')).params.default ?? {}).map(([name, value]) => [
    name,
    String(value),
  ]),
)

/** How the stages differ from that. */
export function settingsOf(stage: string): Readonly<Record<string, string | number | boolean>> {
  return v.parse(settingsYaml, read('serverless.yml')).params[stage] ?? {}
}

function read(file: string): unknown {
  return parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'), { customTags })
}

/** The file with every setting in its place, and the deployment by this name. */
function readDeployed(file: string, deployment: string): unknown {
  const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    .replaceAll('${self:custom.tablePrefix}', deployment)
    .replace(/\$\{param:(\w+)\}/g, (_, name: string) => settings.get(name) ?? `no setting ${name}`)
  return parse(text, { customTags, merge: true })
}

const dimensions = v.array(v.strictObject({ Name: v.string(), Value: v.string() }))

const metricMath = v.object({
  Id: v.string(),
  Expression: v.string(),
  ReturnData: v.optional(v.boolean(), true),
})
const metricStat = v.object({
  Id: v.string(),
  MetricStat: v.object({
    Metric: v.object({ Namespace: v.string(), MetricName: v.string(), Dimensions: dimensions }),
    Stat: v.picklist(['Sum', 'Minimum']),
    Period: v.number(),
  }),
})

const alarmEntries = {
  AlarmName: v.string(),
  AlarmDescription: v.string(),
  OKActions: v.array(v.string()),
  AlarmActions: v.array(v.string()),
  EvaluationPeriods: v.number(),
  ComparisonOperator: v.string(),
  Threshold: v.number(),
  TreatMissingData: v.string(),
}
const alarmProperties = v.union([
  v.strictObject({
    ...alarmEntries,
    Namespace: v.string(),
    MetricName: v.string(),
    Dimensions: dimensions,
    Statistic: v.picklist(['Sum', 'Minimum', 'Maximum']),
    Period: v.number(),
  }),
  v.strictObject({ ...alarmEntries, Metrics: v.array(v.union([metricMath, metricStat])) }),
])

type AlarmProperties = v.InferOutput<typeof alarmProperties>

/** A metric by all that sets it apart: `delivery-ledger rejectedCallbacks deployment=test-1 job=ingest`. */
export type MetricName = string

export interface DeclaredAlarm {
  /** Its name without the deployment's. */
  readonly what: string
  readonly condition: string
  readonly properties: AlarmProperties
  readonly metrics: readonly MetricName[]
  readonly periods: readonly number[]
  /** Where it is of several metrics: metric math in its order, each by its Id; the last is what the alarm watches. */
  readonly math: readonly (readonly [id: string, expression: string])[]
}

const resources = v.object({
  Resources: v.record(
    v.string(),
    v.object({ Type: v.string(), Condition: v.optional(v.string()), Properties: v.unknown() }),
  ),
})

export function declaredAlarms(deployment: string): readonly DeclaredAlarm[] {
  const { Resources } = v.parse(resources, readDeployed('deploy/alarms.yml', deployment))
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Condition = '', Properties }) =>
      alarmOf(v.parse(alarmProperties, Properties), Condition, deployment),
    )
}

function alarmOf(properties: AlarmProperties, condition: string, deployment: string): DeclaredAlarm {
  const what = properties.AlarmName.replace(`${deployment}-`, '')
  if (!('Metrics' in properties)) {
    const metrics = [
      nameOfMetric(properties.Namespace, properties.MetricName, pairsOf(properties.Dimensions)),
    ]
    return { what, condition, properties, metrics, periods: [properties.Period], math: [] }
  }
  const stats = properties.Metrics.flatMap((metric) => ('MetricStat' in metric ? metric.MetricStat : []))
  const math = properties.Metrics.flatMap((metric) => ('Expression' in metric ? metric : []))
    .toSorted((one, other) => Number(one.ReturnData) - Number(other.ReturnData))
    .map(({ Id, Expression }) => [Id, Expression] as const)
  return {
    what,
    condition,
    properties,
    metrics: stats.map(({ Metric }) =>
      nameOfMetric(Metric.Namespace, Metric.MetricName, pairsOf(Metric.Dimensions)),
    ),
    periods: stats.map(({ Period }) => Period),
    math,
  }
}

function pairsOf(of: v.InferOutput<typeof dimensions>): readonly (readonly [string, string])[] {
  return of.map(({ Name, Value }) => [Name, Value])
}

export function nameOfMetric(
  namespace: string,
  name: string,
  of: readonly (readonly [string, string])[],
): MetricName {
  return [namespace, name, ...of.map((pair) => pair.join('=')).sort()].join(' ')
}

const dashboardYaml = v.object({
  Resources: v.object({
    Dashboard: v.object({
      Properties: v.object({
        DashboardBody: v.object({
          'Fn::Sub': v.tuple([v.string(), v.record(v.string(), v.object({ '!If': v.array(v.string()) }))]),
        }),
      }),
    }),
  }),
})

const widget = v.object({
  type: v.string(),
  x: v.number(),
  y: v.number(),
  width: v.number(),
  height: v.number(),
  properties: v.object({
    title: v.string(),
    metrics: v.optional(v.array(v.array(v.unknown())), []),
    alarms: v.optional(v.array(v.string()), []),
  }),
})

/**
 * The dashboard as CloudWatch gets it: references become the names that they name.
 * @param holds - whether a condition of the stack does.
 */
export function declaredDashboard(
  deployment: string,
  holds: (condition: string) => boolean = () => true,
): readonly v.InferOutput<typeof widget>[] {
  const yaml = v.parse(dashboardYaml, readDeployed('deploy/dashboard.yml', deployment))
  const [body, alternatives] = yaml.Resources.Dashboard.Properties.DashboardBody['Fn::Sub']
  const chosen = Object.entries(alternatives).reduce((text, [name, { '!If': choice }]) => {
    const [condition = '', then = '', otherwise = ''] = choice
    return text.replace(`\${${name}}`, holds(condition) ? then : otherwise)
  }, body)
  const json = chosen.replace(/\$\{([\w:]+)\}/g, (_, name: string) => name)
  return v.parse(v.object({ widgets: v.array(widget) }), JSON.parse(json)).widgets
}
