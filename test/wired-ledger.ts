import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { QuarantineStore, QuarantineWriter } from '../lib/quarantine/ports.ts'
import type { Clock, Log } from '../lib/runtime/ports.ts'
import { recordingSuppressions } from '../lib/suppressions/record-with-suppressions.ts'
import { deliveryWriter } from '../lib/table/delivery-writer.ts'
import { inboundMailWriter } from '../lib/table/inbound-writer.ts'
import type { TableNames } from '../lib/store/ports.ts'
import { quarantineStore } from '../lib/table/quarantine-store.ts'
import { quarantineWriter } from '../lib/table/quarantine-writer.ts'
import { suppressionWriter } from '../lib/table/suppression-writer.ts'
import type { ProcessBodyDependencies } from '../lib/ingest/process-body.ts'
import { rowsOf, type PlainRow } from './embedded-tables.ts'

/** The real writers on one set of tables, wired as functions/ingest.ts and the command wire them. */
export interface WiredLedger extends ProcessBodyDependencies {
  readonly keeper: QuarantineWriter
  readonly store: QuarantineStore
  /** For a replay: no key is known. */
  readonly keysOf: () => Promise<readonly string[]>
  /** Every row of every table that callbacks write into. */
  readonly allRows: () => Promise<AllRows>
}

export type AllRows = Readonly<
  Record<'deliveries' | 'suppressions' | 'inbound' | 'quarantine', readonly PlainRow[]>
>

export const noRows: AllRows = { deliveries: [], suppressions: [], inbound: [], quarantine: [] }

export function wiredLedger(client: DynamoDBClient, tables: TableNames, clock: Clock, log: Log): WiredLedger {
  const table = { client, retentionDays: 400, clock }
  return {
    deliveries: recordingSuppressions(
      deliveryWriter({ ...table, table: tables.deliveries }),
      suppressionWriter({ client, table: tables.suppressions }),
    ),
    inbound: inboundMailWriter({ ...table, table: tables.inbound }),
    keeper: quarantineWriter({ ...table, table: tables.quarantine }),
    store: quarantineStore({ client, table: tables.quarantine, clock, log }),
    keysOf: () => Promise.resolve([]),
    clock,
    log,
    allRows: () => allRowsOf(client, tables),
  }
}

const keyOfTable = {
  deliveries: ['recipient', 'message'],
  suppressions: ['recipient'],
  inbound: ['id'],
  quarantine: ['id'],
} as const

export async function allRowsOf(client: DynamoDBClient, tables: TableNames): Promise<AllRows> {
  const [deliveries, suppressions, inbound, quarantine] = await Promise.all([
    rowsOf(client, tables.deliveries),
    rowsOf(client, tables.suppressions),
    rowsOf(client, tables.inbound),
    rowsOf(client, tables.quarantine),
  ])
  // One row a day counts what it keeps, and is no body.
  const bodies = quarantine.filter(({ id }) => !String(id).startsWith('taken#'))
  return { deliveries, suppressions, inbound, quarantine: bodies }
}

/** Deletes every row: much faster than fresh tables, for a test that needs a hundred of them. */
export async function emptyTables(client: DynamoDBClient, tables: TableNames): Promise<void> {
  const rows = await allRowsOf(client, tables)
  for (const table of ['deliveries', 'suppressions', 'inbound', 'quarantine'] as const) {
    const keys = rows[table].map((row) =>
      Object.fromEntries(keyOfTable[table].map((name) => [name, { S: String(row[name]) }])),
    )
    const deletions = keys.map((Key) => client.send(new DeleteItemCommand({ TableName: tables[table], Key })))
    await Promise.all(deletions)
  }
}
