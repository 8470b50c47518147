import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import {
  parseEnvironment,
  parsePollSettings,
  pollParameters,
  tableEntries,
  type Environment,
} from '../lib/config.ts'
import { errorName } from '../lib/error-name.ts'
import { lazily } from '../lib/lazily.ts'
import { withParameters } from '../lib/parameters.ts'
import { pollWiring } from '../lib/poll-wiring.ts'
import type { Log, QuarantineGauge, RunFigures } from '../lib/ports.ts'
import { embeddedMetrics } from '../lib/embedded-metrics.ts'
import { reconcile } from '../lib/reconcile.ts'
import { lambda, type Surroundings } from '../lib/surroundings.ts'
import { tableNames } from '../lib/table/names.ts'
import { quarantineGauge } from '../lib/table/quarantine-gauge.ts'

/** What stops a run that asks more than anybody meant it to, at one request a second: no run is as long. */
const maxCallsPerRun = 1_000

/** A batch of a hundred large rows takes its time. */
const requestTimeoutMs = 5_000

/** A Lambda handler for the schedule. Nothing of the event is used: every run does what is due. */
export type ScheduleHandler = (event: unknown, context: Context) => Promise<RunFigures>

/**
 * Wires the reconcile function: polled rows in, the facts that rows lack out.
 * @param isByHand - whether somebody waits for the answer: then today's list is read though the next reading is not due.
 */
export function createHandler(
  environment: Environment,
  on: Surroundings = lambda,
  isByHand = false,
): ScheduleHandler {
  const { clock, log } = on
  const client = lazily(() => on.dynamoDb(requestTimeoutMs))
  // At each run, so that credentials may be replaced while the function stays.
  const wire = async () => {
    const settings = await withParameters(environment, pollParameters(environment), on.parameters)
    const { TABLE_PREFIX } = parseEnvironment({ TABLE_PREFIX: tableEntries.TABLE_PREFIX }, settings)
    const poll = parsePollSettings(settings)
    return {
      deployment: TABLE_PREFIX,
      requestsPerSecond: poll?.SES_REQUESTS_PER_SECOND ?? 1,
      quarantine: quarantineGauge(client(), tableNames(TABLE_PREFIX).quarantine),
      dependencies: { ...pollWiring(settings, poll, { client: client(), clock, log }), isByHand },
    }
  }
  const stack = middy<unknown, RunFigures>().handler(async (_event: unknown, context: Context) => {
    const deadlineMs = clock.now() + context.getRemainingTimeInMillis()
    const { deployment, dependencies, requestsPerSecond, quarantine } = await wire()
    // Before the run, which may use its time up. Who runs it by hand has no use for it, and may lack the permission.
    const waiting = isByHand ? {} : await waitingIn(quarantine, log)
    const report = await reconcile(
      { ...dependencies, owner: randomUUID() },
      { deadlineMs, maxCalls: Math.ceil(maxCallsPerRun * requestsPerSecond), requestsPerSecond },
    )
    const isOurs = report.figures.stoppedBy !== 'lease'
    const ofJob = isOurs ? { ...metricsOf(report.figures), ...waiting } : {}
    const metrics = embeddedMetrics(
      { ofJob, ofDeployment: { ...report.outcomes } },
      { deployment, job: 'reconcile', nowMs: clock.now() },
    )
    if ('_aws' in metrics) log('metrics', metrics)
    // A run that the provider refuses must be seen to fail; the message names the setting to change.
    if (report.figures.stoppedBy === 'settings') throw new Error(report.problem)
    return report.figures
  })
  return (event, context) => stack(event, context)
}

/** No figure, and a line in the log, where it cannot be counted: the run has other things to do. */
async function waitingIn(
  quarantine: QuarantineGauge,
  log: Log,
): Promise<Readonly<Partial<Record<'inQuarantine', number>>>> {
  try {
    return { inQuarantine: await quarantine.open() }
  } catch (error) {
    log('quarantine not counted', { error: errorName(error) })
    return {}
  }
}

/** Every figure, and whether the run left anything undone. */
function metricsOf({ stoppedBy, ...figures }: RunFigures): Readonly<Record<string, number>> {
  return { ...figures, unfinished: stoppedBy === 'done' ? 0 : 1 }
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
