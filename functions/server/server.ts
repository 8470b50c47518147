import { setTimeout as wait } from 'node:timers/promises'
import { secondMs } from '../../lib/core/instant.ts'
import { authenticate } from '../../lib/ingest/authenticate.ts'
import { creatingTables } from '../../lib/postgres/created-tables.ts'
import type { Database } from '../../lib/postgres/database.ts'
import { pgDatabase } from '../../lib/postgres/pg-database.ts'
import { postgresQueries } from '../../lib/postgres/postgres-queries.ts'
import { postgresReconciling } from '../../lib/postgres/postgres-reconciling.ts'
import { postgresWrites } from '../../lib/postgres/postgres-writes.ts'
import { providers } from '../../lib/providers/registry.ts'
import type { Runtime } from '../../lib/runtime/runtime.ts'
import { createIngest, requestTimeoutMs as ingestTimeoutMs } from '../any-cloud/ingest.ts'
import { createQuery, requestTimeoutMs as queryTimeoutMs } from '../any-cloud/query.ts'
import { createReconcile, requestTimeoutMs as reconcileTimeoutMs } from '../any-cloud/reconcile.ts'
import { databaseHealth } from './health.ts'
import { listen, type HttpLimits } from './http.ts'
import { startSchedule } from './schedule.ts'
import type { ServerSettings } from './settings.ts'

type OpenDatabase = Database & { readonly close: () => Promise<void> }
type Connections = Omit<Parameters<typeof pgDatabase>[0], 'url'>

/** What the server runs in. */
export interface ServerRuntime extends Pick<Runtime, 'clock' | 'log' | 'deadline'> {
  /** Default: by the settings. */
  readonly openDatabase?: (connections: Connections) => OpenDatabase
  readonly limits?: HttpLimits
  /** How the schedule waits; resolves once the signal aborts. Default: by the machine's clock. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** A server that runs. */
export interface RunningServer {
  readonly port: number
  /** Ends what is under way, at the latest after {@link stopWithinMs}, and closes the connections. */
  readonly stop: () => Promise<void>
}

/** What orchestrators leave between asking and killing: 30 s with Kubernetes, 10 s with Docker where nothing is set. */
const stopWithinMs = 25 * secondMs

/** For the connections to close. */
const closingMs = 2 * secondMs

/** Connections for each kind of work, so that none keeps another waiting: 19 in all. */
const connections = {
  callbacks: { max: 10, timeoutMs: ingestTimeoutMs },
  questions: { max: 3, timeoutMs: queryTimeoutMs },
  runs: { max: 5, timeoutMs: reconcileTimeoutMs },
  health: { max: 1, timeoutMs: 2 * secondMs },
} as const satisfies Readonly<Record<string, Connections>>

/**
 * Starts the functions in this process: callbacks, and questions where they are answered, by HTTP, and runs by a schedule. The
 * database need not be there yet. Rejects where it cannot listen.
 */
export async function startServer(settings: ServerSettings, runtime: ServerRuntime): Promise<RunningServer> {
  const { clock, log } = runtime
  const { environment, schema, tokenDigests } = settings
  const opened: OpenDatabase[] = []
  const open = (of: Connections) => {
    const database = runtime.openDatabase?.(of) ?? pgDatabase({ url: settings.databaseUrl, ...of })
    opened.push(database)
    return database
  }
  const on = (of: Connections) => ({ database: creatingTables(open(of), schema), schema, clock, log })
  const writes = postgresWrites(on(connections.callbacks))
  const reconciling = postgresReconciling(on(connections.runs))
  const queries = settings.isQueried ? postgresQueries(on(connections.questions)) : undefined
  const health = databaseHealth(open(connections.health), runtime)
  const server = await listen(
    {
      ingest: createIngest(environment, runtime, () => writes),
      isOpen: (request) => authenticate(request, { providers, tokenDigests }).hasValidToken,
      query: queries && createQuery(environment, runtime, () => queries),
      health,
      log,
    },
    { ...settings, ...(runtime.limits && { limits: runtime.limits }) },
  )
  log('listening', { host: settings.host, port: server.port, isQueried: settings.isQueried })
  const schedule = startSchedule({
    run: createReconcile(environment, runtime, () => reconciling),
    isReady: health.isReady,
    everyMs: settings.everyMs,
    clock,
    wait: runtime.wait ?? waitUnlessAborted,
    log,
  })
  return {
    port: server.port,
    async stop() {
      const late = new AbortController()
      const bound = waitUnlessAborted(stopWithinMs, late.signal)
      await Promise.all([server.stop(stopWithinMs), Promise.race([schedule.stop(), bound])])
      late.abort()
      const closed = Promise.all(opened.map((database) => database.close()))
      // A run that did not end in time still uses them.
      await Promise.race([closed, wait(closingMs)])
    },
  }
}

async function waitUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined)
}
