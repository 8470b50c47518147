import { describe, expect, it } from '@jest/globals'
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { countsOf, type Delivery } from '../../../lib/core/delivery.ts'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { joined } from '../../../lib/core/join.ts'
import { deliveryReader } from '../../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { inMemoryLedger } from '../../../local/in-memory-ledger.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { eventWith, sampleMessage } from '../../events.ts'

// Whatever an event reports: its status and its fact are written, and what its row does not hold stands beside it.

const engine = embeddedTables()
// Dynoxide refuses an update of a full item even where it becomes smaller. DynamoDB Local measures what comes out.
const exactEngine = embeddedTables({ onlyHere: true })
const recipient = 'example@example.com'
const at = (instant: string) => Date.parse(instant)

async function ledger({ client, freshTables } = engine) {
  const { deliveries: table } = await freshTables({
    CORRELATION_HEADER: 'X-Tencentcloudses-Cb-0',
    RFC_MESSAGE_ID_INDEX: 'on',
  })
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const on = { client, table, clock }
  const writer = deliveryWriter({
    ...on,
    retentionDays: 400,
    indexedIds: { ownIdHeaders: ['X-Tencentcloudses-Cb-0'], isRfcMessageIdIndexed: true },
  })
  const reader = deliveryReader({ ...on, log: () => undefined })
  return {
    clock,
    client,
    table,
    record: async (...events: readonly DeliveryEvent[]) => {
      for (const event of events) await writer.record(event)
    },
    delivery: async (): Promise<Delivery | undefined> => (await reader.ofRecipient(recipient))[0],
    ofMessage: () => reader.ofMessage(sampleMessage),
    rows: () => rowsOf(client, table),
  }
}

const headersOf = (count: number, value = 'x') =>
  new Map(Array.from({ length: count }, (_, n) => [`X-Tencentcloudses-Cb-${n}`, value] as const))

describe('an event with many headers', () => {
  it.each([[70], [115], [1_000]])('is written whole, of %i', async (count) => {
    const { record, delivery, ofMessage, rows } = await ledger()
    const event = eventWith({ columns: { subject: 'a subject' }, headers: headersOf(count) })
    await record(event, event)
    expect(await delivery()).toEqual(joined(undefined, event))
    expect(await ofMessage()).toEqual([joined(undefined, event)])
    const [row] = await rows()
    expect(row).toMatchObject({
      status: 'delivered',
      delivered: ['2022-06-01T06:24:43Z'],
      subject: 'a subject',
    })
    expect(Object.keys(row ?? {}).filter((name) => name.startsWith('X-')).length).toBe(Math.min(count, 79))
  })

  it('stands beside its row once, in whatever order they come', async () => {
    const { record, rows } = await ledger()
    const headers = headersOf(115)
    await record(eventWith({ headers }), eventWith({ headers: new Map([...headers].reverse()) }))
    expect((await rows()).length).toBe(2)
  })

  it('is written though all its headers together are larger than an item may be', async () => {
    const { record, delivery, rows } = await ledger()
    const event = eventWith({ headers: headersOf(20, 'x'.repeat(50_000)) })
    await record(event)
    expect(await delivery()).toEqual(joined(undefined, event))
    expect((await rows()).length).toBe(1 + 3)
  })

  it('is written in one expression, whatever else it reports', async () => {
    const { record, delivery, rows } = await ledger()
    const event = eventWith({
      kind: 'bounced',
      bounceClass: 'soft',
      reply: '451 try again later',
      columns: {
        subject: 'a subject',
        from: 'test@fromexample.com',
        fromDomain: 'fromexample.com',
        template: '123456',
        task: '7',
        account: '251200670',
        category: 'a category',
        labelId: '1',
        labelName: 'a label',
        rfcMessageId: 'ea2783c1@fromexample.com',
      },
      headers: headersOf(200),
      spelling: 'Example@example.com',
      emailId: '1447054895514_0_0_1.sc-inbound$example@example.com',
      sentAtMs: at('2022-06-01T06:24:40Z'),
    })
    await record(event)
    expect(await delivery()).toEqual(joined(undefined, event))
    const [row = {}, ...beside] = await rows()
    expect(Object.keys(row).filter((name) => name.startsWith('X-')).length).toBe(70)
    expect(beside.length).toBe(1)
  })

  it('is measured in bytes, whatever its language', async () => {
    const { record, delivery, rows } = await ledger()
    const event = eventWith({ headers: headersOf(3, '您'.repeat(100_000)) })
    await record(event)
    expect(await delivery()).toEqual(joined(undefined, event))
    expect((await rows()).length).toBe(1 + 3)
  })

  it('keeps its row small where one of them is long', async () => {
    const { record, delivery, rows } = await ledger()
    const event = eventWith({
      headers: new Map([...headersOf(2), ['X-Tencentcloudses-Cb-long', 'y'.repeat(30_000)]]),
    })
    await record(event)
    expect(await delivery()).toEqual(joined(undefined, event))
    expect(JSON.stringify((await rows())[0]).length).toBeLessThan(1_000)
  })

  it('is written but for one that no item can hold, and says so', async () => {
    const { record, delivery } = await ledger()
    const headers = new Map([...headersOf(2), ['SC-Custom-huge', 'y'.repeat(450_000)] as const])
    await expect(record(eventWith({ headers }))).rejects.toMatchObject({ name: 'UnwritableError' })
    expect(await delivery()).toEqual(joined(undefined, eventWith({ headers: headersOf(2) })))
  })

  it('returns those of the first report in its row, and of the others in the order of their keys', async () => {
    const reported = ['one', 'two', 'three'].map((value) => eventWith({ headers: headersOf(115, value) }))
    const values = async (...events: readonly DeliveryEvent[]) => {
      const { record, delivery } = await ledger()
      await record(...events)
      return new Set((await delivery())?.columns.values())
    }
    const [one, two, three] = reported
    const inOrder = await values(one!, two!, three!)
    expect(inOrder.has('one')).toBe(true)
    expect(await values(one!, three!, two!)).toEqual(inOrder)
  })
})

describe('a fact', () => {
  it('that is longer than an item may be is in its row, shortened, and says so', async () => {
    const { record, delivery } = await ledger()
    const event = eventWith({ kind: 'bounced', bounceClass: 'hard', reply: `550 ${'z'.repeat(450_000)}` })
    await expect(record(event)).rejects.toMatchObject({ name: 'UnwritableError' })
    expect(await delivery()).toMatchObject({ status: 'bounced' })
    expect((await delivery())?.facts.get('bounced')?.[0]?.text).toMatch(
      /^2022-06-01T06:24:43Z hard 550 z{390}…$/,
    )
  })
})

describe('a row that is as large as an item may be', () => {
  /** A row whose item has room for so many bytes more. */
  async function filled(room: number, on = engine) {
    const made = await ledger(on)
    await made.record(
      eventWith({ kind: 'requested', columns: { subject: 'a subject', from: 'test@fromexample.com' } }),
    )
    const isTaken = (bytes: number) =>
      made.client
        .send(
          new UpdateItemCommand({
            TableName: made.table,
            Key: { recipient: { S: recipient }, message: { S: sampleMessage } },
            UpdateExpression: 'SET filler = :filler',
            ExpressionAttributeValues: { ':filler': { S: 'f'.repeat(bytes) } },
          }),
        )
        .then(
          () => true,
          () => false,
        )
    // Engines differ by a few bytes in what else they count.
    let [taken, refused] = [400 * 1024 - 1_000, 400 * 1024]
    while (taken + 1 < refused) {
      const bytes = Math.floor((taken + refused) / 2)
      if (await isTaken(bytes)) taken = bytes
      else refused = bytes
    }
    expect(await isTaken(taken - room)).toBe(true)
    return made
  }

  it.each([
    [1_000, engine],
    [300, engine],
    [100, engine],
    [30, engine],
    [20, exactEngine],
    [10, exactEngine],
    [0, exactEngine],
  ])('takes status and fact with room for %i bytes', async (room, on) => {
    const { record, delivery } = await filled(room, on)
    await record(
      eventWith({
        kind: 'bounced',
        bounceClass: 'soft',
        reply: `451 ${'try again later '.repeat(20)}`,
        columns: {
          subject: 'a subject',
          from: 'test@fromexample.com',
          template: 'w'.repeat(900),
          rfcMessageId: 'r'.repeat(1_024),
        },
        headers: headersOf(3),
        spelling: 'Example@example.com',
        sentAtMs: at('2022-06-01T06:24:40Z'),
      }),
    )
    const found = await delivery()
    expect(found?.status).toBe('soft-bounced')
    expect(found?.facts.get('bounced')?.map(({ text }) => text)).toEqual([
      `2022-06-01T06:24:43Z soft 451 ${'try again later '.repeat(20).trim()}`,
    ])
    expect(found?.facts.get('requested')?.map(({ text }) => text)).toContain('2022-06-01T06:24:40Z')
    expect(found?.spellings).toEqual(['Example@example.com'])
    expect(found?.columns.get('subject')).toBe('a subject')
    expect(found?.columns.get('template')).toBe('w'.repeat(900))
    expect(found?.columns.get('X-Tencentcloudses-Cb-2')).toBe('x')
  })

  it('keeps its own columns where an event reports them otherwise', async () => {
    const { record, delivery } = await filled(20)
    await record(
      eventWith({ kind: 'delivered', columns: { subject: 'another subject', template: 'w'.repeat(900) } }),
    )
    const found = await delivery()
    expect(found?.status).toBe('delivered')
    expect(found?.columns.get('subject')).toBe('a subject')
    expect(found?.columns.get('template')).toBe('w'.repeat(900))
  })

  it.each([
    ['requested', 50, (n: number) => ({ sentAtMs: at('2022-06-01T06:00:00Z') + n * 1_000 })],
    ['spellings', 20, (n: number) => ({ spelling: `${'E'.repeat(n + 1)}xample@example.com` })],
    ['emailIds', 20, (n: number) => ({ emailId: `1447054895514_0_0_1.sc${n}$example@example.com` })],
  ] as const)(
    'is never made by %s that differ with each event: it holds %i',
    async (set, held, differing) => {
      const { record, delivery, rows } = await ledger()
      const opened = { kind: 'opened', occurredAtMs: at('2022-06-01T08:00:00Z') } as const
      await record(...Array.from({ length: 55 }, (_, n) => eventWith({ ...opened, ...differing(n) })))
      const [row] = await rows()
      expect(row?.[set]).toHaveLength(held)
      expect(row?.opened).toEqual(['2022-06-01T08:00:00Z'])
      const found = await delivery()
      expect(set === 'requested' ? found?.facts.get(set) : found?.[set]).toHaveLength(55)
      expect(found && countsOf(found).get('opened')).toBe(1)
    },
  )
})

describe('what found no room in its row', () => {
  const opened = (second: number) =>
    eventWith({ kind: 'opened', occurredAtMs: at('2022-06-01T08:00:00Z') + second * 1_000 })
  const dayMs = 86_400_000

  const ledgers: readonly (readonly [
    string,
    () => Promise<Pick<Awaited<ReturnType<typeof ledger>>, 'clock' | 'record' | 'delivery'>>,
  ])[] = [
    ['the table', () => ledger()],
    [
      'the ledger in memory',
      () => {
        const clock = virtualClock('2026-11-21T08:00:00Z')
        const { deliveries } = inMemoryLedger(clock)
        return Promise.resolve({
          clock,
          record: async (...events: readonly DeliveryEvent[]) => {
            for (const event of events) await deliveries.record(event)
          },
          delivery: async () => (await deliveries.ofRecipient(recipient))[0],
        })
      },
    ],
  ]

  it.each(ledgers)('stays as long as the row does, in %s', async (_what, made) => {
    const { clock, record, delivery } = await made()
    const opens = async () => {
      const found = await delivery()
      return found && countsOf(found).get('opened')
    }
    const soft = eventWith({ kind: 'bounced', bounceClass: 'soft', reply: '4'.repeat(900) })
    await record(soft, ...Array.from({ length: 60 }, (_, n) => opened(n)))
    expect(await opens()).toBe(60)
    clock.advance(399 * dayMs)
    await record(opened(60))
    clock.advance(2 * dayMs)
    expect(await opens()).toBe(61)
    expect((await delivery())?.facts.get('bounced')?.[0]?.detail).toBe(`soft ${'4'.repeat(900)}`)
    clock.advance(396 * dayMs)
    await record(opened(61))
    clock.advance(398 * dayMs)
    expect(await opens()).toBe(62)
    clock.advance(3 * dayMs)
    expect(await delivery()).toBeUndefined()
  })
})
