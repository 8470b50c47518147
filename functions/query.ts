import { tryAgain } from '../lib/query/responses.ts'
import { systemClock } from '../lib/runtime/clock.ts'
import type { Environment } from '../lib/runtime/config.ts'
import { functionUrlStack, type FunctionUrlHandler } from '../lib/runtime/http/function-url.ts'
import { jsonLog } from '../lib/runtime/log.ts'
import type { Runtime } from '../lib/runtime/runtime.ts'
import type { QueryStore } from '../lib/store/ports.ts'
import { dynamoDbClient } from '../lib/table/client.ts'
import { dynamoDbQueries } from '../lib/table/dynamodb-queries.ts'
import { tableNames } from '../lib/table/names.ts'
import { createQuery, requestTimeoutMs } from './any-cloud/query.ts'

/** AWS Lambda without parameters: this function reads none, and its bundle holds no client for them. */
const lambda: Runtime = {
  clock: systemClock,
  log: jsonLog((line) => process.stdout.write(`${line}\n`), systemClock.now),
  dynamoDb: dynamoDbClient,
}

/** Wires the query function: a question in, an answer from the tables out. It writes nothing. */
export function createHandler(environment: Environment, deps: Runtime = lambda): FunctionUrlHandler {
  const { clock, log, dynamoDb } = deps
  const openStore = (deployment: string): QueryStore =>
    dynamoDbQueries({ client: dynamoDb(requestTimeoutMs), tables: tableNames(deployment), clock, log })
  return functionUrlStack(createQuery(environment, deps, openStore), { log, onFault: tryAgain })
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
