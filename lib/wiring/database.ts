import { cloudBaseDatabase } from '../postgres/cloudbase-database.ts'
import type { Database } from '../postgres/database.ts'
import { pgDatabase } from '../postgres/pg-database.ts'
import {
  cloudBaseEntries,
  ConfigError,
  databaseEntries,
  parseEnvironment,
  setVariables,
  type Environment,
} from '../runtime/config.ts'
import type { Clock } from '../runtime/ports.ts'

interface Reached {
  /** Concurrent connections, by PostgreSQL's own protocol. */
  readonly connections: number
  /** How long connecting, and one statement or call, may take. */
  readonly timeoutMs: number
  readonly clock: Clock
  /** Of Tencent Cloud, for CloudBase: asked at each call. It may throw. */
  readonly credentials: Parameters<typeof cloudBaseDatabase>[0]['credentials']
}

type OpenDatabase = Database & { readonly close: () => Promise<void> }

const twoDatabases =
  'DATABASE_URL and CLOUDBASE_ENV_ID: expected one of them. Unset CLOUDBASE_ENV_ID (on SCF cloudbaseEnvId) for rows in the database of DATABASE_URL, or DATABASE_URL for rows in CloudBase'

/** The PostgreSQL database that the settings name. It connects to nothing yet. Throws where they name none, or two. */
export function openDatabase(environment: Environment, reached: Reached): OpenDatabase {
  const { connections, timeoutMs, clock, credentials } = reached
  const { DATABASE_URL, CLOUDBASE_ENV_ID } = setVariables(environment)
  if (CLOUDBASE_ENV_ID === undefined) {
    const { DATABASE_URL: url } = parseEnvironment(databaseEntries, environment)
    return pgDatabase({ url, max: connections, timeoutMs })
  }
  if (DATABASE_URL !== undefined) throw new ConfigError([twoDatabases])
  const { CLOUDBASE_ENV_ID: environmentId, CLOUDBASE_ENDPOINT: endpoint } = parseEnvironment(
    cloudBaseEntries,
    environment,
  )
  const database = cloudBaseDatabase({ environmentId, endpoint, credentials, clock, timeoutMs })
  return { ...database, close: () => Promise.resolve() }
}
