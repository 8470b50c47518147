import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { countsOf, type Delivery } from '../../../lib/core/delivery.ts'
import { eventKinds, type DeliveryEvent, type EventKind } from '../../../lib/core/event.ts'
import { joined } from '../../../lib/core/join.ts'
import type { DeliveryReader, DeliveryWriter } from '../../../lib/ledger/ports.ts'
import { deliveryReader } from '../../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import type { EmbeddedPostgres } from '../../embedded-postgres.ts'
import { embeddedTables, rowsOf, type PlainRow } from '../../embedded-tables.ts'
import { eventWith, sampleMessage } from '../../events.ts'
import { times } from '../../strength.ts'

// The laws of docs/adr/0001: a row depends on which events were reported, and on nothing else.

const recipients = ['a@example.com', 'b@example.com']
const messages = [sampleMessage, 'qcloud-ses-0a1b2c', 'task:77']
const startMs = Date.parse('2022-06-01T06:25:00Z')

/** Few instants, links and details, so that events collide, repeat and contradict each other often. */
const anyEvent: fc.Arbitrary<DeliveryEvent> = fc
  .record({
    recipient: fc.constantFrom(...recipients),
    message: fc.constantFrom(...messages),
    kind: fc.constantFrom<EventKind>(...eventKinds),
    source: fc.constantFrom('callback', 'poll'),
    second: fc.option(fc.nat(3), { nil: undefined }),
    link: fc.constantFrom('https://example.com/1', 'https://example.com/2', undefined),
    bounceClass: fc.constantFrom('hard', 'soft', 'undetermined'),
    detail: fc.constantFrom('', '250 ok', '452 4.2.2 mailbox full', 'x'.repeat(401)),
    sentSecond: fc.option(fc.nat(1), { nil: undefined }),
    reportsSubject: fc.boolean(),
    spelling: fc.constantFrom(undefined, 'First', 'FIRST'),
    index: fc.option(fc.nat(1), { nil: undefined }),
  })
  .map((drawn) => ({
    ...eventWith({
      recipient: drawn.recipient,
      message: drawn.message,
      kind: drawn.kind,
      detail: drawn.detail,
    }),
    source: drawn.second === undefined ? 'poll' : drawn.source,
    ...timed(drawn.second),
    ...(drawn.spelling !== undefined && { spelling: `${drawn.spelling}@example.com` }),
    ...(drawn.index !== undefined && { emailId: `${drawn.message}${drawn.index}$${drawn.recipient}` }),
    ...(drawn.kind === 'clicked' && drawn.link !== undefined && { link: drawn.link }),
    ...(drawn.kind === 'bounced' && { bounceClass: drawn.bounceClass }),
    ...(drawn.sentSecond !== undefined && { sentAtMs: startMs - 60_000 + drawn.sentSecond * 1_000 }),
    // What belongs to a message is the same in every event that reports it.
    columns: drawn.reportsSubject
      ? { subject: `about ${drawn.message}`, rfcMessageId: `${drawn.message}@example.com` }
      : {},
    headers: new Map(drawn.reportsSubject ? [['X-Tencentcloudses-Cb-Order', drawn.message]] : []),
  }))

function timed(second: number | undefined): { occurredAtMs?: number } {
  return second === undefined ? {} : { occurredAtMs: startMs + second * 1_000 }
}

/** A stream of events, and the same events in another order with repeats in between. */
const streams = fc.array(anyEvent, { minLength: 1, maxLength: 14 }).chain((events) =>
  fc.record({
    events: fc.constant(events),
    shuffled: fc
      .tuple(
        fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }),
        fc.array(fc.constantFrom(...events), { maxLength: 6 }),
      )
      .chain(([all, again]) =>
        fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length }),
      ),
  }),
)

type Deliveries = ReadonlyMap<string, Delivery>

function modelOf(events: readonly DeliveryEvent[]): Deliveries {
  const deliveries = new Map<string, Delivery>()
  for (const event of events) {
    const key = `${event.recipient} ${event.message}`
    deliveries.set(key, joined(deliveries.get(key), event))
  }
  return new Map([...deliveries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

const engine = embeddedTables()
const clock = virtualClock('2026-11-21T08:00:00Z')
const quiet = () => undefined

const indexes = { CORRELATION_HEADER: 'X-Tencentcloudses-Cb-Order', RFC_MESSAGE_ID_INDEX: 'on' }
const indexedIds = { ownIdHeaders: ['X-Tencentcloudses-Cb-Order'], isRfcMessageIdIndexed: true }

interface Opened {
  readonly writer: (maxFactsInRow: number) => DeliveryWriter
  readonly reader: DeliveryReader
  readonly rows: () => Promise<readonly PlainRow[]>
}

async function opened(): Promise<Opened> {
  if (engine.postgres) return openedInPostgres(engine.postgres)
  const { client } = engine
  const { deliveries: table } = await engine.freshTables(indexes)
  const settings = { client, table, retentionDays: 400, clock, indexedIds }
  return {
    writer: (maxFactsInRow) => deliveryWriter({ ...settings, maxFactsInRow }),
    reader: deliveryReader({ client, table, clock, log: quiet }),
    rows: () => rowsOf(client, table),
  }
}

async function openedInPostgres(postgres: EmbeddedPostgres): Promise<Opened> {
  const tables = await postgres.emptied(clock)
  return {
    writer: (maxFactsInRow) => tables.deliveryWriter({ retentionDays: 400, indexedIds, maxFactsInRow }),
    reader: tables.deliveryReader(),
    rows: () => postgres.rowsOf('deliveries'),
  }
}

interface Written {
  readonly rows: readonly PlainRow[]
  readonly deliveries: Deliveries
}

/** What new tables hold after writers at once. */
async function writtenBy(
  writers: readonly (readonly DeliveryEvent[])[],
  maxFactsInRow = 50,
): Promise<Written> {
  const { writer, reader, rows } = await opened()
  await Promise.all(
    writers.map(async (events) => {
      const own = writer(maxFactsInRow)
      for (const event of events) await own.record(event)
    }),
  )
  const all = (await Promise.all(recipients.map((recipient) => reader.ofRecipient(recipient)))).flat()
  const byKey = all
    .map((delivery) => [`${delivery.recipient} ${delivery.message}`, delivery] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return { rows: await rows(), deliveries: new Map(byKey) }
}

describe('the pure core', () => {
  it('ends in the same deliveries in any order and with any repeats', () => {
    fc.assert(
      fc.property(streams, ({ events, shuffled }) => {
        expect(modelOf(shuffled)).toEqual(modelOf(events))
      }),
      { numRuns: times({ quick: 200, proof: 1_000 }) },
    )
  })

  it('counts each event once, however often it is reported', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }), (seconds) => {
        const events = seconds.map((second) =>
          eventWith({ kind: 'opened', occurredAtMs: startMs + second * 1_000 }),
        )
        const [delivery] = modelOf(events).values()
        expect(countsOf(delivery!).get('opened')).toBe(new Set(seconds).size)
      }),
    )
  })
})

describe('the table', () => {
  it('ends in the same rows in any order and with any repeats', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async ({ events, shuffled }) => {
        const [first, second] = [await writtenBy([events]), await writtenBy([shuffled])]
        expect(second.rows).toEqual(first.rows)
      }),
      { numRuns: times({ quick: 4, proof: 40 }) },
    )
  })

  it('ends in the same rows whichever way three writers at once get in between each other', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async ({ events, shuffled }) => {
        const alone = await writtenBy([events])
        const raced = await writtenBy([events, shuffled, events.toReversed()])
        expect(raced.rows).toEqual(alone.rows)
      }),
      { numRuns: times({ quick: 4, proof: 40 }) },
    )
  })

  it('returns what the pure core computes where its sets are full after one fact', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async ({ events, shuffled }) => {
        const { deliveries } = await writtenBy([shuffled, events.toReversed()], 1)
        expect(deliveries).toEqual(modelOf(events))
      }),
      { numRuns: times({ quick: 4, proof: 40 }) },
    )
  })

  it('returns what the pure core computes', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async ({ events, shuffled }) => {
        const { deliveries } = await writtenBy([shuffled])
        expect(deliveries).toEqual(modelOf(events))
      }),
      { numRuns: times({ quick: 4, proof: 40 }) },
    )
  })
})
