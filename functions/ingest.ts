import { tryAgain } from '../lib/ingest/responses.ts'
import type { Environment } from '../lib/runtime/config.ts'
import { functionUrlStack, type FunctionUrlHandler } from '../lib/runtime/http/function-url.ts'
import { lambda, type Runtime } from '../lib/runtime/runtime.ts'
import { dynamoDbWrites } from '../lib/table/dynamodb-store.ts'
import { tableNames } from '../lib/table/names.ts'
import { createIngest } from './any-cloud/ingest.ts'

/** Wires the ingest function: callbacks in, one write per event out. */
export function createHandler(environment: Environment, deps: Runtime = lambda): FunctionUrlHandler {
  const { clock, log, dynamoDb } = deps
  const respond = createIngest(environment, {
    ...deps,
    store: ({ deployment, requestTimeoutMs }) =>
      dynamoDbWrites({ client: dynamoDb(requestTimeoutMs), tables: tableNames(deployment), clock }),
  })
  return functionUrlStack(respond, { log, onFault: tryAgain })
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
