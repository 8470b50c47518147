import { systemClock } from '../lib/runtime/clock.ts'
import { blocklistDays, parseEnvironment, tableEntries } from '../lib/runtime/config.ts'
import { jsonLog } from '../lib/runtime/log.ts'
import type { Clock, Log } from '../lib/runtime/ports.ts'
import type { Store } from '../lib/store/ports.ts'
import { dynamoDbClient } from '../lib/table/client.ts'
import { dynamoDbStore } from '../lib/table/dynamodb-store.ts'
import { tableNames } from '../lib/table/names.ts'

/** For pages of a megabyte. */
const requestTimeoutMs = 5_000

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

/** Opens the ledger for one command, and closes its connections in any case. */
export async function withLedger<T>(use: (ledger: OpenLedger) => Promise<T>): Promise<T> {
  return withDynamoDb(use)
}

/** The same for what is to be seen of DynamoDB itself. */
export async function withDynamoDb<T>(use: (ledger: OpenDynamoDb) => Promise<T>): Promise<T> {
  const { TABLE_PREFIX, BLOCKLIST_DAYS } = parseEnvironment(
    { ...tableEntries, BLOCKLIST_DAYS: blocklistDays },
    process.env,
  )
  const client = dynamoDbClient(requestTimeoutMs)
  const shared = {
    clock: systemClock,
    log: jsonLog((line) => process.stderr.write(`${line}\n`), systemClock.now),
  }
  try {
    return await use({
      client,
      store: dynamoDbStore({ client, tables: tableNames(TABLE_PREFIX), ...shared }),
      name: TABLE_PREFIX,
      blocklistDays: BLOCKLIST_DAYS,
      ...shared,
    })
  } finally {
    client.destroy()
  }
}

/** The part of an id that is enough for another command. */
export function shownId(id: string): string {
  return id.slice(0, 12)
}
