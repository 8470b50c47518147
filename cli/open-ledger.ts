import { systemClock } from '../lib/runtime/clock.ts'
import { blocklistDays, parseEnvironment, tableEntries } from '../lib/runtime/config.ts'
import { jsonLog } from '../lib/runtime/log.ts'
import type { Clock, Log } from '../lib/runtime/ports.ts'
import { dynamoDbClient } from '../lib/table/client.ts'
import { tableNames, type TableNames } from '../lib/table/names.ts'

/** For pages of a megabyte. */
const requestTimeoutMs = 5_000

/** The tables of the environment's deployment, and what is needed to read and write them. */
export interface OpenLedger {
  readonly client: ReturnType<typeof dynamoDbClient>
  readonly tables: TableNames
  /** Names the deployment to a person. */
  readonly name: string
  /** For how many days evidence of a provider's own blocklist holds. */
  readonly blocklistDays: number
  readonly clock: Clock
  /** To standard error, so that standard output holds only the command's result. */
  readonly log: Log
}

/** Opens the ledger for one command, and closes its connections in any case. */
export async function withLedger<T>(use: (ledger: OpenLedger) => Promise<T>): Promise<T> {
  const { TABLE_PREFIX, BLOCKLIST_DAYS } = parseEnvironment(
    { ...tableEntries, BLOCKLIST_DAYS: blocklistDays },
    process.env,
  )
  const client = dynamoDbClient(requestTimeoutMs)
  try {
    return await use({
      client,
      tables: tableNames(TABLE_PREFIX),
      name: TABLE_PREFIX,
      blocklistDays: BLOCKLIST_DAYS,
      clock: systemClock,
      log: jsonLog((line) => process.stderr.write(`${line}\n`), systemClock.now),
    })
  } finally {
    client.destroy()
  }
}

/** The part of an id that is enough for another command. */
export function shownId(id: string): string {
  return id.slice(0, 12)
}
