import './polyfills.ts'
import { tryAgain } from '../../lib/ingest/responses.ts'
import { creatingTables } from '../../lib/postgres/created-tables.ts'
import { postgresWrites } from '../../lib/postgres/postgres-writes.ts'
import type { Environment } from '../../lib/runtime/config.ts'
import { resultOf, type FunctionUrlResult } from '../../lib/runtime/http/function-url-result.ts'
import { dynamoDbWrites } from '../../lib/table/dynamodb-writes.ts'
import { tableNames } from '../../lib/table/names.ts'
import { createIngest, requestTimeoutMs } from '../any-cloud/ingest.ts'
import { requestOf } from './event.ts'
import type { ScfContext } from './invocation.ts'
import { scf } from './scf-runtime.ts'
import { withRunRole, type ScfRuntime } from './store.ts'

/**
 * Connections of one instance to PostgreSQL: an instance has one request at a time, whose writes share them. So 20 instances
 * (`ingestConcurrency`) and reconcile have 44, where a small server takes 100.
 */
const connections = 2

/** Takes the event of a function URL. The platform logs what it returns, which has no address in it. */
type IngestHandler = (event: unknown, context: ScfContext) => Promise<FunctionUrlResult>

/** Wires the ingest function for Tencent SCF: callbacks in, one write per event out. */
export function createHandler(environment: Environment, deps: ScfRuntime = scf): IngestHandler {
  const { clock, log, dynamoDb } = deps
  const respond = createIngest(environment, deps, (deployment) => {
    const database = deps.database(environment, { connections, timeoutMs: requestTimeoutMs })
    if (database !== undefined) {
      return postgresWrites({ database: creatingTables(database, deployment), schema: deployment, clock })
    }
    return dynamoDbWrites({ client: dynamoDb(requestTimeoutMs), tables: tableNames(deployment), clock })
  })
  return async (event, context) => {
    context.callbackWaitsForEmptyEventLoop = false
    try {
      return resultOf(await withRunRole(context, environment, () => respond(requestOf(event))))
    } catch (error) {
      log('unexpected fault', { stack: error instanceof Error ? error.stack : typeof error })
      return resultOf(tryAgain())
    }
  }
}

/** The SCF entry point: `index.main_handler`. */
// ts-unused-exports:disable-next-line
export const main_handler = createHandler(process.env)
