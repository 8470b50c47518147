import * as v from 'valibot'
import {
  ConfigError,
  ingestEntries,
  ownTokenEntries,
  parseEnvironment,
  polledEntries,
  queryEntries,
  queryTokenSetting,
  reconcileEntries,
  sharedTokenSetting,
  tokenSettingOf,
  type Environment,
} from '../lib/runtime/config.ts'
import { parameterName } from '../lib/runtime/parameters.ts'
import { providers } from '../lib/providers/registry.ts'

type Settings = Readonly<Record<string, unknown>>

interface StageSettings {
  /** `params.default` of serverless.yml: every setting that there is. */
  readonly usual: Settings
  /** Those that the stage or the command line sets otherwise. */
  readonly given: Settings
  /** What the functions would find in their environment; `query` where the query API is on. */
  readonly environments: Readonly<Record<'ingest' | 'reconcile', Settings>> & { readonly query?: Settings }
  readonly region: string
  readonly stage: string
  /** As they would be deployed. */
  readonly functionNames: readonly string[]
}

/** What is wrong with the settings of a stage, a line each; nothing where it can be deployed. */
export function problemsOf(settings: StageSettings): readonly string[] {
  const { usual, given, environments, region } = settings
  const ofStage = problemsOfStage(settings)
  if (ofStage.length > 0) return ofStage
  const unknown = Object.keys(given).filter((name) => !(name in usual))
  if (unknown.length > 0) {
    return unknown.map((name) => `There is no setting ${name}. There are: ${Object.keys(usual).join(', ')}.`)
  }
  const { ingest, reconcile, query } = environments
  const ofTokens = problemsOfTokens({ ...ingest, ...query }, region)
  if (ofTokens.length > 0) return ofTokens
  const ofReconcile = reconcile.SES_POLL === 'off' ? reconcileEntries : polledEntries
  return [
    ...new Set([
      ...problemsWith(ofIngest, ingest),
      ...problemsWith(ofReconcile, reconcile),
      ...(query ? problemsWith(queryEntries, query) : []),
    ]),
    ...problemsOfDeployment(deploymentEntries, { ...usual, ...given }),
  ]
}

const ofIngest = { ...ingestEntries, ...ownTokenEntries(providers) }

/** What deploy/callback-token-digest.cjs did not find. */
function problemsOfTokens(environment: Settings, region: string): readonly string[] {
  const settings = [
    sharedTokenSetting,
    ...providers.map(({ name }) => tokenSettingOf(name)),
    queryTokenSetting,
  ]
  const absent = settings.find((setting) => ['not-put', 'not-read'].includes(String(environment[setting])))
  if (absent === undefined) return []
  const name = parameterName(String(environment.TABLE_PREFIX), absent)
  const found =
    environment[absent] === 'not-put'
      ? `There is no parameter ${name} in ${region}.`
      : `The parameter ${name} cannot be read in ${region}: it takes credentials that may ssm:GetParameter.`
  return [`${found} ${adviceOn(absent)}, or mind --stage and AWS_REGION.`]
}

function adviceOn(absent: string): string {
  switch (absent) {
    case sharedTokenSetting:
      return `Put the token's digest by \`npx ledger parameter put ${absent}\``
    case queryTokenSetting:
      return `The query API is on (queryApi): put its token's digest by \`npx ledger parameter put ${absent}\``
    default:
      return `Set ${absent} in this shell, empty where that path has no token of its own`
  }
}

/** Source: Lambda API reference, CreateFunction, FunctionName. */
const longestFunctionName = 64

/** What is wrong with its name, from which the names of everything else are made. */
function problemsOfStage({ stage, functionNames }: StageSettings): readonly string[] {
  const tooLong = Math.max(...functionNames.map(({ length }) => length)) - longestFunctionName
  const problems = [
    tooLong > 0 &&
      `stage: expected at most ${stage.length - tooLong} characters, since a function's name is made of it and has at most ${longestFunctionName}; ${stage} has ${stage.length}`,
    stage.endsWith('-data') &&
      `stage: expected a name that does not end in -data: the tables of the stage ${stage.replace(/-data$/, '')} stand in the stack that ${stage} would have`,
    stage === 'local' &&
      'stage: expected another name than local, which means the local stack to `npx ledger`',
  ]
  return problems.filter((problem) => problem !== false)
}

/**
 * By the code with which the functions parse their environment.
 * @param variables - that no file sets, so that they keep their names; default: none.
 */
export function problemsWith(
  entries: v.ObjectEntries,
  environment: Settings,
  variables: readonly string[] = [],
): readonly string[] {
  const asText: Environment = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, String(value)]),
  )
  try {
    parseEnvironment(entries, asText)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
      .split('\n')
      .slice(1)
      .map((line) =>
        line
          .trim()
          .replace(/^[A-Z0-9_]+(?=:)/, (name) => (variables.includes(name) ? name : settingOf(name))),
      )
  }
}

/** `RETENTION_DAYS` → `retentionDays` */
function settingOf(variable: string): string {
  return variable.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

const onOrOff = v.picklist(['on', 'off'], 'on or off')
/** As YAML has it, or as --param says it. */
const number = (expected: string, min: number, max = Infinity) =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.decimal(), v.transform(Number))], expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  )
const whole = (expected: string, min: number, max = Infinity) =>
  v.pipe(number(expected, min, max), v.integer(expected))
const percent = number('a number from 0 to 100', 0, 100)
const atLeastOne = whole('a whole number from 1', 1)
const periods = whole('a whole number from 1 to 288', 1, 288)
/** Source: CloudWatch API reference, PutMetricAlarm, Period (read 2026-11-22). */
const windowExpected = 'seconds, a multiple of 3600 and at most 604800'
const window = v.pipe(whole(windowExpected, 3_600, 604_800), v.multipleOf(3_600, windowExpected))

/** How many may run at once, by the cloud's own bound. */
export function concurrencyUpTo(max: number) {
  const expected = `a whole number from 1 to ${max}, or none`
  return v.union([v.literal('none'), whole(expected, 1, max)], expected)
}

/** What is not a function's setting, but the stack's. */
export const deploymentEntries = {
  ingestConcurrency: concurrencyUpTo(1_000),
  queryApi: onOrOff,
  queryConcurrency: concurrencyUpTo(1_000),
  deletionProtection: v.union([v.boolean(), v.picklist(['true', 'false'])], 'true or false'),
  tableDeletionPolicy: v.picklist(['Retain', 'Delete'], 'Retain or Delete'),
  alarms: onOrOff,
  alarmEmail: v.pipe(
    v.string('an e-mail address, or nothing'),
    v.regex(/^$|^[^\s@]+@[^\s@]+$/, 'an e-mail address, or nothing'),
  ),
  quietTencentSes: onOrOff,
  quietSendCloud: onOrOff,
  quietHours: whole('hours from 1 to 168', 1, 168),
  turnedAwayCallbacks: atLeastOne,
  turnedAwayWindowSeconds: window,
  rejectedCallbacks: atLeastOne,
  failedCallbacks: atLeastOne,
  throttledCallbacks: atLeastOne,
  quarantinedBodies: atLeastOne,
  failedRuns: atLeastOne,
  missedRuns: periods,
  unfinishedRuns: periods,
  unreadableRows: atLeastOne,
  oldestPendingSeconds: atLeastOne,
  bounceWindowSeconds: window,
  bounceRatePercent: percent,
  bounceRateFloor: atLeastOne,
  complaintWindowSeconds: window,
  complaintRatePercent: percent,
  complaintRateFloor: atLeastOne,
  leastComplaints: atLeastOne,
}

/** By entries that no function has. */
export function problemsOfDeployment(entries: v.ObjectEntries, settings: Settings): readonly string[] {
  const result = v.safeParse(v.object(entries), settings)
  return (result.issues ?? []).map((issue) => `${v.getDotPath(issue) ?? ''}: expected ${issue.message}`)
}
