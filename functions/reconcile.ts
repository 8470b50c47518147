import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import {
  parseEnvironment,
  parsePollSettings,
  pollParameters,
  tableEntries,
  type Environment,
} from '../lib/runtime/config.ts'
import { finishBodies } from '../lib/quarantine/finish-bodies.ts'
import { withParameters } from '../lib/runtime/parameters.ts'
import { pollWiring } from '../lib/wiring/poll.ts'
import type { RunFigures } from '../lib/reconcile/ports.ts'
import { providers } from '../lib/providers/registry.ts'
import { reconcile } from '../lib/reconcile/reconcile.ts'
import { lambda, type Runtime } from '../lib/runtime/runtime.ts'
import { tableNames } from '../lib/table/names.ts'
import { quarantineGauge } from '../lib/table/quarantine-gauge.ts'
import { quarantineStore } from '../lib/table/quarantine-store.ts'
import { figuresOf, publishRunMetrics, publishQuarantineSize } from '../lib/reconcile/run-metrics.ts'
import { writersFor } from '../lib/wiring/writers.ts'

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
  deps: Runtime = lambda,
  isByHand = false,
): ScheduleHandler {
  const { clock, log } = deps
  let connected: ReturnType<Runtime['dynamoDb']> | undefined
  const client = () => (connected ??= deps.dynamoDb(requestTimeoutMs))
  const metricsTarget = () => ({
    deployment: parseEnvironment({ TABLE_PREFIX: tableEntries.TABLE_PREFIX }, environment).TABLE_PREFIX,
    clock,
    log,
    isByHand,
  })
  const finishing = (deployment: string) => ({
    providers,
    quarantine: quarantineStore({
      client: client(),
      table: tableNames(deployment).quarantine,
      clock,
      log,
    }),
    // What is unfinished was verified when it came, and this function has no keys.
    keysOf: () => Promise.resolve([]),
    ...writersFor(environment, client(), clock),
    clock,
    log,
  })
  // At each run, so that credentials may be replaced while the function stays.
  const wire = async () => {
    const settings = await withParameters(environment, pollParameters(environment), deps.parameters)
    const poll = parsePollSettings(settings)
    return {
      requestsPerSecond: poll?.SES_REQUESTS_PER_SECOND ?? 1,
      dependencies: { ...pollWiring(settings, poll, { client: client(), clock, log }), isByHand },
    }
  }
  const stack = middy<unknown, RunFigures>().handler(async (_event: unknown, context: Context) => {
    const deadlineMs = clock.now() + context.getRemainingTimeInMillis()
    const target = metricsTarget()
    // Before anything that may fail or use the time up: what waits has nothing to do with the poll.
    await publishQuarantineSize(quarantineGauge(client(), tableNames(target.deployment).quarantine), target)
    // Whoever runs it by hand waits for the poll.
    if (!isByHand) await finishBodies(finishing(target.deployment))
    const { dependencies, requestsPerSecond } = await wire()
    const report = await reconcile(
      { ...dependencies, owner: randomUUID() },
      { deadlineMs, maxCalls: Math.ceil(maxCallsPerRun * requestsPerSecond), requestsPerSecond },
    )
    publishRunMetrics(report, target)
    return figuresOf(report)
  })
  return (event, context) => stack(event, context)
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
