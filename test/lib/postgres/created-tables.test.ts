import { afterEach, describe, expect, it } from '@jest/globals'
import { creatingTables, makeTables } from '../../../lib/postgres/created-tables.ts'
import { StatementError, type Database } from '../../../lib/postgres/database.ts'
import { openPostgres } from '../../../lib/postgres/postgres-store.ts'
import { everyTable, quoted, tables } from '../../../lib/postgres/schema.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedPostgres } from '../../embedded-postgres.ts'
import { eventWith } from '../../events.ts'

const engine = embeddedPostgres()
const schema = `${engine.schema}-at-first-use`
const clock = virtualClock('2026-11-21T08:00:00Z')

afterEach(() => engine.database.write(`DROP SCHEMA IF EXISTS ${quoted(schema)} CASCADE`))

const recipients = Array.from({ length: 20 }, (_, n) => `r${String(n).padStart(2, '0')}@example.com`)

function storeOn(database: Database) {
  return openPostgres({ database, schema, clock, log: () => undefined })
}

function recordIn(database: Database, recipient: string): Promise<void> {
  return storeOn(database).deliveryWriter({ retentionDays: 400 }).record(eventWith({ recipient }))
}

async function writtenRecipients(): Promise<readonly unknown[]> {
  const rows = await engine.database.read(
    `SELECT recipient FROM ${quoted(schema)}.deliveries ORDER BY recipient`,
  )
  return rows.map(({ recipient }) => recipient)
}

/** The database, and every statement that it was sent; the first ones that match are answered with errors. */
function watched(failures: readonly (readonly [RegExp, StatementError])[] = []) {
  const statements: string[] = []
  const left = [...failures]
  const before = (statement: string) => {
    statements.push(statement)
    const [next] = left
    if (!next?.[0].test(statement)) return
    left.shift()
    throw next[1]
  }
  const database: Database = {
    async read(select, given, signal) {
      before(select)
      return engine.database.read(select, given, signal)
    },
    async write(statement, given, signal) {
      before(statement)
      return engine.database.write(statement, given, signal)
    },
  }
  return { database, statements }
}

describe('tables at first use', () => {
  it('are made by the first statement that finds none, and are as good as those of the command', async () => {
    await recordIn(creatingTables(engine.database, schema), 'anna@example.com')
    expect(await writtenRecipients()).toEqual(['anna@example.com'])
    const described = await storeOn(engine.database).describedTables()
    expect([...described.keys()].sort()).toEqual([...everyTable].sort())
    for (const table of described.values())
      expect(table).toEqual({ hasRowSecurity: true, openTo: [], isHidden: false })
  })

  it('are made by a question as well, which then finds nothing', async () => {
    const store = storeOn(creatingTables(engine.database, schema))
    expect(await store.suppressionReader().ofRecipient('anna@example.com')).toBeUndefined()
  })

  it('are made once for all statements of a process, and each of them is repeated', async () => {
    const { database, statements } = watched()
    const creating = creatingTables(database, schema)
    await Promise.all(recipients.map((recipient) => recordIn(creating, recipient)))
    expect(await writtenRecipients()).toEqual(recipients)
    expect(statements.filter((text) => text.includes('CREATE TABLE'))).toHaveLength(everyTable.length)
  })

  it('are not made again for a statement that failed before they were there', async () => {
    const { database, statements } = watched()
    const first = Promise.withResolvers<number>()
    let isFirst = true
    const slow: Database = {
      ...database,
      write(statement, given, signal) {
        if (!isFirst) return database.write(statement, given, signal)
        isFirst = false
        return first.promise
      },
    }
    const creating = creatingTables(slow, schema)
    const late = recordIn(creating, 'anna@example.com')
    await recordIn(creating, 'ben@example.com')
    first.reject(new StatementError('42P01', 'relation "x" does not exist'))
    await late
    expect(await writtenRecipients()).toEqual(['anna@example.com', 'ben@example.com'])
    expect(statements.filter((text) => text.includes('CREATE TABLE'))).toHaveLength(everyTable.length)
  })

  it('are each whole or not there, wherever their maker ends', async () => {
    // Each process ends one statement later than the one before.
    for (let most = 1; ; most += 1) {
      let left = most
      const ending: Database = {
        ...engine.database,
        write(statement, given, signal) {
          if (left === 0) return Promise.reject(new Error('the process ended'))
          left -= 1
          return engine.database.write(statement, given, signal)
        },
      }
      await makeTables(ending, schema).catch(() => undefined)
      if (left > 0) break
      const [found] = await engine.database.read(
        `SELECT count(*) FILTER (WHERE NOT c.relrowsecurity) AS open, count(i.indexrelid) AS indexes
         FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_index AS i ON i.indrelid = c.oid
         WHERE c.relkind = 'r' AND n.nspname = $1::jsonb ->> 'schema'`,
        { schema },
      )
      const there = [...(await storeOn(engine.database).describedTables()).keys()]
      const indexes = there.map((table) => {
        const description = tables[table]
        return 'indexes' in description ? Object.keys(description.indexes).length + 1 : 1
      })
      expect(found).toEqual({ open: 0, indexes: indexes.reduce((sum, count) => sum + count, 0) })
      await engine.database.write(`DROP SCHEMA IF EXISTS ${quoted(schema)} CASCADE`)
    }
  })

  it('are made by several processes at the same moment', async () => {
    await Promise.all(
      recipients.map((recipient) => recordIn(creatingTables(engine.database, schema), recipient)),
    )
    expect(await writtenRecipients()).toEqual(recipients)
  })

  it('are made although another process was there first, whichever way that shows', async () => {
    const name = `duplicate key value violates unique constraint "pg_class_relname_nsp_index"`
    const { database } = watched([
      [/CREATE SCHEMA/, new StatementError('42P06', 'schema "x" already exists')],
      [/CREATE TABLE/, new StatementError('23505', name)],
      [/CREATE TABLE/, new StatementError('42P07', 'relation "x" already exists')],
      [/ALTER TABLE/, new StatementError('XX000', 'tuple concurrently updated')],
      [/CREATE INDEX/, new StatementError('40P01', 'deadlock detected')],
      [/REVOKE/, new StatementError('XX000', 'tuple concurrently updated')],
    ])
    await recordIn(creatingTables(database, schema), 'anna@example.com')
    expect(await writtenRecipients()).toEqual(['anna@example.com'])
  })

  it('are made again where somebody drops them', async () => {
    const creating = creatingTables(engine.database, schema)
    await recordIn(creating, 'anna@example.com')
    await engine.database.write(`DROP SCHEMA ${quoted(schema)} CASCADE`)
    await recordIn(creating, 'ben@example.com')
    expect(await writtenRecipients()).toEqual(['ben@example.com'])
  })

  it('lack no column that a newer version has, and keep their rows', async () => {
    const creating = creatingTables(engine.database, schema)
    await recordIn(creating, 'anna@example.com')
    const { database, statements } = watched()
    await engine.database.write(`ALTER TABLE ${quoted(schema)}.deliveries DROP COLUMN "sentAt"`)
    const event = eventWith({ recipient: 'ben@example.com', sentAtMs: Date.parse('2026-11-21T07:00:00Z') })
    await storeOn(creatingTables(database, schema)).deliveryWriter({ retentionDays: 400 }).record(event)
    expect(await writtenRecipients()).toEqual(['anna@example.com', 'ben@example.com'])
    expect(statements.filter((text) => text.includes('CREATE'))).toEqual([])
  })

  it('lack neither a column nor another table where a statement misses first the one, then the other', async () => {
    const { database, statements } = watched([
      [/INSERT/, new StatementError('42703', 'column "x" does not exist')],
      [/INSERT/, new StatementError('42P01', 'relation "x" does not exist')],
    ])
    await makeTables(engine.database, schema)
    await recordIn(creatingTables(database, schema), 'anna@example.com')
    expect(await writtenRecipients()).toEqual(['anna@example.com'])
    expect(statements.filter((text) => text.includes('INSERT'))).toHaveLength(3)
  })

  it('are not made a second time for a statement that misses them again', async () => {
    const missing = new StatementError('42P01', 'relation "x" does not exist')
    const { database } = watched([
      [/INSERT/, missing],
      [/INSERT/, missing],
    ])
    await expect(recordIn(creatingTables(database, schema), 'anna@example.com')).rejects.toThrow('42P01')
  })

  it('are not what another error is about: it is reported as it is', async () => {
    const { database, statements } = watched([[/INSERT/, new StatementError('53100', 'disk full')]])
    await expect(recordIn(creatingTables(database, schema), 'anna@example.com')).rejects.toThrow('53100')
    expect(statements).toHaveLength(1)
  })

  it('are tried again by the next statement where they could not be made', async () => {
    const denied = new StatementError('42501', 'permission denied for database x')
    const { database } = watched([[/CREATE SCHEMA/, denied]])
    const creating = creatingTables(database, schema)
    await expect(recordIn(creating, 'anna@example.com')).rejects.toThrow('42501')
    await recordIn(creating, 'anna@example.com')
    expect(await writtenRecipients()).toEqual(['anna@example.com'])
  })

  it('keep nobody waiting for longer than its signal says', async () => {
    const ended = new AbortController()
    const slow: Database = {
      read: () => new Promise(() => undefined),
      write: () => Promise.reject(new StatementError('42P01', 'relation "x" does not exist')),
    }
    const write = creatingTables(slow, schema).write('INSERT', {}, ended.signal)
    ended.abort(new Error('the time was up'))
    await expect(write).rejects.toThrow('the time was up')
  })

  it('are never made by what has no such database', async () => {
    await expect(recordIn(engine.database, 'anna@example.com')).rejects.toThrow('42P01')
  })
})
