import { systemClock } from '../lib/runtime/clock.ts'
import { blocklistDays, parseEnvironment, tableEntries } from '../lib/runtime/config.ts'
import { jsonLog } from '../lib/runtime/log.ts'
import type { Clock, Log } from '../lib/runtime/ports.ts'
import { dynamoDbClient } from '../lib/table/client.ts'
import { tableNames, type TableNames } from '../lib/table/names.ts'

/** For pages of a megabyte. */
const requestTimeoutMs = 5_000

/** The tables of the deployment that the environment names, and what it takes to read and write them. */
export interface OpenLedger {
  readonly client: ReturnType<typeof dynamoDbClient>
  readonly tables: TableNames
  /** Names the deployment to a person. */
  readonly name: string
  /** For how many days evidence of a provider's own blocklist holds. */
  readonly blocklistDays: number
  readonly clock: Clock
  /** To standard error, so that what a command prints is its answer alone. */
  readonly log: Log
}

/** Lends the ledger to one command, and closes its connections whatever becomes of it. */
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

/** As much of an id as it takes to name it in another command. */
export function shownId(id: string): string {
  return id.slice(0, 12)
}
