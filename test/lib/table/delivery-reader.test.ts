import { describe, expect, it } from '@jest/globals'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { deliveryReader, deliveryScanner, problemReader } from '../../../lib/table/delivery-reader.ts'
import type { Delivery } from '../../../lib/core/delivery.ts'
import type { EventKind } from '../../../lib/core/event.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { emulatorClient } from '../../../local/dynamodb-emulator.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { eventWith, sampleMessage } from '../../events.ts'
import { times } from '../../strength.ts'

const engine = embeddedTables()

async function ledger() {
  const { deliveries: table } = await engine.freshTables()
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const logged: unknown[] = []
  const log = (event: string, fields?: object) => logged.push({ event, ...fields })
  const { client } = engine
  const writer = deliveryWriter({ client, table, retentionDays: 400, clock })
  return { client, table, clock, logged, writer, reader: deliveryReader({ client, table, clock, log }) }
}

const deferred = eventWith({ kind: 'deferred' })

describe('a row that somebody has changed by hand', () => {
  it.each([
    [{ status: { S: 'lost' }, provider: { S: 'tencent-ses' } }, /status/],
    [{ provider: { S: 'tencent-ses' } }, /status/],
    [{ status: { S: 'delivered' } }, /provider/],
    [{ status: { N: '50' }, provider: { S: 'tencent-ses' } }, /status/],
    [{ factOf: { S: 'm' }, kind: { S: 'teleported' }, fact: { S: 'x' } }, /kind/],
  ])('is left out and logged without its address, and hides no other: %j', async (attributes, problem) => {
    const { client, table, logged, writer, reader } = await ledger()
    await writer.record(deferred)
    const key = { recipient: { S: 'example@example.com' }, message: { S: 'a-message' } }
    await client.send(new PutItemCommand({ TableName: table, Item: { ...key, ...attributes } }))
    const found = await reader.ofRecipient('example@example.com')
    expect(found.map(({ message }) => message)).toEqual([sampleMessage])
    expect(logged).toEqual([
      { event: 'row unreadable', message: 'a-message', problem: expect.stringMatching(problem) },
    ])
  })

  it('does not stop the pending index', async () => {
    const { client, table, writer, reader } = await ledger()
    await writer.record(deferred)
    const key = { recipient: { S: 'a@example.com' }, message: { S: 'a-message' } }
    await client.send(
      new PutItemCommand({ TableName: table, Item: { ...key, pending: { S: '2022-06-01' } } }),
    )
    expect(await Array.fromAsync(reader.pending())).toEqual([
      {
        recipient: 'example@example.com',
        message: sampleMessage,
        status: 'deferred',
        provider: 'tencent-ses',
      },
    ])
  })
})

describe('a row whose time is over', () => {
  it('is not returned any more, though the table has not deleted it yet', async () => {
    const { clock, writer, reader } = await ledger()
    await writer.record(deferred)
    const key = { recipient: 'example@example.com', message: sampleMessage }
    expect(await reader.rowsOf([key])).toHaveLength(1)
    clock.advance(400 * 86_400_000)
    expect(await reader.rowsOf([key])).toEqual([])
    expect(await reader.ofRecipient(key.recipient)).toEqual([])
  })
})

describe('a message', () => {
  it('is found with all of its recipients, and no other message that begins alike', async () => {
    const { writer, reader } = await ledger()
    await writer.record(eventWith({ recipient: 'b@example.com' }))
    await writer.record(eventWith({ recipient: 'a@example.com' }))
    await writer.record(eventWith({ recipient: 'a@example.com', message: `${sampleMessage}x` }))
    const found = await reader.ofMessage(sampleMessage)
    expect(found.map(({ recipient, message }) => [recipient, message])).toEqual([
      ['a@example.com', sampleMessage],
      ['b@example.com', sampleMessage],
    ])
  })
})

describe('the problems of a day', () => {
  it('are the mails sent on it that were refused or put off, by what became of them since', async () => {
    const { client, table, clock, writer } = await ledger()
    const record = (recipient: string, kind: EventKind, message = sampleMessage) =>
      writer.record(eventWith({ recipient, kind, message, columns: { template: '7' } }))
    await record('anna@example.com', 'bounced')
    await record('ben@example.com', 'delivered')
    await record('cleo@example.com', 'deferred')
    await record('cleo@example.com', 'delivered')
    await record('dora@example.com', 'complained')
    await record('emil@example.com', 'dropped', '1654063479000_144383_11771_2575.sc-10_9_13_218-inbound')
    await record('fred@example.com', 'bounced', 'qcloud-ses-09af3b')
    const reader = problemReader({ client, table, clock, log: () => undefined })
    const problemsOf = async (day: string | undefined) =>
      (await Array.fromAsync(reader.problemsOf(day)))
        .map(({ recipient, status, template }) => [recipient, status, template])
        .sort()
    expect(await problemsOf('2022-06-01')).toEqual([
      ['anna@example.com', 'bounced', '7'],
      ['cleo@example.com', 'delivered', '7'],
      ['dora@example.com', 'delivered', '7'],
      ['emil@example.com', 'dropped', '7'],
    ])
    expect(await problemsOf(undefined)).toEqual([['fred@example.com', 'bounced', '7']])
    expect(await problemsOf('2022-06-02')).toEqual([])
  })
})

describe('pages of whole deliveries', () => {
  const recipients = ['anna@example.com', 'ben@example.com', 'cleo@example.com']
  const opens = [1, 2, 3, 4].map((second) => `2026-11-21T09:00:0${second}Z`)

  async function read(rowsInPage: number) {
    const { client, table, clock } = await ledger()
    const small = deliveryWriter({ client, table, retentionDays: 400, clock, maxFactsInRow: 2 })
    // Of which one begins as another does, and sorts between it and what is beside it.
    for (const message of ['m', 'm!n', 'n']) {
      for (const recipient of recipients) {
        for (const open of opens) {
          await small.record(
            eventWith({ recipient, message, kind: 'opened', occurredAtMs: Date.parse(open) }),
          )
        }
      }
    }
    const scanner = deliveryScanner({ client, table, clock, log: () => undefined, rowsInPage })
    return scanner
  }
  const summary = (deliveries: readonly Delivery[]) =>
    deliveries
      .map(({ recipient, message, facts }) => `${recipient} ${message} ${facts.get('opened')?.length ?? 0}`)
      .sort()
  const all = recipients.flatMap((recipient) =>
    ['m', 'm!n', 'n'].map((message) => `${recipient} ${message} 4`),
  )

  it.each([1, 2, 3, 4, 5, 7, 100])(
    'have every fact, however pages of %j rows cut them',
    async (rowsInPage) => {
      const pages = await Array.fromAsync((await read(rowsInPage)).wholePages())
      expect(summary(pages.flatMap(({ items }) => items))).toEqual(all)
      expect(pages.reduce((sum, { rows }) => sum + rows, 0)).toBe(27)
    },
  )

  it('go on from any of them', async () => {
    const scanner = await read(4)
    const pages = await Array.fromAsync(scanner.wholePages())
    for (const [place, { next }] of pages.entries()) {
      if (next === undefined) continue
      const others = await Array.fromAsync(scanner.wholePages(next))
      const before = pages.slice(0, place + 1)
      expect(summary([...before, ...others].flatMap(({ items }) => items))).toEqual(all)
    }
  })

  it('of all segments are those of the table', async () => {
    const scanner = await read(3)
    const found: Delivery[] = []
    for (const segment of [0, 1, 2]) {
      const pages = await Array.fromAsync(scanner.wholePages(undefined, { segment, of: 3 }))
      found.push(...pages.flatMap(({ items }) => items))
    }
    expect(summary(found)).toEqual(all)
  })
})

describe('a delivery with facts beside its row', () => {
  it('is put together in time that grows with their number, and not with its square', async () => {
    const { table, clock } = await ledger()
    const key = { recipient: { S: 'example@example.com' } }
    const row = { ...key, message: { S: 'm' }, provider: { S: 'sendcloud' }, status: { S: 'delivered' } }
    const count = times({ quick: 10_000, proof: 100_000 })
    const facts = Array.from({ length: count }, (_, index) => {
      const fact = `${new Date(at + index * 1_000).toISOString().slice(0, 19)}Z`
      return {
        ...key,
        message: { S: `m#opened#${fact}` },
        factOf: { S: 'm' },
        kind: { S: 'opened' },
        fact: { S: fact },
      }
    })
    const client = emulatorClient(engine.endpoint)
    client.middlewareStack.add(
      () => () => Promise.resolve({ output: { Items: [row, ...facts], $metadata: {} }, response: {} }),
      { step: 'initialize' },
    )
    const [delivery] = await deliveryReader({ client, table, clock, log: () => undefined }).ofRecipient('x')
    client.destroy()
    expect(delivery?.facts.get('opened')).toHaveLength(count)
    // Of 100,000 it takes minutes where it is squared.
  }, 60_000)
})

const at = Date.parse('2026-11-21T08:00:00Z')
