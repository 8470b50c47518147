import { describe, expect, it } from '@jest/globals'
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { deliveryReader } from '../../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { UnwritableError } from '../../../lib/ledger/ports.ts'
import { countsOf } from '../../../lib/core/delivery.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf, type PlainRow } from '../../embedded-tables.ts'
import { eventWith, sampleMessage } from '../../events.ts'
import type { DeliveryEvent } from '../../../lib/core/event.ts'

const engine = embeddedTables()
const clock = virtualClock('2026-11-21T08:00:00Z')
const quiet = () => undefined
const at = (time: string) => Date.parse(time)

async function recorded(...events: readonly DeliveryEvent[]): Promise<readonly PlainRow[]> {
  const { deliveries: table } = await engine.freshTables()
  const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
  for (const event of events) await writer.record(event)
  return rowsOf(engine.client, table)
}

/** Writes with a client that counts its calls. */
async function countedWrites(events: readonly DeliveryEvent[]): Promise<number> {
  const { deliveries: table } = await engine.freshTables()
  let calls = 0
  const count = (next: (args: never) => Promise<never>) => (args: never) => {
    calls += 1
    return next(args)
  }
  engine.client.middlewareStack.add(count as never, { step: 'initialize', name: 'count' })
  const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
  for (const event of events) await writer.record(event)
  engine.client.middlewareStack.remove('count')
  return calls
}

const opened = (time: string, detail = '') => eventWith({ kind: 'opened', occurredAtMs: at(time), detail })
const hardBounce = eventWith({
  kind: 'bounced',
  bounceClass: 'hard',
  reply: '551 5.1.1 recipient is not exist',
})

describe('a row', () => {
  it('holds one bounce as a person reads it', async () => {
    const bounce = eventWith({
      kind: 'bounced',
      bounceClass: 'hard',
      reply: '551 5.1.1 recipient is not exist',
      spelling: 'Example@example.com',
      sentAtMs: at('2022-06-01T06:24:40Z'),
      columns: { subject: 'example subject', from: 'test@fromexample.com' },
      headers: new Map([['X-Tencentcloudses-Cb-Custom', 'ses callback']]),
    })
    expect(await recorded(bounce)).toEqual([
      {
        recipient: 'example@example.com',
        message: sampleMessage,
        messageId: sampleMessage,
        provider: 'tencent-ses',
        status: 'bounced',
        problemDay: '2022-06-01#04',
        statusRank: 70,
        sentAt: '2022-06-01T06:24:39Z',
        requested: ['2022-06-01T06:24:40Z'],
        bounced: ['2022-06-01T06:24:43Z hard 551 5.1.1 recipient is not exist'],
        subject: 'example subject',
        from: 'test@fromexample.com',
        spellings: ['Example@example.com'],
        'X-Tencentcloudses-Cb-Custom': 'ses callback',
      },
    ])
  })

  it('leaves the table 400 days after its last write, however old its events are', async () => {
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
    await writer.record(hardBounce)
    const { Attributes } = await engine.client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { recipient: { S: 'example@example.com' }, message: { S: sampleMessage } },
        ReturnValues: 'ALL_NEW',
      }),
    )
    expect(Attributes?.expiresAt).toEqual({ N: String(at('2027-12-26T08:00:00Z') / 1000) })
  })

  it.each([
    ['deferred', 'soft-bounced', 'soft-bounced'],
    ['soft-bounced', 'delivered', 'delivered'],
    ['delivered', 'bounced', 'bounced'],
    ['requested', 'unknown', 'unknown'],
    ['unknown', 'delivered', 'delivered'],
    ['dropped', 'bounced', 'bounced'],
    ['delivered', 'dropped', 'delivered'],
    ['opened', 'dropped', 'delivered'],
    ['soft-bounced', 'dropped', 'dropped'],
  ] as const)('of a mail %s and %s has the status %s in either order', async (one, other, expected) => {
    const events = [one, other].map((status, index) =>
      eventWith({
        occurredAtMs: at(`2022-06-01T07:00:0${index}Z`),
        ...(status === 'soft-bounced'
          ? { kind: 'bounced', bounceClass: 'soft' }
          : status === 'bounced'
            ? { kind: 'bounced', bounceClass: 'hard' }
            : { kind: status }),
      }),
    )
    const inOrder = await recorded(...events)
    expect(inOrder[0]?.status).toBe(expected)
    expect(await recorded(...events.reverse())).toEqual(inOrder)
  })

  it.each(['opened', 'clicked', 'complained', 'unsubscribed'] as const)(
    'that is %s before anything else is reported is delivered',
    async (kind) => {
      const [row] = await recorded(eventWith({ kind }))
      expect(row).toMatchObject({ status: 'delivered', statusRank: 50 })
    },
  )

  it('that bounced and was opened stays bounced', async () => {
    const [row] = await recorded(hardBounce, opened('2022-06-01T08:00:00Z'))
    expect(row).toMatchObject({ status: 'bounced', opened: ['2022-06-01T08:00:00Z'] })
  })

  it('has a place in the pending index only while there is something to ask', async () => {
    const deferred = eventWith({ kind: 'deferred' })
    const softBounce = eventWith({ kind: 'bounced', bounceClass: 'soft' })
    expect((await recorded(deferred))[0]?.pending).toMatch(/^2022-06-01#/)
    expect((await recorded(deferred, softBounce))[0]?.pending).toMatch(/^2022-06-01#/)
    expect((await recorded(deferred, eventWith({})))[0]).not.toHaveProperty('pending')
    expect((await recorded(eventWith({}), deferred))[0]).not.toHaveProperty('pending')
  })

  it('of a message without a date in its key stands under undated', async () => {
    const [row] = await recorded(eventWith({ kind: 'deferred', message: 'qcloud-ses-0a1b2c' }))
    expect(row).toMatchObject({ pending: 'undated#11', messageId: 'qcloud-ses-0a1b2c' })
    expect(row).not.toHaveProperty('sentAt')
  })

  it('known only by its task stays out of the index of messages', async () => {
    const [row] = await recorded(eventWith({ message: 'task:77' }))
    expect(row).not.toHaveProperty('messageId')
  })

  it('counts an event once that is reported twice with other detail, and keeps both reports', async () => {
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
    await writer.record(opened('2022-06-01T08:00:00Z', 'Mozilla/5.0'))
    await writer.record(opened('2022-06-01T08:00:00Z', 'Mozilla/5.0 {"new":1}'))
    const [delivery] = await deliveryReader({ client: engine.client, table, clock, log: quiet }).ofRecipient(
      'example@example.com',
    )
    expect(delivery?.facts.get('opened')).toHaveLength(2)
    expect(countsOf(delivery!).get('opened')).toBe(1)
  })

  it('takes a header whose name is a reserved word or an expression', async () => {
    const headers = new Map([
      ['X-Tencentcloudses-Cb-size(#a0)', 'a'],
      ['X-Tencentcloudses-Cb-:v0, status = :v0', 'b'],
    ])
    const [row] = await recorded(eventWith({ headers }))
    expect(row).toMatchObject({
      status: 'delivered',
      'X-Tencentcloudses-Cb-size(#a0)': 'a',
      'X-Tencentcloudses-Cb-:v0, status = :v0': 'b',
    })
  })
})

describe('a write', () => {
  it('is one for an event that comes in order', async () => {
    const requested = eventWith({ kind: 'requested' })
    const deferred = eventWith({ kind: 'deferred' })
    const events = [
      requested,
      deferred,
      eventWith({}),
      opened('2022-06-01T08:00:00Z'),
      opened('2022-06-01T09:00:00Z'),
    ]
    expect(await countedWrites(events)).toBe(5)
  })

  it.each([
    ['requested', eventWith({ kind: 'requested' })],
    ['deferred', eventWith({ kind: 'deferred' })],
    ['soft-bounced', eventWith({ kind: 'bounced', bounceClass: 'soft' })],
    ['delivered', eventWith({})],
    ['dropped', eventWith({ kind: 'dropped' })],
    ['bounced', hardBounce],
    ['unknown', eventWith({ kind: 'unknown' })],
  ])('is one for a repeat of %s, and changes nothing', async (_, event) => {
    expect(await countedWrites([event, event, event])).toBe(3)
    expect(await recorded(event, event, event)).toEqual(await recorded(event))
  })

  it('that repeats what has left the pending index does not bring it back', async () => {
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
    const softBounce = eventWith({ kind: 'bounced', bounceClass: 'soft' })
    await writer.record(softBounce)
    await writer.leavePending(softBounce, 'soft-bounced')
    await writer.record(softBounce)
    expect((await rowsOf(engine.client, table))[0]).not.toHaveProperty('pending')
  })

  it('is two for a late event and for an open that overtakes its delivery', async () => {
    expect(await countedWrites([eventWith({}), eventWith({ kind: 'deferred' })])).toBe(3)
    expect(await countedWrites([opened('2022-06-01T08:00:00Z')])).toBe(2)
  })

  it('that DynamoDB refuses for good says so', async () => {
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
    const headers = new Map([['X-Tencentcloudses-Cb-Big', 'x'.repeat(410 * 1024)]])
    await expect(writer.record(eventWith({ headers }))).rejects.toThrow(UnwritableError)
  })

  it('gives up when its deadline passes', async () => {
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
    await expect(writer.record(eventWith({}), AbortSignal.abort())).rejects.toThrow(/abort/i)
    expect(await rowsOf(engine.client, table)).toEqual([])
  })
})

describe('a set of facts that is full', () => {
  const opens = Array.from({ length: 50 + 7 }, (_, index) =>
    opened(new Date(at('2022-06-02T00:00:00Z') + index * 1000).toISOString().replace('.000', '')),
  )

  it('spills: each further fact gets a row right below, and nothing is counted twice', async () => {
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
    for (const event of [...opens, ...opens.toReversed()]) await writer.record(event)
    const rows = await rowsOf(engine.client, table)
    expect(rows).toHaveLength(1 + 7)
    expect(rows[0]).toMatchObject({ status: 'delivered', message: sampleMessage })
    expect(rows[1]).toMatchObject({
      factOf: sampleMessage,
      kind: 'opened',
      fact: '2022-06-02T00:00:50Z',
      message: expect.stringMatching(/#opened#2022-06-02T00:00:50Z#[0-9a-f]{16}$/),
    })
    const [delivery, ...others] = await deliveryReader({
      client: engine.client,
      table,
      clock,
      log: quiet,
    }).ofMessage(sampleMessage)
    expect(others).toEqual([])
    expect(countsOf(delivery!).get('opened')).toBe(57)
  })

  it('still lets the status rise', async () => {
    const softBounces = opens.map((open) => ({ ...open, kind: 'bounced', bounceClass: 'soft' }) as const)
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
    for (const event of [...softBounces, hardBounce]) await writer.record(event)
    const [delivery] = await deliveryReader({ client: engine.client, table, clock, log: quiet }).ofMessage(
      sampleMessage,
    )
    expect(delivery?.status).toBe('bounced')
    expect(delivery?.facts.get('bounced')?.[0]?.text).toBe(
      '2022-06-01T06:24:43Z hard 551 5.1.1 recipient is not exist',
    )
  })

  it('costs the row nothing more, however often the mail is opened', async () => {
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
    for (const event of opens) await writer.record(event)
    const [row] = await rowsOf(engine.client, table)
    expect(row?.opened).toHaveLength(50)
  })
})

describe('the names of a delivery', () => {
  const spelled = (index: number) => ({
    ...opened(`2022-06-02T00:00:${String(index).padStart(2, '0')}Z`),
    spelling: `${'E'.repeat(index + 1)}xample@example.com`,
    emailId: `id${index}$example@example.com`,
  })

  it('are at most twenty of a kind, whoever reports them, and no event is lost for it', async () => {
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
    for (let index = 0; index < 25; index += 1) await writer.record(spelled(index))
    const [row] = await rowsOf(engine.client, table)
    expect(row?.spellings).toHaveLength(20)
    expect(row?.emailIds).toHaveLength(20)
    const [delivery] = await deliveryReader({ client: engine.client, table, clock, log: quiet }).ofRecipient(
      'example@example.com',
    )
    expect(countsOf(delivery!).get('opened')).toBe(25)
    expect(delivery?.status).toBe('delivered')
  })

  it('that stand there already cost nothing more', async () => {
    expect(await countedWrites([eventWith({}), spelled(1), spelled(1)])).toBe(3)
  })

  it('still join where the set of facts is full', async () => {
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({
      client: engine.client,
      table,
      retentionDays: 400,
      clock,
      maxFactsInRow: 1,
    })
    for (const index of [1, 2]) await writer.record(spelled(index))
    const [row] = await rowsOf(engine.client, table)
    expect(row?.emailIds).toEqual(['id1$example@example.com', 'id2$example@example.com'])
    expect(row?.opened).toHaveLength(1)
  })
})

describe('a fact too long for its row', () => {
  it('stands there shortened and is kept whole in a row of its own', async () => {
    const link = `https://example.com/${'a'.repeat(3000)}`
    const { deliveries: table } = await engine.freshTables()
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
    await writer.record(eventWith({ kind: 'clicked', link: `${link}1` }))
    await writer.record(eventWith({ kind: 'clicked', link: `${link}2` }))
    const [row] = await rowsOf(engine.client, table)
    expect(JSON.stringify(row).length).toBeLessThan(2_000)
    const [delivery] = await deliveryReader({ client: engine.client, table, clock, log: quiet }).ofRecipient(
      'example@example.com',
    )
    expect(delivery?.facts.get('clicked')?.map((fact) => fact.link)).toEqual([`${link}1`, `${link}2`])
    expect(countsOf(delivery!).get('clicked')).toBe(2)
  })
})
