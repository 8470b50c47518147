import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { creatingTables } from '../../lib/postgres/created-tables.ts'
import { pgDatabase } from '../../lib/postgres/pg-database.ts'
import { openPostgres } from '../../lib/postgres/postgres-store.ts'
import { everyTable } from '../../lib/postgres/schema.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { eventWith } from '../events.ts'
import { serverUrl } from './server-url.ts'

// What takes several connections, or a role that may do less than everything.

const url = serverUrl()
const timeoutMs = 20_000
const schema = 'at-first-use'
const owner = pgDatabase({ url, timeoutMs })
const clock = virtualClock('2026-11-21T08:00:00Z')
const open: { readonly close: () => Promise<void> }[] = [owner]

afterEach(async () => {
  await owner.write(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)
})
afterAll(async () => {
  await owner.write('DROP ROLE IF EXISTS mailer')
  await Promise.all(open.map((database) => database.close()))
})

/** A process of its own, as far as the database sees. */
function connected(as = url) {
  const database = pgDatabase({ url: as, max: 3, timeoutMs })
  open.push(database)
  return openPostgres({
    database: creatingTables(database, schema),
    schema,
    clock,
    log: () => undefined,
  })
}

function record(store: ReturnType<typeof connected>, recipient: string): Promise<void> {
  return store.deliveryWriter({ retentionDays: 400 }).record(eventWith({ recipient }))
}

const rowCount = async () =>
  (await owner.read(`SELECT count(*) AS rows FROM "${schema}".deliveries`))[0]?.rows

describe('tables at first use', () => {
  it('are made by eight processes at the same moment, time and again', async () => {
    const processes = Array.from({ length: 8 }, () => connected())
    for (let time = 0; time < 5; time += 1) {
      await owner.write(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)
      await Promise.all(processes.map((store, n) => record(store, `r${n}@example.com`)))
      expect(await rowCount()).toBe(8)
      expect([...(await processes[0]!.describedTables()).keys()].sort()).toEqual([...everyTable].sort())
    }
  })

  it('get a column that they lack while somebody reads another table for long', async () => {
    const store = connected()
    await record(store, 'anna@example.com')
    await owner.write(`ALTER TABLE "${schema}".tombstones DROP COLUMN waiting`)
    const reading = new pg.Client({ connectionString: url })
    await reading.connect()
    await reading.query('BEGIN')
    await reading.query(`SELECT FROM "${schema}".deliveries`)
    await store.tombstones().put({
      recipient: 'anna@example.com',
      erasedAtMs: clock.now(),
      endsAtMs: clock.now() + 86_400_000,
      isSuppressionKept: true,
      waiting: ['a-body'],
    })
    await record(store, 'ben@example.com')
    await reading.end()
    expect(await rowCount()).toBe(2)
  })

  it('are made by a role that has only the schema that somebody made for it', async () => {
    await owner.write('CREATE ROLE mailer LOGIN')
    const mailer = connected(url.replace('//ledger@', '//mailer@'))
    await expect(record(mailer, 'anna@example.com')).rejects.toThrow(/42501 permission denied for database/)
    await owner.write(`CREATE SCHEMA "${schema}" AUTHORIZATION mailer`)
    await record(mailer, 'anna@example.com')
    expect(await rowCount()).toBe(1)
    for (const table of (await mailer.describedTables()).values()) {
      expect(table).toEqual({ hasRowSecurity: true, openTo: [], isHidden: false })
    }
  })
})
