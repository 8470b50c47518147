import { randomInt } from 'node:crypto'
import { afterAll, beforeAll } from '@jest/globals'
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { emulatorClient, startDynamoDbEmulator, type DynamoDbEmulator } from '../local/dynamodb-emulator.ts'
import { createTables } from '../local/tables.ts'
import type { Environment } from '../lib/runtime/config.ts'
import type { TableNames } from '../lib/store/ports.ts'
import { tableNames } from '../lib/table/names.ts'
import { scanItems } from '../lib/table/pages.ts'
import { embeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.ts'
import { forbidAskingForRows, limitToRole, type FunctionName } from './function-roles.ts'

/** The engine for one test file, and a fresh set of tables for whoever asks. */
export interface EmbeddedTables {
  readonly client: DynamoDBClient
  readonly endpoint: string
  /** A client that can do what the function's role allows, and no more. For ingest, no write asks for the row, either. */
  readonly clientAs: (name: FunctionName) => DynamoDBClient
  /** With the indexes that these settings want. Default: none of those. */
  readonly freshTables: (settings?: Environment) => Promise<TableNames & { readonly prefix: string }>
  /** With `LEDGER=postgres`: for tests whose ledger may be anything. */
  readonly postgres: EmbeddedPostgres | undefined
  /** All that a command or the client needs of its environment to work on these tables. */
  readonly environmentOf: (tables: { readonly prefix: string }) => Record<string, string>
}

/**
 * Starts the embedded engine before the tests of a file and stops it after them. With TEST_DYNAMODB_ENDPOINT in the
 * environment the tests use that engine instead, which others use, too (`npm run test:aws`).
 *
 * @param onlyHere - for tests of what not all engines keep: they use the embedded one in any case.
 */
export function embeddedTables({ onlyHere = false } = {}): EmbeddedTables {
  const elsewhere = onlyHere ? undefined : process.env.TEST_DYNAMODB_ENDPOINT
  let emulator: DynamoDbEmulator | undefined
  let tables = elsewhere === undefined ? 0 : randomInt(2 ** 32) * 1_000
  const postgres = process.env.LEDGER === 'postgres' ? embeddedPostgres() : undefined
  const limited = new Map<FunctionName, DynamoDBClient>()
  const started = (): DynamoDbEmulator => {
    if (!emulator) throw new Error('The engine starts in beforeAll.')
    return emulator
  }
  beforeAll(async () => {
    emulator = elsewhere === undefined ? await startDynamoDbEmulator(0) : runningEngine(elsewhere)
  })
  afterAll(async () => {
    for (const client of limited.values()) client.destroy()
    await emulator?.stop()
  })
  return {
    get client() {
      return started().client
    },
    get endpoint() {
      return started().endpoint
    },
    postgres,
    clientAs(name) {
      const client = limited.get(name) ?? limitedClient(started().endpoint, name)
      limited.set(name, client)
      return client
    },
    async freshTables(settings) {
      tables += 1
      const prefix = `test-${tables}`
      await createTables(started().client, prefix, settings)
      return { ...tableNames(prefix), prefix }
    },
    environmentOf: ({ prefix }) => ({
      TABLE_PREFIX: prefix,
      AWS_ENDPOINT_URL_DYNAMODB: started().endpoint,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    }),
  }
}

function limitedClient(endpoint: string, name: FunctionName): DynamoDBClient {
  const client = emulatorClient(endpoint)
  limitToRole(client, name)
  if (name === 'ingest') forbidAskingForRows(client)
  return client
}

/** An engine that somebody else starts and stops. */
function runningEngine(endpoint: string): DynamoDbEmulator {
  if (!endpoint.startsWith('http://127.0.0.1:')) {
    throw new Error(
      'TEST_DYNAMODB_ENDPOINT: expected an engine on this machine, such as http://127.0.0.1:8000.',
    )
  }
  const client = emulatorClient(endpoint)
  return {
    endpoint,
    client,
    stop() {
      client.destroy()
      return Promise.resolve()
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

/** In how many days each row of a table leaves it, ascending. */
export async function daysLeftOf(
  client: DynamoDBClient,
  table: string,
  nowMs: number,
): Promise<readonly number[]> {
  const items = await Array.fromAsync(scanItems(client, { TableName: table }))
  const days = items.map(({ expiresAt }) => Math.round((Number(expiresAt?.N) - nowMs / 1_000) / 86_400))
  return days.sort((one, other) => one - other)
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
  if (value.M) return Object.fromEntries(Object.entries(value.M).map(([name, of]) => [name, plainValue(of)]))
  return value.S ?? value.B
}

function keyOf(row: PlainRow): string {
  return JSON.stringify([row.recipient, row.message, row.id])
}
