import { createCipheriv } from 'node:crypto'
import { afterEach, describe, expect, it } from '@jest/globals'
import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import type { QuarantinedInput } from '../../../lib/quarantine/ports.ts'
import { quarantineGauge } from '../../../lib/table/quarantine-gauge.ts'
import { quarantineStore } from '../../../lib/table/quarantine-store.ts'
import { quarantineWriter } from '../../../lib/table/quarantine-writer.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { times } from '../../strength.ts'
import { anyText } from '../../any-text.ts'

const engine = embeddedTables()
const kb = 1_024
const at = (time: string) => Date.parse(time)
const bytesOf = (text: string) => new TextEncoder().encode(text)

/** A body that is no JSON, but for what a test says about it. */
function inputWith(reported: Partial<QuarantinedInput>): QuarantinedInput {
  return {
    provider: 'tencent-ses',
    body: bytesOf('{"event":'),
    contentType: 'application/json',
    reason: 'unreadable',
    problems: ['body: expected JSON, got a string'],
    receivedAtMs: at('2026-11-21T08:00:00Z'),
    ...reported,
  }
}

/** sha256('tencent-ses\n{"event":') */
const sampleId = '066c43d0f3617ce0a604c9ff30894aebedbe651a616dad299a643fdf01c5ea5f'

async function quarantine() {
  const { quarantine: table } = await engine.freshTables()
  const { client } = engine
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const logged: unknown[] = []
  const log = (event: string, fields?: object) => logged.push({ event, ...fields })
  const writer = quarantineWriter({ client, table, retentionDays: 400, clock })
  return {
    client,
    table,
    clock,
    logged,
    writer,
    store: quarantineStore({ client, table, clock, log }),
    gauge: quarantineGauge(client, table),
    rows: () => rowsOf(client, table),
    keepAll: async (...inputs: readonly QuarantinedInput[]) => {
      for (const input of inputs) await writer.keep(input)
    },
  }
}

type Store = ReturnType<typeof quarantineStore>

async function only(store: Store) {
  const [row, ...others] = await Array.fromAsync(store.all())
  expect(others).toEqual([])
  return row!
}

/** The same bytes at each run, which are no text and which no compression makes smaller. */
function incompressible(length: number): Uint8Array {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(Buffer.alloc(length))
}

describe('a body', () => {
  it('is one row that a person can read', async () => {
    const { keepAll, rows } = await quarantine()
    await keepAll(inputWith({}))
    expect(await rows()).toEqual([
      {
        id: sampleId,
        provider: 'tencent-ses',
        contentType: 'application/json',
        bytes: 9,
        body: '{"event":',
        reason: 'unreadable',
        problems: ['body: expected JSON, got a string'],
        firstSeenAt: '2026-11-21T08:00:00Z',
        lastSeenAt: '2026-11-21T08:00:00Z',
        open: '2026-11-21T08:00:00Z',
        seen: ['2026-11-21T08:00:00Z'],
      },
    ])
  })

  it.each([
    ['of no bytes', new Uint8Array(), undefined],
    ['of zeros', new Uint8Array(3), undefined],
    ['that begins with a byte order mark', bytesOf('\ufeff{}'), undefined],
    ['that is no UTF-8', new Uint8Array([0x7b, 0xff, 0xfe, 0x00]), undefined],
    ['of 300 KB of text', bytesOf('信'.repeat(100 * kb)), undefined],
    ['of 300 KB of binary', incompressible(300 * kb), undefined],
    ['of a byte more of text', bytesOf(`${'信'.repeat(100 * kb)}.`), 1],
    ['of a byte more of binary', incompressible(300 * kb + 1), 1],
    ['of 349 KB', incompressible(349 * kb), 1],
    ['of a byte more than 349 KB', incompressible(349 * kb + 1), 2],
    ['of 6 MB', incompressible(6_144 * kb), 18],
  ])('%s comes back byte for byte', async (_, body, parts) => {
    const { client, table, keepAll, store } = await quarantine()
    await keepAll(inputWith({ body }))
    const { id, bytes } = await only(store)
    expect(bytes).toBe(body.length)
    const { Item: head } = await client.send(new GetItemCommand({ TableName: table, Key: { id: { S: id } } }))
    expect(head?.parts).toEqual(parts === undefined ? undefined : { N: String(parts) })
    expect('body' in head!).toBe(parts === undefined)
    const input = await store.input(id)
    expect(Buffer.compare(input!.body, body)).toBe(0)
  })

  it('of any bytes comes back byte for byte', async () => {
    const { writer, store, client, table } = await quarantine()
    const anyBody = fc.oneof(fc.uint8Array({ maxLength: 40 }), anyText({ maxLength: 20 }).map(bytesOf))
    await fc.assert(
      fc.asyncProperty(anyBody, async (body) => {
        await writer.keep(inputWith({ body }))
        const { id } = await only(store)
        expect([...(await store.input(id))!.body]).toEqual([...body])
        await client.send(new DeleteItemCommand({ TableName: table, Key: { id: { S: id } } }))
      }),
      { numRuns: times({ quick: 10, proof: 60 }) },
    )
  })

  it('leaves the table with its parts, 400 days after it last came', async () => {
    const { client, table, clock, keepAll, rows } = await quarantine()
    const input = inputWith({ body: incompressible(700 * kb) })
    await keepAll(input)
    clock.advance(86_400_000)
    await keepAll(input)
    const kept = await rows()
    expect(kept).toHaveLength(4)
    for (const { id } of kept) {
      const get = new GetItemCommand({ TableName: table, Key: { id: { S: String(id) } } })
      expect((await client.send(get)).Item?.expiresAt).toEqual({
        N: String(at('2027-12-27T08:00:00Z') / 1_000),
      })
    }
  })

  it('keeps the content type that it first came with, and none where none came', async () => {
    const { keepAll, store, rows } = await quarantine()
    await keepAll(inputWith({ contentType: '' }))
    expect((await rows())[0]).not.toHaveProperty('contentType')
    expect(await only(store)).toMatchObject({ contentType: '' })
    await keepAll(inputWith({ contentType: 'text/plain' }), inputWith({ contentType: 'text/html' }))
    expect(await only(store)).toMatchObject({ contentType: 'text/plain' })
  })

  it('is not written once the deadline has passed', async () => {
    const { writer, rows } = await quarantine()
    const large = inputWith({ body: incompressible(301 * kb) })
    await expect(writer.keep(inputWith({}), AbortSignal.abort())).rejects.toThrow(/abort/i)
    await expect(writer.keep(large, AbortSignal.abort())).rejects.toThrow(/abort/i)
    expect(await rows()).toEqual([])
  })
})

describe('a body that comes again', () => {
  it('is one row, in parts or not, whoever gets in between', async () => {
    for (const body of [bytesOf('{not json'), incompressible(400 * kb)]) {
      const { keepAll, store, rows } = await quarantine()
      const times = ['2026-11-21T08:00:00Z', '2026-11-21T08:01:00Z', '2026-11-21T08:02:00Z']
      const inputs = times.map((time) => inputWith({ body, receivedAtMs: at(time) }))
      await Promise.all([keepAll(...inputs), keepAll(...inputs.toReversed())])
      expect(await only(store)).toMatchObject({ seen: 3, bytes: body.length })
      const [head] = await rows()
      expect(head?.seen).toEqual(times)
    }
  })

  it('after its parts were written and its head was not is whole', async () => {
    const { client, table, keepAll, store, rows } = await quarantine()
    const input = inputWith({ body: incompressible(400 * kb) })
    await keepAll(input)
    const { id } = await only(store)
    await client.send(new DeleteItemCommand({ TableName: table, Key: { id: { S: id } } }))
    expect(await Array.fromAsync(store.all())).toEqual([])
    expect(await rows()).toHaveLength(2)
    await keepAll(input)
    expect(Buffer.compare((await store.input(id))!.body, input.body)).toBe(0)
  })

  it('after it was resolved has to be dealt with again', async () => {
    const { keepAll, store } = await quarantine()
    await keepAll(inputWith({}))
    await store.replayed(sampleId, at('2026-11-22T09:00:00Z'), 'resolved')
    expect(await only(store)).toMatchObject({ resolvedAt: '2026-11-22T09:00:00Z' })
    await keepAll(inputWith({ receivedAtMs: at('2026-11-23T08:00:00Z') }))
    const row = await only(store)
    expect(row).not.toHaveProperty('resolvedAt')
    expect(row).toMatchObject({ attempts: 1, seen: 2, lastSeenAt: '2026-11-23T08:00:00Z' })
  })

  it('so often that its set is full has to be dealt with again all the same', async () => {
    const { keepAll, store } = await quarantine()
    const start = at('2026-11-21T08:00:00Z')
    const inputs = Array.from({ length: 101 }, (_, index) =>
      inputWith({ receivedAtMs: start + index * 1_000 }),
    )
    await keepAll(...inputs.slice(0, 100))
    await store.replayed(sampleId, start + 200_000, 'resolved')
    await keepAll(...inputs.slice(100))
    const row = await only(store)
    expect(row).not.toHaveProperty('resolvedAt')
    expect(row).toMatchObject({ seen: 100, lastSeenAt: '2026-11-21T08:01:40Z' })
  })
})

describe('a row', () => {
  it('stays within 400 KB though everything in it is at its longest', async () => {
    const { keepAll, store, rows } = await quarantine()
    const problems = Array.from({ length: 30 }, (_, index) => `/${index}/${'信'.repeat(1_000)}`)
    const body = bytesOf('信'.repeat(times({ quick: 1, proof: 100 }) * kb))
    const contentType = '信'.repeat(5_000)
    const start = at('2026-11-21T08:00:00.001Z')
    await keepAll(inputWith({ body, problems, contentType }))
    const { id } = await only(store)
    for (let index = 1; index <= 100; index += 1) {
      await store.replayed(id, start + index, { reason: 'invalid', problems })
    }
    // The body weighs on the engine: the set is filled by writers at once.
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        keepAll(inputWith({ body, problems, contentType, receivedAtMs: start + index })),
      ),
    )
    const [row] = await rows()
    expect(row).toMatchObject({ seen: { length: 100 }, replays: { length: 100 } })
    const lines = row?.problems as readonly string[]
    expect(lines).toHaveLength(20)
    expect(lines[19]).toBe(`/19/${'信'.repeat(295)}…`)
    expect(row?.contentType).toHaveLength(300)
  })

  it('holds half a character of a problem as the sign for a character that is none', async () => {
    const { keepAll, store } = await quarantine()
    await keepAll(inputWith({ problems: [`${'a'.repeat(298)}😀a`, '\ud83d'] }))
    expect((await only(store)).problems).toEqual([`${'a'.repeat(298)}\ufffd…`, '\ufffd'])
  })
})

describe('the gauge', () => {
  it('counts what has to be dealt with, each body once and without its parts', async () => {
    const { keepAll, gauge } = await quarantine()
    expect(await gauge.open()).toBe(0)
    await keepAll(inputWith({}), inputWith({ body: incompressible(400 * kb) }))
    expect(await gauge.open()).toBe(2)
    await keepAll(inputWith({ receivedAtMs: at('2026-11-21T09:00:00Z') }))
    expect(await gauge.open()).toBe(2)
  })

  it('leaves out what was replayed or dismissed, until it comes again', async () => {
    const { keepAll, store, gauge, rows } = await quarantine()
    const later = inputWith({ receivedAtMs: at('2026-11-23T08:00:00Z') })
    await keepAll(inputWith({}))
    await store.replayed(sampleId, at('2026-11-22T09:00:00Z'), 'resolved')
    expect(await gauge.open()).toBe(0)
    await keepAll(later)
    expect(await gauge.open()).toBe(1)
    await store.dismissed(sampleId, at('2026-11-24T08:00:00Z'))
    expect(await gauge.open()).toBe(0)
    await keepAll(inputWith({ receivedAtMs: at('2026-11-25T08:00:00Z') }))
    expect(await gauge.open()).toBe(1)
    expect((await rows())[0]).toMatchObject({ open: '2026-11-25T08:00:00Z' })
  })

  it('counts what a replay left undone', async () => {
    const { keepAll, store, gauge } = await quarantine()
    await keepAll(inputWith({}))
    await store.dismissed(sampleId, at('2026-11-22T08:00:00Z'))
    await store.replayed(sampleId, at('2026-11-22T09:00:00Z'), { reason: 'invalid', problems: ['/a'] })
    expect(await gauge.open()).toBe(1)
  })
})

describe('a dismissal', () => {
  it('is distinguished from a replay, by what resolved it last', async () => {
    const { keepAll, store } = await quarantine()
    await keepAll(inputWith({}))
    await store.dismissed(sampleId, at('2026-11-22T09:00:00Z'))
    const dismissed = { resolvedAt: '2026-11-22T09:00:00Z', resolvedBy: 'dismissal', attempts: 0 }
    expect(await only(store)).toMatchObject(dismissed)
    await store.replayed(sampleId, at('2026-11-22T10:00:00Z'), 'resolved')
    const replayed = { resolvedAt: '2026-11-22T10:00:00Z', resolvedBy: 'replay', attempts: 1 }
    expect(await only(store)).toMatchObject(replayed)
    await keepAll(inputWith({ receivedAtMs: at('2026-11-23T08:00:00Z') }))
    expect(await only(store)).not.toHaveProperty('resolvedBy')
  })

  it('makes no row of one that has left the table', async () => {
    const { store, rows } = await quarantine()
    await expect(store.dismissed(sampleId, at('2026-11-22T09:00:00Z'))).rejects.toThrow('There is no row')
    expect(await rows()).toEqual([])
  })
})

describe('a replay', () => {
  it('that leaves nothing resolves the row and is counted', async () => {
    const { keepAll, store, rows } = await quarantine()
    await keepAll(inputWith({}))
    expect(await only(store)).toMatchObject({ attempts: 0 })
    await store.replayed(sampleId, at('2026-11-22T09:00:00Z'), 'resolved')
    expect(await only(store)).toEqual({
      id: sampleId,
      provider: 'tencent-ses',
      contentType: 'application/json',
      reason: 'unreadable',
      problems: ['body: expected JSON, got a string'],
      bytes: 9,
      isVerified: false,
      firstSeenAt: '2026-11-21T08:00:00Z',
      lastSeenAt: '2026-11-21T08:00:00Z',
      seen: 1,
      attempts: 1,
      resolvedAt: '2026-11-22T09:00:00Z',
      resolvedBy: 'replay',
    })
    expect((await rows())[0]).toMatchObject({ replays: ['2026-11-22T09:00:00Z'] })
  })

  it('that leaves something says what, and the row has to be dealt with still', async () => {
    const { keepAll, store } = await quarantine()
    await keepAll(inputWith({}))
    await store.replayed(sampleId, at('2026-11-22T09:00:00Z'), 'resolved')
    const left = {
      reason: 'invalid',
      problems: ['/email: expected one email address, got a string'],
    } as const
    await store.replayed(sampleId, at('2026-11-22T10:00:00Z'), left)
    const row = await only(store)
    expect(row).toMatchObject({ ...left, attempts: 2 })
    expect(row).not.toHaveProperty('resolvedAt')
  })

  it('that is written down twice counts once, and beyond a hundred no more', async () => {
    const { keepAll, store } = await quarantine()
    await keepAll(inputWith({}))
    const start = at('2026-11-22T09:00:00Z')
    const left = { reason: 'invalid', problems: [] } as const
    for (let index = 0; index < 103; index += 1) {
      await store.replayed(sampleId, start + index * 1_000, left)
      await store.replayed(sampleId, start + index * 1_000, left)
    }
    expect(await only(store)).toMatchObject({ attempts: 100 })
    await store.replayed(sampleId, start + 200_000, 'resolved')
    expect(await only(store)).toMatchObject({ attempts: 100, resolvedAt: '2026-11-22T09:03:20Z' })
  })

  it('of a row that left the table meanwhile does not bring it back', async () => {
    const { table, store, rows } = await quarantine()
    await expect(store.replayed(sampleId, at('2026-11-22T09:00:00Z'), 'resolved')).rejects.toThrow(
      `There is no row '${sampleId}' in ${table}`,
    )
    expect(await rows()).toEqual([])
  })
})

describe('the store', () => {
  afterEach(() => {
    engine.client.middlewareStack.remove('answers')
  })

  it('lists without fetching a body', async () => {
    const { keepAll, store, logged } = await quarantine()
    await keepAll(inputWith({}), inputWith({ body: incompressible(310 * kb) }))
    const attributes = new Set<string>()
    const note = (next: (args: never) => Promise<{ output: { Items: object[] } }>) => async (args: never) => {
      const answer = await next(args)
      for (const item of answer.output.Items) for (const name of Object.keys(item)) attributes.add(name)
      return answer
    }
    engine.client.middlewareStack.add(note as never, { step: 'initialize', name: 'answers' })
    expect(await Array.fromAsync(store.all())).toHaveLength(2)
    expect(attributes).toContain('reason')
    expect(attributes).not.toContain('body')
    expect(attributes).not.toContain('data')
    expect(logged).toEqual([])
  })

  it('returns no expired row', async () => {
    const { clock, keepAll, store } = await quarantine()
    await keepAll(inputWith({}))
    clock.advance(400 * 86_400_000)
    expect(await Array.fromAsync(store.all())).toEqual([])
    expect(await store.input(sampleId)).toBeUndefined()
    expect(await store.input(sampleId.slice(0, 12))).toBeUndefined()
  })

  it.each([
    [{ reason: { S: 'bored' } }, /^reason: expected/],
    [{ bytes: { S: '9' } }, /^bytes: expected/],
    [{ seen: { S: '2026-11-21T08:00:00Z' } }, /^seen: expected/],
    [{ problems: { S: 'many' } }, /^problems: expected/],
  ])('leaves out and logs a row that was changed by hand, which hides no other: %j', async (by, problem) => {
    const { client, table, logged, keepAll, store } = await quarantine()
    await keepAll(inputWith({}), inputWith({ provider: 'another' }))
    const Key = { id: { S: sampleId } }
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key }))
    await client.send(new PutItemCommand({ TableName: table, Item: { ...Item, ...by } }))
    expect(await only(store)).toMatchObject({ provider: 'another' })
    expect(logged).toEqual([
      { event: 'row unreadable', id: sampleId, problem: expect.stringMatching(problem) },
    ])
    await expect(store.input(sampleId)).rejects.toThrow(`The row '${sampleId}' of ${table} cannot be read`)
  })

  it('finds a body by the beginning of its id, as long as it names one', async () => {
    const { client, table, keepAll, store } = await quarantine()
    await keepAll(inputWith({ body: incompressible(310 * kb) }))
    const { id } = await only(store)
    expect(await store.input(id.slice(0, 6))).toMatchObject({ id, bytes: 310 * kb })
    expect(await store.input('0'.repeat(12))).toBeUndefined()
    await expect(store.input('12345')).rejects.toThrow(/at least its first 6/)

    const other = `${id.slice(0, 8)}${'0'.repeat(56)}`
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: { id: { S: id } } }))
    await client.send(new PutItemCommand({ TableName: table, Item: { ...Item, id: { S: other } } }))
    await expect(store.input(id.slice(0, 8))).rejects.toThrow(`'${id.slice(0, 8)}' begins 2 ids.`)
  })

  it('names the part that is missing of a body', async () => {
    const { client, table, keepAll, store } = await quarantine()
    await keepAll(inputWith({ body: incompressible(400 * kb) }))
    const { id } = await only(store)
    await client.send(new DeleteItemCommand({ TableName: table, Key: { id: { S: `${id}#001` } } }))
    await expect(store.input(id)).rejects.toThrow(/^Part 1 of 2, .* is missing/)
  })
})

describe('what is still to be dealt with', () => {
  it('is read by the index, in batches, and nothing else is', async () => {
    const { client, writer, store } = await quarantine()
    for (let n = 0; n < 105; n += 1) await writer.keep(inputWith({ body: bytesOf(`hello ${n}`) }))
    await writer.keep(inputWith({ body: incompressible(400 * kb) }))
    await writer.keep(inputWith({}))
    await store.dismissed(sampleId, at('2026-11-21T09:00:00Z'))
    const asked: string[] = []
    client.middlewareStack.add(
      (next, context) => (args) => {
        const { IndexName = '' } = args.input as { IndexName?: string }
        asked.push(`${String(context.commandName)} ${IndexName}`.trim())
        return next(args)
      },
      { step: 'initialize', name: 'asked' },
    )
    try {
      const rows = await Array.fromAsync(store.open())
      expect(rows).toHaveLength(106)
      expect(rows.map(({ id }) => id)).not.toContain(sampleId)
      expect(new Set(asked)).toEqual(new Set(['ScanCommand open', 'BatchGetItemCommand']))
      expect(asked.filter((name) => name === 'BatchGetItemCommand').length).toBeGreaterThanOrEqual(2)
    } finally {
      client.middlewareStack.remove('asked')
    }
    expect(await Array.fromAsync(store.all())).toHaveLength(107)
  })

  it('is what its row says, where the index is behind', async () => {
    const { client, table, store, writer } = await quarantine()
    await writer.keep(inputWith({}))
    // As the index shows a row that was dismissed a moment ago.
    const { Item = {} } = await client.send(
      new GetItemCommand({ TableName: table, Key: { id: { S: sampleId } } }),
    )
    const dismissed = { ...Item, resolvedAt: { S: '2026-11-21T09:00:00Z' }, resolvedBy: { S: 'dismissal' } }
    await client.send(new PutItemCommand({ TableName: table, Item: dismissed }))
    expect(await Array.fromAsync(store.open())).toEqual([])
  })
})
