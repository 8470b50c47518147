import { describe, expect, it } from '@jest/globals'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { deliveryReader } from '../../../lib/table/delivery-reader.ts'
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
