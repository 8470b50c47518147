import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { UnwritableError } from '../../../lib/ledger/ports.ts'
import { TooMuchToReadError } from '../../../lib/query/ports.ts'
import { ResultTooLargeError, type Database } from '../../../lib/postgres/database.ts'
import { openPostgres } from '../../../lib/postgres/postgres-store.ts'
import { everyTable } from '../../../lib/postgres/schema.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedPostgres } from '../../embedded-postgres.ts'
import { eventWith, sampleMessage } from '../../events.ts'

// What only the tables in PostgreSQL have.

const engine = embeddedPostgres()
const retention = { retentionDays: 400 }
const key = { recipient: 'example@example.com', message: sampleMessage }
const at = (time: string) => Date.parse(time)

async function opened() {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  return { clock, store: await engine.emptied(clock) }
}

/** The database, and the statements that it was sent. */
function counted(database: Database): { readonly database: Database; readonly statements: string[] } {
  const statements: string[] = []
  return {
    statements,
    database: {
      read(select, given, signal) {
        statements.push(select)
        return database.read(select, given, signal)
      },
      write(statement, given, signal) {
        statements.push(statement)
        return database.write(statement, given, signal)
      },
    },
  }
}

describe('an event', () => {
  it('is one statement, whatever is in its row and whatever found no room in it', async () => {
    const { clock } = await opened()
    const { database, statements } = counted(engine.database)
    const store = openPostgres({ database, schema: engine.schema, clock, log: () => undefined })
    const writer = store.deliveryWriter({ ...retention, maxFactsInRow: 1 })
    const events = [
      eventWith({ kind: 'deferred', sentAtMs: at('2022-06-01T06:24:39Z') }),
      eventWith({ kind: 'opened', detail: 'x'.repeat(1_000) }),
      eventWith({
        kind: 'opened',
        occurredAtMs: at('2022-06-01T08:00:00Z'),
        spelling: 'Example@example.com',
      }),
      eventWith({
        headers: new Map(Array.from({ length: 200 }, (_, n) => [`SC-Custom-${n}`, 'x'.repeat(500)])),
      }),
    ]
    for (const event of events) await writer.record(event)
    expect(statements).toHaveLength(4)
    const [delivery] = await store.deliveryReader().ofRecipient(key.recipient)
    expect(delivery?.facts.get('opened')?.map(({ detail }) => detail.length)).toEqual([1_000, 0])
    expect(delivery?.columns.get('SC-Custom-199')).toHaveLength(500)
    expect(delivery?.columns.size).toBe(201)
  })

  it('that was sent when it was requested is one fact, also where the row has no room for it', async () => {
    const { store } = await opened()
    const writer = store.deliveryWriter({ ...retention, maxFactsInRow: 1 })
    const occurredAtMs = at('2022-06-01T06:24:39Z')
    await writer.record(eventWith({ kind: 'requested', occurredAtMs: at('2022-06-01T06:24:38Z') }))
    await writer.record(eventWith({ kind: 'requested', occurredAtMs, sentAtMs: occurredAtMs, detail: '' }))
    const [delivery] = await store.deliveryReader().ofRecipient(key.recipient)
    expect(delivery?.facts.get('requested')?.map((fact) => fact.occurredAtMs)).toContain(occurredAtMs)
  })

  it('is stored as it was reported, whatever its text would be in a statement', async () => {
    const { store } = await opened()
    const recipient = `o'brien"\\$1$$@example.com`
    const detail = `'; DROP TABLE deliveries; -- $1 $$ \\' \\u0041 邮箱 📧`
    const headers = new Map([[`SC-Custom-"'--`, detail]])
    await store.deliveryWriter(retention).record(eventWith({ recipient, detail, headers }))
    const [delivery] = await store.deliveryReader().ofRecipient(recipient)
    expect(delivery?.facts.get('delivered')).toMatchObject([{ detail }])
    expect(delivery?.columns.get(`SC-Custom-"'--`)).toBe(detail)
  })

  it('is stored without what PostgreSQL cannot hold: U+0000, and halves of surrogate pairs', async () => {
    const { store } = await opened()
    const columns = { subject: 'a\0b\ud83d' }
    await store.deliveryWriter(retention).record(eventWith({ columns }))
    const [delivery] = await store.deliveryReader().rowsOf([key])
    expect(delivery?.columns.get('subject')).toBe('a\ufffdb\ufffd')
  })

  it('finds its row bounded, however many headers are reported', async () => {
    const { store } = await opened()
    const writer = store.deliveryWriter(retention)
    for (let n = 0; n < 12; n += 1) {
      await writer.record(eventWith({ headers: new Map([[`SC-Custom-${n}`, 'x'.repeat(8_000)]]) }))
    }
    const headersIn = (columns: ReadonlyMap<string, string> | undefined) =>
      [...(columns ?? new Map<string, string>()).keys()].filter((name) => name.startsWith('SC-')).length
    expect(headersIn((await store.deliveryReader().rowsOf([key]))[0]?.columns)).toBe(8)
    expect(headersIn((await store.deliveryReader().ofRecipient(key.recipient))[0]?.columns)).toBe(12)
  })

  it.each([
    ['2,500 bytes', 1_500, 1_000, true],
    ['2,501 bytes', 1_501, 1_000, false],
  ])(
    'is written where both parts of its key have at most 2,500: %s',
    async (_, recipient, message, isWritten) => {
      const { store } = await opened()
      // That cannot be compressed.
      const random = (length: number) =>
        Array.from({ length: Math.ceil(length / 64) }, (_one, place) =>
          createHash('sha256').update(`${length} ${place}`).digest('hex'),
        )
          .join('')
          .slice(0, length)
      const event = { recipient: random(recipient), message: random(message), kind: 'deferred' } as const
      const writer = store.deliveryWriter({ ...retention, maxFactsInRow: 1 })
      const record = async () => {
        for (const second of [1, 2])
          await writer.record(eventWith({ ...event, occurredAtMs: second * 1_000 }))
      }
      if (isWritten) await record()
      else await expect(record()).rejects.toThrow(UnwritableError)
      expect(await store.deliveryReader().ofMessage(event.message)).toHaveLength(isWritten ? 1 : 0)
    },
  )
})

describe('a row that was changed by hand', () => {
  it('is read without what is no text in a list', async () => {
    const { store } = await opened()
    await store.deliveryWriter(retention).record(eventWith({ kind: 'opened' }))
    const table = `"${engine.schema}".deliveries`
    await engine.database.write(
      `UPDATE ${table} SET opened = opened || '{NULL}', spellings = '{NULL}', "emailIds" = '{NULL}'`,
    )
    const [delivery] = await store.deliveriesWithKey(key)
    expect(delivery?.facts.get('opened')).toHaveLength(1)
  })

  it('holds no evidence that is no text', async () => {
    const { store } = await opened()
    const recipient = 'gone@example.com'
    await engine.database.write(
      `INSERT INTO "${engine.schema}".suppressions (recipient, evidence) VALUES ('${recipient}', '{NULL}')`,
    )
    expect((await store.suppressionReader().ofRecipient(recipient))?.evidence).toEqual([])
  })
})

describe('a question', () => {
  it('reads no more rows than it may, those beside others included', async () => {
    const { store } = await opened()
    const writer = store.deliveryWriter({ ...retention, maxFactsInRow: 1 })
    for (const second of [1, 2, 3]) {
      await writer.record(eventWith({ kind: 'opened', occurredAtMs: second * 1_000 }))
    }
    const { signal } = new AbortController()
    const ask = (maxRows: number) => store.deliveryFinder({ maxRows }).ofRecipient(key.recipient, signal)
    await expect(ask(2)).rejects.toThrow(TooMuchToReadError)
    expect(await ask(3)).toHaveLength(1)
  })

  it('by an id that many mails share reads the latest, and says where it was cut', async () => {
    const { store } = await opened()
    const indexedIds = { ownIdHeaders: ['SC-Custom-Order'], isRfcMessageIdIndexed: false }
    const writer = store.deliveryWriter({ ...retention, indexedIds })
    for (let n = 0; n < 6; n += 1) {
      const headers = new Map([['SC-Custom-Order', '4711']])
      await writer.record(
        eventWith({ recipient: `r${n}@example.com`, message: `140000000000${n}_1.sc-1`, headers }),
      )
    }
    expect(await store.otherIdReader({ maxFound: 2 }).ofOwnId('4711')).toMatchObject({
      deliveries: [{ recipient: 'r5@example.com' }, { recipient: 'r4@example.com' }],
      cutAt: 2,
    })
  })

  it('by an id of which no row has any says that there is no index of it', async () => {
    const { store } = await opened()
    const indexedIds = { ownIdHeaders: ['SC-Custom-Order'], isRfcMessageIdIndexed: false }
    const writer = store.deliveryWriter({ ...retention, indexedIds })
    const reader = store.otherIdReader()
    await writer.record(eventWith({}))
    expect(await reader.ofOwnId('4711')).toEqual({ notSearched: 'no-index' })
    await writer.record(
      eventWith({ recipient: 'eve@example.com', headers: new Map([['SC-Custom-Order', '4711']]) }),
    )
    expect(await reader.ofOwnId('4712')).toEqual({ deliveries: [] })
    expect(await reader.ofRfcMessageId('4711')).toEqual({ notSearched: 'no-index' })
  })
})

describe('what has expired', () => {
  it('is deleted a bounded number at a time, and nothing else is', async () => {
    const { clock, store } = await opened()
    const writer = store.deliveryWriter({ ...retention, maxFactsInRow: 1 })
    for (let n = 0; n < 5; n += 1) await writer.record(eventWith({ recipient: `r${n}@example.com` }))
    clock.advance(400 * 86_400_000)
    await writer.record(eventWith({ recipient: 'r0@example.com' }))
    expect(await store.removeExpired(3)).toBe(3)
    expect(await store.removeExpired(3)).toBe(1)
    expect(await store.removeExpired(3)).toBe(0)
    expect((await engine.rowsOf('deliveries')).map(({ recipient }) => recipient)).toEqual(['r0@example.com'])
  })
})

describe('the tables', () => {
  it('are open to nobody but their owner, whatever roles the database publishes', async () => {
    const role = 'CREATE ROLE anon; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO anon'
    const make = `DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'anon') THEN ${role}; END IF; END $do$`
    const clock = virtualClock(0)
    const schema = `${engine.schema}-published`
    const store = openPostgres({ database: engine.database, schema, clock, log: () => undefined })
    await engine.emptied(clock)
    await engine.database.write(make)
    try {
      await store.createTables()
      await store.createTables()
      const described = await store.describedTables()
      expect([...described.keys()].sort()).toEqual([...everyTable].sort())
      for (const table of described.values())
        expect(table).toEqual({ hasRowSecurity: true, openTo: [], isHidden: false })
      await engine.database.write(`GRANT SELECT ON "${schema}".inbound TO anon, PUBLIC`)
      expect((await store.describedTables()).get('inbound')?.openTo).toEqual(['PUBLIC', 'anon'])
    } finally {
      await engine.database.write(`DROP SCHEMA "${schema}" CASCADE`)
      await engine.database.write('DROP OWNED BY anon')
      await engine.database.write('DROP ROLE anon')
    }
  })

  it('need a prefix that PostgreSQL takes for a name whole', () => {
    const open = (schema: string) =>
      openPostgres({ database: engine.database, schema, clock: virtualClock(0), log: () => undefined })
    expect(() => open('x'.repeat(63))).not.toThrow()
    expect(() => open('x'.repeat(64))).toThrow(/^TABLE_PREFIX: expected 1 to 63 characters/)
  })

  it('refuse without repeating what was to be written', async () => {
    await opened()
    const statement = `SELECT ($1::jsonb ->> 'secret')::bigint AS number`
    const read = engine.database.read(statement, { secret: 'ann@example.com' })
    await expect(read).rejects.toThrow(/^PostgreSQL: 22P02$/)
  })
})

describe('a list', () => {
  it('in parts divides the mails of one recipient, too, so that no part has to read past all of them', async () => {
    const { store } = await opened()
    const writer = store.deliveryWriter(retention)
    for (let n = 0; n < 40; n += 1) await writer.record(eventWith({ message: `14000000000${n}_1.sc-1` }))
    const scanner = store.deliveryScanner()
    const sizes = await Promise.all(
      [0, 1, 2, 3].map(async (segment) => {
        const pages = await Array.fromAsync(scanner.pages(undefined, { segment, of: 4 }))
        return pages.flatMap(({ items }) => items).length
      }),
    )
    expect(sizes.reduce((sum, size) => sum + size)).toBe(40)
    expect(sizes.filter((size) => size >= 4)).toHaveLength(4)
  })

  /** A door that gives back so many rows at once. */
  const givingBack = (most: number): Database => ({
    ...engine.database,
    async read(select, given, signal) {
      const rows = await engine.database.read(select, given, signal)
      if (rows.length > most) throw new ResultTooLargeError('too large')
      return rows
    },
  })
  const recipients = Array.from({ length: 20 }, (_, n) => `r${String(n).padStart(2, '0')}@example.com`)

  async function found(most: number): Promise<readonly string[]> {
    const { clock, store } = await opened()
    const writer = store.deliveryWriter(retention)
    for (const recipient of recipients) await writer.record(eventWith({ recipient, kind: 'requested' }))
    const over = openPostgres({
      database: givingBack(most),
      schema: engine.schema,
      clock,
      log: () => undefined,
    })
    return Array.fromAsync(over.deliveryReader().pending(), (pending) => pending.recipient)
  }

  it('is whole though the database gives back few rows at once', async () => {
    expect(await found(7)).toEqual(recipients)
  })

  it('of many keys is whole as well', async () => {
    const { clock, store } = await opened()
    const writer = store.deliveryWriter(retention)
    const suppressions = store.suppressionWriter()
    for (const recipient of recipients) {
      await writer.record(eventWith({ recipient, kind: 'requested' }))
      await suppressions.suppress({
        recipient,
        reason: 'by-hand',
        occurredAtMs: clock.now(),
        source: 'operator',
        detail: '',
      })
    }
    const over = openPostgres({ database: givingBack(7), schema: engine.schema, clock, log: () => undefined })
    const keys = recipients.map((recipient) => ({ recipient, message: sampleMessage }))
    const rows = await over.deliveryReader().rowsOf(keys)
    expect(rows.map((row) => row.recipient).sort()).toEqual(recipients)
    expect([...(await over.suppressionScanner().ofRecipients(recipients)).keys()].sort()).toEqual(recipients)
  })

  it('is whole though the database gives back one row at once, and is no list where it gives back none', async () => {
    expect(await found(1)).toEqual(recipients)
    await expect(found(0)).rejects.toThrow('too large')
  })
})
