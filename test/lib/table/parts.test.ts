import { createCipheriv } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from '@jest/globals'
import { DeleteItemCommand, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { putParts, readParts } from '../../../lib/table/parts.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { isProof } from '../../strength.ts'

const engine = embeddedTables()
const kb = 1_024
const id = 'ab'.repeat(32)
const expiresAt = { N: '1830000000' }

/** The same bytes at each run, which no compression makes smaller. */
function incompressible(length: number): Uint8Array {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(Buffer.alloc(length))
}

async function kept(bytes: Uint8Array) {
  const { inbound: table } = await engine.freshTables()
  const put = () => putParts({ client: engine.client, table, id, bytes, expiresAt })
  const count = await put()
  return { table, count, put, read: () => readParts(engine.client, table, id, count) }
}

/** Does this before each PutItem, given its number. */
function beforeEachPut(act: (put: number) => Promise<void>): void {
  let puts = 0
  const middleware =
    (next: (args: never) => Promise<never>, { commandName }: { commandName?: string }) =>
    async (args: never) => {
      if (commandName === 'PutItemCommand') await act((puts += 1))
      return next(args)
    }
  engine.client.middlewareStack.add(middleware as never, { step: 'initialize', name: 'before-put' })
}
afterEach(() => {
  engine.client.middlewareStack.remove('before-put')
})

describe('bytes in parts', () => {
  it.each([
    [0, 0],
    [1, 1],
    [349 * kb - 1, 1],
    [349 * kb, 1],
    [349 * kb + 1, 2],
    [2 * 349 * kb, 2],
    [2 * 350 * kb, 3],
    // The largest body that a function can be sent.
    ...(isProof ? [[6_144 * kb, 18] as const] : []),
  ])('come back as they were: %i of them in %i parts', async (length, expected) => {
    const bytes = incompressible(length)
    const { table, count, read } = await kept(bytes)
    expect(count).toBe(expected)
    expect(Buffer.compare(await read(), bytes)).toBe(0)
    // A page of them.
    const rows = await rowsOf(engine.client, table)
    for (const { data } of rows) expect((data as Uint8Array).length).toBeLessThanOrEqual(350 * kb)
  })

  it('stand in a row each that says whose part it is, and leave the table like their head', async () => {
    const { table } = await kept(incompressible(350 * kb))
    expect(await rowsOf(engine.client, table)).toEqual([
      { id: `${id}#001`, partOf: id, data: expect.any(Uint8Array) },
      { id: `${id}#002`, partOf: id, data: expect.any(Uint8Array) },
    ])
    const part = new GetItemCommand({ TableName: table, Key: { id: { S: `${id}#002` } } })
    expect((await engine.client.send(part)).Item).toMatchObject({ expiresAt })
  })

  it('take less room where they are text', async () => {
    const { table } = await kept(Buffer.from('all work and no play\n'.repeat(10_000)))
    const [row] = await rowsOf(engine.client, table)
    expect((row?.data as Uint8Array).length).toBeLessThan(10 * kb)
  })

  it('are the same rows however often they are put', async () => {
    const { table, put } = await kept(Buffer.from('all work and no play\n'.repeat(40_000)))
    const once = await rowsOf(engine.client, table)
    await Promise.all([put(), put()])
    expect(once).toHaveLength(3)
    expect(await rowsOf(engine.client, table)).toEqual(once)
  })

  it('come back where another version of zlib packed one of them', async () => {
    const bytes = Buffer.from('all work and no play\n'.repeat(40_000))
    const { table, read } = await kept(bytes)
    const data = gzipSync(bytes.subarray(349 * kb, 2 * 349 * kb), { level: 9 })
    await rewrite(table, `${id}#002`, data)
    expect(Buffer.compare(await read(), bytes)).toBe(0)
  })

  it('are put a few at a time', async () => {
    let underWay = 0
    let most = 0
    beforeEachPut(async () => {
      most = Math.max(most, (underWay += 1))
      await setTimeout(50)
      underWay -= 1
    })
    await kept(new Uint8Array(20 * 349 * kb))
    expect(most).toBe(6)
  })
})

async function rewrite(table: string, part: string, data: Uint8Array): Promise<void> {
  const command = new UpdateItemCommand({
    TableName: table,
    Key: { id: { S: part } },
    UpdateExpression: 'SET #data = :data',
    ExpressionAttributeNames: { '#data': 'data' },
    ExpressionAttributeValues: { ':data': { B: data } },
  })
  await engine.client.send(command)
}

describe('a part', () => {
  it('that is missing is named', async () => {
    const { table, read } = await kept(incompressible(3 * 349 * kb))
    await engine.client.send(new DeleteItemCommand({ TableName: table, Key: { id: { S: `${id}#002` } } }))
    await expect(read()).rejects.toThrow(`Part 2 of 3, the row '${id}#002' of ${table}, is missing.`)
  })

  it.each([
    ['is no gzip', Buffer.from('something else')],
    ['is cut off', gzipSync(incompressible(1_000)).subarray(0, 900)],
    ['unpacks to more than was ever put', gzipSync(Buffer.alloc(350 * kb))],
  ])('that %s is named', async (_, data) => {
    const { table, read } = await kept(incompressible(3 * 349 * kb))
    await rewrite(table, `${id}#003`, data)
    await expect(read()).rejects.toThrow(`Part 3 of 3, the row '${id}#003' of ${table}, is damaged.`)
  })

  it('that cannot be put ends the others: nothing is written after the failure was reported', async () => {
    const { inbound: table } = await engine.freshTables()
    beforeEachPut(async (put) => {
      if (put === 2) throw new Error('refused')
      await setTimeout(30)
    })
    const bytes = new Uint8Array(20 * 349 * kb)
    await expect(putParts({ client: engine.client, table, id, bytes, expiresAt })).rejects.toThrow('refused')
    await setTimeout(100)
    expect(await rowsOf(engine.client, table)).toEqual([])
  })

  it('is not put once the deadline has passed', async () => {
    const { inbound: table } = await engine.freshTables()
    const signal = AbortSignal.abort()
    const bytes = incompressible(10)
    await expect(putParts({ client: engine.client, table, id, bytes, expiresAt, signal })).rejects.toThrow(
      /abort/i,
    )
    expect(await rowsOf(engine.client, table)).toEqual([])
  })
})
