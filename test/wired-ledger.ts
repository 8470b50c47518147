import { DeleteItemCommand, DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
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
import type { EmbeddedPostgres } from './embedded-postgres.ts'
import { rowsOf, type EmbeddedTables, type PlainRow } from './embedded-tables.ts'

/** The real writers on one set of tables, wired as functions/ingest.ts and the command wire them. */
export interface WiredLedger extends ProcessBodyDependencies {
  readonly keeper: QuarantineWriter
  readonly store: QuarantineStore
  /** For a replay: no key is known. */
  readonly keysOf: () => Promise<readonly string[]>
  /** Every row of every table that callbacks write into. */
  readonly allRows: () => Promise<AllRows>
}

/** The same on whichever store `LEDGER` names, and what tests do to its tables. */
export interface LedgerUnderTest extends WiredLedger {
  readonly rowsOf: (table: keyof AllRows) => Promise<readonly PlainRow[]>
  /** Deletes every row. */
  readonly empty: () => Promise<void>
  /** Part of a large quarantined body is no longer there. */
  readonly damage: (id: string) => Promise<void>
  /** From now on the store lacks the table. */
  readonly lose: (table: 'deliveries' | 'quarantine') => Promise<void>
}

/** A new ledger: in tables of DynamoDB, or with `LEDGER=postgres` in PostgreSQL, where whatever was opened before is over. */
export async function ledgerUnderTest(
  engine: EmbeddedTables,
  clock: Clock,
  log: Log,
): Promise<LedgerUnderTest> {
  if (engine.postgres) return ledgerInPostgres(engine.postgres, clock, log)
  const tables = await engine.freshTables()
  return {
    ...wiredLedger(engine.client, tables, clock, log),
    rowsOf: (table) => rowsOf(engine.client, tables[table]),
    empty: () => emptyTables(engine.client, tables),
    async damage(id) {
      const Key = { id: { S: `${id}#001` } }
      await engine.client.send(new DeleteItemCommand({ TableName: tables.quarantine, Key }))
    },
    async lose(table) {
      await engine.client.send(new DeleteTableCommand({ TableName: tables[table] }))
    },
  }
}

async function ledgerInPostgres(engine: EmbeddedPostgres, clock: Clock, log: Log): Promise<LedgerUnderTest> {
  const tables = await engine.emptied(clock, log)
  const retention = { retentionDays: 400 }
  return {
    deliveries: recordingSuppressions(tables.deliveryWriter(retention), tables.suppressionWriter()),
    inbound: tables.inboundWriter(retention),
    keeper: tables.quarantineWriter(retention),
    store: tables.quarantineStore(),
    keysOf: () => Promise.resolve([]),
    clock,
    log,
    async allRows() {
      return {
        deliveries: await engine.rowsOf('deliveries'),
        suppressions: await engine.rowsOf('suppressions'),
        inbound: await engine.rowsOf('inbound'),
        quarantine: await engine.rowsOf('quarantine'),
      }
    },
    rowsOf: (table) => engine.rowsOf(table),
    async empty() {
      await engine.emptied(clock, log)
    },
    damage: (id) => engine.loseBody(id),
    lose: (table) => engine.lose(table),
  }
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
