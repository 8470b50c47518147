import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { RunFigures } from '../lib/reconcile/ports.ts'
import type { Environment } from '../lib/runtime/config.ts'
import { lambda, type Runtime } from '../lib/runtime/runtime.ts'
import type { ReconcileStore } from '../lib/store/ports.ts'
import { dynamoDbReconciling } from '../lib/table/dynamodb-reconciling.ts'
import { tableNames } from '../lib/table/names.ts'
import { createReconcile, requestTimeoutMs } from './any-cloud/reconcile.ts'

/** A Lambda handler for the schedule. The event is not used: every run does what is due. */
export type ScheduleHandler = (event: unknown, context: Context) => Promise<RunFigures>

/**
 * Wires the reconcile function: polled rows in, the facts that rows lack out.
 * @param isByHand - whether an operator waits for the result: then today's list is read even if it is not due.
 */
export function createHandler(
  environment: Environment,
  deps: Runtime = lambda,
  isByHand = false,
): ScheduleHandler {
  const { clock, log } = deps
  let connected: ReturnType<Runtime['dynamoDb']> | undefined
  const openStore = (deployment: string): ReconcileStore => {
    const client = (connected ??= deps.dynamoDb(requestTimeoutMs))
    return dynamoDbReconciling({ client, tables: tableNames(deployment), clock, log })
  }
  const run = createReconcile(environment, deps, openStore, isByHand)
  const stack = middy<unknown, RunFigures>().handler((_event: unknown, context: Context) =>
    run(clock.now() + context.getRemainingTimeInMillis()),
  )
  return (event, context) => stack(event, context)
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
