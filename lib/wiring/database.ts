import { pgDatabase } from '../postgres/pg-database.ts'
import type { Database } from '../postgres/database.ts'
import { databaseEntries, parseEnvironment, type Environment } from '../runtime/config.ts'

interface Limits {
  /** Concurrent connections. */
  readonly max: number
  /** How long connecting, and one statement, may take. */
  readonly timeoutMs: number
}

type OpenDatabase = Database & { readonly close: () => Promise<void> }

/** The PostgreSQL database that the settings name. It connects to nothing yet. Throws where they name none. */
export function requireDatabase(environment: Environment, limits: Limits): OpenDatabase {
  const { DATABASE_URL: url } = parseEnvironment(databaseEntries, environment)
  return pgDatabase({ url, ...limits })
}
