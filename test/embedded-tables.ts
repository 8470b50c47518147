import { afterAll, beforeAll } from '@jest/globals'
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { startDynamoDbEmulator, type DynamoDbEmulator } from '../local/dynamodb-emulator.ts'
import { createTables } from '../local/tables.ts'
import { tableNames, type TableNames } from '../lib/table/names.ts'
import { scanItems } from '../lib/table/pages.ts'

/** The embedded engine for one test file, and a fresh set of tables for whoever asks. */
export interface EmbeddedTables {
  readonly client: DynamoDBClient
  readonly endpoint: string
  readonly freshTables: () => Promise<TableNames & { readonly prefix: string }>
}

/** Starts the engine before the tests of a file and stops it after them. */
export function embeddedTables(): EmbeddedTables {
  let emulator: DynamoDbEmulator | undefined
  let tables = 0
  const started = (): DynamoDbEmulator => {
    if (!emulator) throw new Error('The engine starts in beforeAll.')
    return emulator
  }
  beforeAll(async () => {
    emulator = await startDynamoDbEmulator(0)
  })
  afterAll(async () => {
    await emulator?.stop()
  })
  return {
    get client() {
      return started().client
    },
    get endpoint() {
      return started().endpoint
    },
    async freshTables() {
      tables += 1
      const prefix = `test-${tables}`
      await createTables(started().client, prefix)
      return { ...tableNames(prefix), prefix }
    },
  }
}

/** A row as plain values; sets as sorted arrays. */
export type PlainRow = Readonly<Record<string, unknown>>

/** Every row of a table, sorted by its key, without `expiresAt`, which is the clock's and no event's. */
export async function rowsOf(client: DynamoDBClient, table: string): Promise<readonly PlainRow[]> {
  const items = await Array.fromAsync(scanItems(client, { TableName: table }))
  return items.map(plain).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

function plain(item: Record<string, AttributeValue>): PlainRow {
  return Object.fromEntries(
    Object.entries(item)
      .filter(([name]) => name !== 'expiresAt')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, plainValue(value)]),
  )
}

function plainValue(value: AttributeValue): unknown {
  if (value.SS) return [...value.SS].sort()
  if (value.N !== undefined) return Number(value.N)
  if (value.L) return value.L.map(plainValue)
  return value.S ?? value.B ?? value.M
}

function keyOf(row: PlainRow): string {
  return JSON.stringify([row.recipient, row.message, row.id])
}
