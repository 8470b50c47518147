import { systemClock } from '../lib/runtime/clock.ts'
import {
  blocklistDays,
  ConfigError,
  isInPostgres,
  parseEnvironment,
  setVariables,
  tableEntries,
} from '../lib/runtime/config.ts'
import { jsonLog } from '../lib/runtime/log.ts'
import type { Clock, Log } from '../lib/runtime/ports.ts'
import type { Store } from '../lib/store/ports.ts'
import { dynamoDbClient } from '../lib/table/client.ts'
import { dynamoDbStore } from '../lib/table/dynamodb-store.ts'
import { tableNames } from '../lib/table/names.ts'
import { openPostgres, type PostgresStore } from '../lib/postgres/postgres-store.ts'
import { openDatabase } from '../lib/wiring/database.ts'

/** For pages of a megabyte. */
const requestTimeoutMs = 5_000

/** A command has less to do at once than a server. */
const concurrentStatements = 5

/** What the environment's deployment keeps, and what is needed to read and write it. */
export interface OpenLedger {
  readonly store: Store
  /** Names the deployment to a person. */
  readonly name: string
  /** For how many days evidence of a provider's own blocklist holds. */
  readonly blocklistDays: number
  readonly clock: Clock
  /** To standard error, so that standard output holds only the command's result. */
  readonly log: Log
}

/** The same with what only DynamoDB has. */
export interface OpenDynamoDb extends OpenLedger {
  readonly client: ReturnType<typeof dynamoDbClient>
}

/** The same with what only PostgreSQL has. */
export interface OpenInPostgres extends OpenLedger {
  readonly store: PostgresStore
}

/** For CloudBase, which is asked by Tencent's API. */
function credentialsOfShell() {
  const {
    TENCENTCLOUD_SECRET_ID: secretId,
    TENCENTCLOUD_SECRET_KEY: secretKey,
    TENCENTCLOUD_TOKEN: token,
  } = setVariables(process.env)
  if (secretId !== undefined && secretKey !== undefined) return { secretId, secretKey, token }
  throw new ConfigError([
    'TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY: expected those of an account that may call tcb:ExecutePGSql, since rows are in CloudBase (CLOUDBASE_ENV_ID)',
  ])
}

type WithoutStore = Omit<OpenLedger, 'store'>

/** Opens the ledger for one command, and closes its connections in any case. */
export async function withLedger<T>(use: (ledger: OpenLedger) => Promise<T>): Promise<T> {
  if (!isInPostgres(process.env)) return withDynamoDb(use)
  return withPostgres(async (ledger) => {
    await ledger.store.requireRowsInSight()
    return use(ledger)
  })
}

/** The same for what is to be seen of DynamoDB itself. */
export async function withDynamoDb<T>(use: (ledger: OpenDynamoDb) => Promise<T>): Promise<T> {
  const shared = fromEnvironment()
  const client = dynamoDbClient(requestTimeoutMs)
  const store = dynamoDbStore({ client, tables: tableNames(shared.name), ...shared })
  try {
    return await use({ client, store, ...shared })
  } finally {
    client.destroy()
  }
}

/** The same for what is to be seen of PostgreSQL itself. */
export async function withPostgres<T>(use: (ledger: OpenInPostgres) => Promise<T>): Promise<T> {
  const shared = fromEnvironment()
  const database = openDatabase(process.env, {
    connections: concurrentStatements,
    timeoutMs: requestTimeoutMs,
    clock: shared.clock,
    credentials: credentialsOfShell,
  })
  try {
    return await use({ store: openPostgres({ database, schema: shared.name, ...shared }), ...shared })
  } finally {
    await database.close()
  }
}

function fromEnvironment(): WithoutStore {
  const { TABLE_PREFIX, BLOCKLIST_DAYS } = parseEnvironment(
    { ...tableEntries, BLOCKLIST_DAYS: blocklistDays },
    process.env,
  )
  return {
    name: TABLE_PREFIX,
    blocklistDays: BLOCKLIST_DAYS,
    clock: systemClock,
    log: jsonLog((line) => process.stderr.write(`${line}\n`), systemClock.now),
  }
}

/** The part of an id that is enough for another command. */
export function shownId(id: string): string {
  return id.slice(0, 12)
}
