import { AsyncLocalStorage } from 'node:async_hooks'
import type { Database } from '../../lib/postgres/database.ts'
import { ConfigError, isInPostgres, type Environment } from '../../lib/runtime/config.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import type { Runtime } from '../../lib/runtime/runtime.ts'
import { dynamoDbClient } from '../../lib/table/client.ts'
import { openDatabase } from '../../lib/wiring/database.ts'
import { runRoleCredentials, type RunRoleCredentials, type ScfContext } from './invocation.ts'

/** The runtime of a function on SCF. */
export interface ScfRuntime extends Runtime {
  /** The PostgreSQL database that the settings name; `undefined` where they name none, so that rows are in DynamoDB. */
  readonly database: (environment: Environment, limits: Limits) => Database | undefined
}

/** Of one instance. */
type Limits = Pick<Parameters<typeof openDatabase>[1], 'connections' | 'timeoutMs'>

/** Clients of DynamoDB, one for each timeout: connections outlive an invocation. */
export function dynamoDbClients(): Runtime['dynamoDb'] {
  return kept((requestTimeoutMs) => dynamoDbClient(requestTimeoutMs))
}

/** Databases, one for each setting: connections outlive an invocation. What is wrong is said at every one. */
export function databases(clock: Clock): ScfRuntime['database'] {
  const open = kept((_settings: string, environment: Environment, limits: Limits) =>
    openDatabase(environment, { ...limits, clock, credentials: ofInvocation }),
  )
  return (environment, limits) => {
    if (!isInPostgres(environment)) return undefined
    const { DATABASE_URL = '', CLOUDBASE_ENV_ID = '' } = environment
    return open(`${DATABASE_URL} ${CLOUDBASE_ENV_ID}`, environment, limits)
  }
}

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
