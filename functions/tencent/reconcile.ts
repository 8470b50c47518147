import './polyfills.ts'
import { creatingTables } from '../../lib/postgres/created-tables.ts'
import { postgresReconciling } from '../../lib/postgres/postgres-reconciling.ts'
import type { RunFigures } from '../../lib/reconcile/ports.ts'
import type { Environment } from '../../lib/runtime/config.ts'
import { withoutAddresses } from '../../lib/runtime/log.ts'
import type { ReconcileStore } from '../../lib/store/ports.ts'
import { dynamoDbReconciling } from '../../lib/table/dynamodb-reconciling.ts'
import { tableNames } from '../../lib/table/names.ts'
import { createReconcile, requestTimeoutMs } from '../any-cloud/reconcile.ts'
import { deadlineMsOf, withPollCredentials, type ScfContext } from './invocation.ts'
import { scf } from './scf-runtime.ts'
import { withRunRole, type ScfRuntime } from './store.ts'

/** Connections to PostgreSQL of one run; a second one finds that the first has the lease, and ends. */
const connections = 4

/** Takes the event of a timer. It is not used: every run does what is due. */
type ScheduleHandler = (event: unknown, context: ScfContext) => Promise<RunFigures>

/** Wires the reconcile function for Tencent SCF: polled rows in, the facts that rows lack out. */
export function createHandler(environment: Environment, deps: ScfRuntime = scf): ScheduleHandler {
  const { clock, log, dynamoDb } = deps
  const openStore = (deployment: string): ReconcileStore => {
    const database = deps.database(environment, { connections, timeoutMs: requestTimeoutMs })
    if (database !== undefined) {
      return postgresReconciling({
        database: creatingTables(database, deployment),
        schema: deployment,
        clock,
        log,
      })
    }
    const client = dynamoDb(requestTimeoutMs)
    return dynamoDbReconciling({ client, tables: tableNames(deployment), clock, log })
  }
  return async (_event, context) => {
    context.callbackWaitsForEmptyEventLoop = false
    const deadlineMs = deadlineMsOf(context, clock.now())
    try {
      // Anew at every run: the credentials of the last one may have expired.
      const run = createReconcile(withPollCredentials(environment, context), deps, openStore)
      return await withRunRole(context, environment, () => run(deadlineMs))
    } catch (error) {
      log('run failed', { stack: error instanceof Error ? error.stack : typeof error })
      throw publicError(error)
    }
  }
}

/** The platform logs what is thrown: the message alone, without addresses. */
function publicError(error: unknown): Error {
  const publicOne = new Error(withoutAddresses(error instanceof Error ? error.message : typeof error))
  publicOne.stack = ''
  return publicOne
}

/** The SCF entry point: `index.main_handler`. */
// ts-unused-exports:disable-next-line
export const main_handler = createHandler(process.env)
