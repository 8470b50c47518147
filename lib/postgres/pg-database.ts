import pg from 'pg'
import { databaseBehind, StatementError, unlessAborted, type Database } from './database.ts'

interface Connections {
  /** postgres://user:password@host:port/database, with `?sslmode=` and whatever else libpq knows. */
  readonly url: string
  /** Concurrent connections; further statements wait. Default: 10. */
  readonly max?: number
  /** How long connecting, and one statement, may take. */
  readonly timeoutMs: number
}

/** A database by its own protocol: any PostgreSQL from version 15 on. It connects at the first statement. */
export function pgDatabase({ url, max = 10, timeoutMs }: Connections): Database & {
  readonly close: () => Promise<void>
} {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    // So that the server, too, ends what nobody waits for.
    statement_timeout: timeoutMs,
    allowExitOnIdle: true,
  })
  // A connection that is lost while it is idle is no failure of any statement.
  pool.on('error', () => undefined)
  const database = databaseBehind({
    run: (statement, json, signal) =>
      unlessAborted(signal, async () => {
        const query = { text: statement, rowMode: 'array', ...(json !== undefined && { values: [json] }) }
        const { rows, rowCount } = await unlessLost(max, signal, () =>
          pool.query<[unknown]>(query as pg.QueryArrayConfig),
        ).catch(refused)
        return { rows: rows.map(([row]) => row), changed: rowCount ?? 0 }
      }),
  })
  return { ...database, close: () => pool.end() }
}

/**
 * The result, of another connection where one is lost: a function that slept, and whose server or network has ended its
 * connections meanwhile, notices only when it uses one. So a statement may be done twice, as with DynamoDB. What nobody waits for
 * any more is not begun again.
 */
async function unlessLost<T>(
  connections: number,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  for (let left = connections; ; left -= 1) {
    try {
      return await run()
    } catch (error) {
      if (left === 0 || signal?.aborted || !isLost(error)) throw error
    }
  }
}

function isLost(error: unknown): boolean {
  const { code = '', message } = error as { readonly code?: string; readonly message: string }
  // 57P01: ended by whoever runs the server. What ends "due to connection timeout" was never there to be lost.
  return (
    /^(?:ECONNRESET|EPIPE|57P01)$/.test(code) || /^Connection terminated(?: unexpectedly)?$/.test(message)
  )
}

/** The detail of PostgreSQL's errors may hold what was to be written, so only the message goes on. */
function refused(error: unknown): never {
  if (error instanceof pg.DatabaseError) {
    throw new StatementError(error.code ?? '', error.message)
  }
  throw error
}
