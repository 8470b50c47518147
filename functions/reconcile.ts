import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { parseEnvironment, parsePollSettings, tableEntries, type Environment } from '../lib/config.ts'
import { lazily } from '../lib/lazily.ts'
import type { RunFigures } from '../lib/ports.ts'
import { defaultSweepAgesDays } from '../lib/core/sweep-plan.ts'
import { embeddedMetrics } from '../lib/embedded-metrics.ts'
import { reconcile } from '../lib/reconcile.ts'
import { getSendEmailStatus } from '../lib/ses/get-send-email-status.ts'
import { recordingSuppressions } from '../lib/record.ts'
import { lambda, type Surroundings } from '../lib/surroundings.ts'
import { deliveryReader } from '../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../lib/table/delivery-writer.ts'
import { tableNames } from '../lib/table/names.ts'
import { runStore } from '../lib/table/run-store.ts'
import { suppressionWriter } from '../lib/table/suppression-writer.ts'

/** What stops a run that asks more than anybody meant it to, at one request a second: no run is as long. */
const maxCallsPerRun = 1_000

/** A batch of a hundred large rows takes its time. */
const requestTimeoutMs = 5_000

/** Runs of the same job exclude each other. */
export const reconcileJob = 'get-send-email-status'

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
  const wired = lazily(() => {
    const { TABLE_PREFIX, RETENTION_DAYS } = parseEnvironment(tableEntries, environment)
    const poll = parsePollSettings(environment)
    const tables = tableNames(TABLE_PREFIX)
    const client = on.dynamoDb(requestTimeoutMs)
    const deliveries = { client, table: tables.deliveries, retentionDays: RETENTION_DAYS, clock }
    const writer = deliveryWriter(deliveries)
    return {
      deployment: TABLE_PREFIX,
      requestsPerSecond: poll?.SES_REQUESTS_PER_SECOND ?? 1,
      dependencies: {
        statusApi:
          poll &&
          getSendEmailStatus({
            endpoint: poll.SES_ENDPOINT,
            region: poll.SES_REGION,
            secretId: poll.TENCENTCLOUD_SECRET_ID,
            secretKey: poll.TENCENTCLOUD_SECRET_KEY,
            token: poll.TENCENTCLOUD_TOKEN,
          }),
        deliveries: {
          ...writer,
          ...recordingSuppressions(writer, suppressionWriter({ client, table: tables.suppressions })),
          ...deliveryReader({ ...deliveries, log }),
        },
        runs: runStore(client, tables.reconciliation, reconcileJob, clock),
        clock,
        log,
        sweepAgesDays: poll?.SWEEP_AGES_DAYS ?? defaultSweepAgesDays,
        areSendsRecorded: poll?.SENDS_RECORDED ?? false,
        isByHand,
      },
    }
  })
  const stack = middy<unknown, RunFigures>().handler(async (_event: unknown, context: Context) => {
    const { deployment, dependencies, requestsPerSecond } = wired()
    const deadlineMs = clock.now() + context.getRemainingTimeInMillis()
    const report = await reconcile(
      { ...dependencies, owner: randomUUID() },
      { deadlineMs, maxCalls: Math.ceil(maxCallsPerRun * requestsPerSecond), requestsPerSecond },
    )
    if (report.figures.stoppedBy !== 'lease') {
      log(
        'metrics',
        embeddedMetrics(metricsOf(report.figures), { deployment, job: 'reconcile', nowMs: clock.now() }),
      )
    }
    // A run that the provider refuses must be seen to fail; the message names the setting to change.
    if (report.figures.stoppedBy === 'settings') throw new Error(report.problem)
    return report.figures
  })
  return (event, context) => stack(event, context)
}

/** Every figure, and whether the run left anything undone. */
function metricsOf({ stoppedBy, ...figures }: RunFigures): Readonly<Record<string, number>> {
  return { ...figures, unfinished: stoppedBy === 'done' ? 0 : 1 }
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
