import { tryAgain } from '../lib/ingest/responses.ts'
import type { Environment } from '../lib/runtime/config.ts'
import { functionUrlStack, type FunctionUrlHandler } from '../lib/runtime/http/function-url.ts'
import { lambda, type Runtime } from '../lib/runtime/runtime.ts'
import type { WriteStore } from '../lib/store/ports.ts'
import { dynamoDbWrites } from '../lib/table/dynamodb-writes.ts'
import { tableNames } from '../lib/table/names.ts'
import { createIngest, requestTimeoutMs } from './any-cloud/ingest.ts'

/** Wires the ingest function: callbacks in, one write per event out. */
export function createHandler(environment: Environment, deps: Runtime = lambda): FunctionUrlHandler {
  const openStore = (deployment: string): WriteStore =>
    dynamoDbWrites({
      client: deps.dynamoDb(requestTimeoutMs),
      tables: tableNames(deployment),
      clock: deps.clock,
    })
  return functionUrlStack(createIngest(environment, deps, openStore), { log: deps.log, onFault: tryAgain })
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
