import { randomInt } from 'node:crypto'
import { afterAll, beforeAll } from '@jest/globals'
import { databaseBehind, StatementError, unlessAborted, type Database } from '../lib/postgres/database.ts'
import { openPostgres, type PostgresStore } from '../lib/postgres/postgres-store.ts'
import { everyTable, quoted, tablesIn, type TableName } from '../lib/postgres/schema.ts'
import { flat } from '../lib/postgres/statement.ts'
import { besideRow } from '../lib/postgres/delivery-rows.ts'
import type { Row, RowValue } from '../lib/rows/row.ts'
import type { Clock, Log } from '../lib/runtime/ports.ts'

/** PostgreSQL for one test file, with the tables of one deployment, which are emptied for whoever asks. */
export interface EmbeddedPostgres {
  readonly database: Database
  readonly schema: string
  /** Empties the tables and opens them: whatever was opened before is over. */
  readonly emptied: (clock: Clock, log?: Log) => Promise<PostgresStore>
  /** From now on the store lacks the table, until it is emptied. */
  readonly lose: (table: TableName) => Promise<void>
  /** A quarantined body is no longer there. */
  readonly loseBody: (id: string) => Promise<void>
  /** Runs any one statement, without parameters. Rejects with PostgreSQL's own error. */
  readonly run: (statement: string) => Promise<StatementResult>
  /** Every row of a table as DynamoDB's has it, in the order of its key, without `expiresAt`; of deliveries those beside them, too. */
  readonly rowsOf: (table: TableName) => Promise<readonly Row[]>
}

/** What a statement gives back, each value in PostgreSQL's own text. */
export interface StatementResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
  readonly changed: number
}

type Engine = Database & {
  readonly close: () => Promise<void>
  readonly run: (statement: string) => Promise<StatementResult>
}

/**
 * Starts PostgreSQL inside this process before the tests of a file, and stops it after them. With TEST_DATABASE_URL in the
 * environment the tests use that database instead, in a schema of their own (`npm run test:postgres`).
 */
export function embeddedPostgres(): EmbeddedPostgres {
  const schema = `test-${randomInt(2 ** 32)}`
  let opened: Engine | undefined
  let isWhole = false
  const database = (): Engine => {
    if (!opened) throw new Error('The database starts in beforeAll.')
    return opened
  }
  const nameOf = (table: TableName) => tablesIn(database(), schema).nameOf(table)
  beforeAll(async () => {
    const url = process.env.TEST_DATABASE_URL
    opened = url === undefined ? await inProcess() : await onServer(url)
  })
  afterAll(async () => {
    await opened?.write(`DROP SCHEMA IF EXISTS ${quoted(schema)} CASCADE`)
    await opened?.close()
  })
  return {
    get database() {
      return database()
    },
    schema,
    async emptied(clock, log = () => undefined) {
      const tables = openPostgres({ database: database(), schema, clock, log })
      if (!isWhole) await tables.createTables()
      isWhole = true
      await database().write(`TRUNCATE ${everyTable.map(nameOf).join(', ')}`)
      return tables
    },
    async lose(table) {
      isWhole = false
      await database().write(`DROP TABLE ${nameOf(table)}`)
    },
    async loseBody(id) {
      const statement = `UPDATE ${nameOf('quarantine')} SET body = NULL WHERE id = $1::jsonb ->> 'id'`
      await database().write(statement, { id })
    },
    run: (statement) => database().run(statement),
    async rowsOf(table) {
      const own = (await database().read(`SELECT * FROM ${nameOf(table)}`)).map(flat)
      const beside =
        table === 'deliveries'
          ? (await database().read(`SELECT * FROM ${nameOf('beside')}`)).map(besideRow)
          : []
      return [...own, ...beside].map(plain).sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
    },
  }
}

function plain(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => name !== 'expiresAt')
      .map(([name, value]) => [name, isSet(name, value) ? value.toSorted() : value] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  )
}

/** Problems are a list, in the order in which they were found. */
function isSet(name: string, value: RowValue): value is readonly string[] {
  return Array.isArray(value) && name !== 'problems'
}

function keyOf({ recipient, message, id }: Row): string {
  return JSON.stringify([recipient, message, id])
}

const asText = { getTypeParser: () => (text: string) => text }

async function onServer(url: string): Promise<Engine> {
  const { pgDatabase } = await import('../lib/postgres/pg-database.ts')
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: url })
  const database = pgDatabase({ url, timeoutMs: 20_000 })
  return {
    ...database,
    async run(text) {
      const { fields, rows, rowCount } = await pool.query<(string | null)[]>({
        text,
        rowMode: 'array',
        types: asText,
      })
      return { columns: fields.map(({ name }) => name), rows, changed: rowCount ?? 0 }
    },
    async close() {
      await pool.end()
      await database.close()
    },
  }
}

/** PostgreSQL compiled to WebAssembly. It runs one statement after the other. */
async function inProcess(): Promise<Engine> {
  // Not by every test file that could have its ledger there.
  const { PGlite } = await import('@electric-sql/pglite')
  const { dataDir } = await import('@electric-sql/pglite-prepopulatedfs')
  const engine = await PGlite.create({ loadDataDir: await dataDir() })
  const door = databaseBehind({
    run: (statement, json, signal) =>
      unlessAborted(signal, async () => {
        const given = json === undefined ? [] : [json]
        const { rows, affectedRows = 0 } = await engine
          .query<[unknown]>(statement, given, { rowMode: 'array' })
          .catch(refused)
        return { rows: rows.map(([row]) => row), changed: affectedRows }
      }),
  })
  return {
    ...door,
    async run(statement) {
      const {
        fields,
        rows,
        affectedRows = 0,
      } = await engine.query<unknown[]>(statement, [], { rowMode: 'array' })
      return {
        columns: fields.map(({ name }) => name),
        rows: rows.map((row) => row.map(textOfValue)),
        changed: affectedRows,
      }
    },
    close: () => engine.close(),
  }
}

function textOfValue(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value
  return JSON.stringify(value)
}

function refused(error: unknown): never {
  const { code, message } = error as { readonly code?: string; readonly message: string }
  throw code === undefined ? error : new StatementError(code, message)
}
