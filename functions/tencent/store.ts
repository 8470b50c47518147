import { AsyncLocalStorage } from 'node:async_hooks'
import { cloudBaseDatabase } from '../../lib/postgres/cloudbase-database.ts'
import type { Database } from '../../lib/postgres/database.ts'
import {
  cloudBaseEntries,
  ConfigError,
  parseEnvironment,
  setVariables,
  type Environment,
} from '../../lib/runtime/config.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import type { Runtime } from '../../lib/runtime/runtime.ts'
import { dynamoDbClient } from '../../lib/table/client.ts'
import { requireDatabase } from '../../lib/wiring/database.ts'
import { runRoleCredentials, type RunRoleCredentials, type ScfContext } from './invocation.ts'

/** The runtime of a function on SCF. */
export interface ScfRuntime extends Runtime {
  /** The PostgreSQL database that the settings name; `undefined` where they name none, so that rows are in DynamoDB. */
  readonly database: (environment: Environment, limits: Limits) => Database | undefined
}

interface Limits {
  /** Concurrent connections of an instance. */
  readonly connections: number
  /** How long connecting, one statement, or one call may take. */
  readonly timeoutMs: number
}

/** Clients of DynamoDB, one for each timeout: connections outlive an invocation. */
export function dynamoDbClients(): Runtime['dynamoDb'] {
  return kept((requestTimeoutMs) => dynamoDbClient(requestTimeoutMs))
}

/** Databases, one for each setting: connections outlive an invocation. What is wrong is said at every one. */
export function databases(clock: Clock): ScfRuntime['database'] {
  const pool = kept((_key, environment: Environment, { connections: max, timeoutMs }: Limits) =>
    requireDatabase(environment, { max, timeoutMs }),
  )
  const cloudBase = kept((_key, environment: Environment, { timeoutMs }: Limits) => {
    const { CLOUDBASE_ENV_ID: environmentId, CLOUDBASE_ENDPOINT: endpoint } = parseEnvironment(
      cloudBaseEntries,
      environment,
    )
    return cloudBaseDatabase({ environmentId, endpoint, credentials: ofInvocation, clock, timeoutMs })
  })
  return (environment, limits) => {
    const { DATABASE_URL: url, CLOUDBASE_ENV_ID: environmentId } = setVariables(environment)
    if (url !== undefined && environmentId !== undefined) throw new ConfigError([twoDatabases])
    if (url !== undefined) return pool(url, environment, limits)
    if (environmentId !== undefined) return cloudBase(environmentId, environment, limits)
    return undefined
  }
}

const twoDatabases =
  'DATABASE_URL and CLOUDBASE_ENV_ID: expected one of them. Drop CLOUDBASE_ENV_ID (cloudbaseEnvId) to keep rows in the database of DATABASE_URL, or DATABASE_URL (`DATABASE_URL= npx serverless deploy …`) to keep them in CloudBase'

const invocation = new AsyncLocalStorage<RunRoleCredentials | undefined>()

/** Runs an invocation. Its run role's credentials are known to what it begins, and to nothing else. */
export function withRunRole<T>(
  context: ScfContext,
  environment: Environment,
  run: () => Promise<T>,
): Promise<T> {
  return invocation.run(runRoleCredentials(context, environment), run)
}

function ofInvocation(): RunRoleCredentials {
  const credentials = invocation.getStore()
  if (credentials !== undefined) return credentials
  throw new ConfigError([
    'CLOUDBASE_ENV_ID: rows are in CloudBase, and the function has no run role (runRole) that may call tcb:ExecutePGSql',
  ])
}

/** What is made for a key, which is made once for it. */
function kept<Key, Others extends readonly unknown[], Made>(
  make: (key: Key, ...others: Others) => Made,
): (key: Key, ...others: Others) => Made {
  const made = new Map<Key, Made>()
  return (key, ...others) => {
    const one = made.get(key) ?? make(key, ...others)
    made.set(key, one)
    return one
  }
}
