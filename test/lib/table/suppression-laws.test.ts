import { beforeAll, describe, expect, it } from '@jest/globals'
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import {
  firstLasting,
  heldReasons,
  withEvidence,
  withRemoval,
  type Suppression,
  type SuppressionEvidence,
} from '../../../lib/core/suppression.ts'
import type {
  SuppressionReader,
  SuppressionRemover,
  SuppressionWriter,
} from '../../../lib/suppressions/ports.ts'
import type { TableNames } from '../../../lib/store/ports.ts'
import { suppressionReader } from '../../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import type { EmbeddedPostgres } from '../../embedded-postgres.ts'
import { embeddedTables, rowsOf, type PlainRow } from '../../embedded-tables.ts'
import { sampleMessage } from '../../events.ts'
import { times } from '../../strength.ts'

// The law of docs/adr/0007: a row depends on which evidence was reported and which removals were made, and on nothing else.

const recipient = 'a@example.com'
const dayMs = 86_400_000
const dayOf = fc.nat(4).map((day) => Date.parse('2026-11-21T00:00:00Z') + day * dayMs)

/** Few instants, some within one second, so that evidence and removals collide, repeat and fall between each other. */
const anyInstant = fc
  .tuple(fc.constantFrom(0, 0, 0, 1, 2, 3, 4), fc.nat(3))
  .map(([day, step]) => Date.parse('2026-11-21T23:59:58Z') + day * dayMs + step * 500)

const reported = {
  recipient: fc.constant(recipient),
  occurredAtMs: anyInstant,
  source: fc.constantFrom('callback' as const, 'poll' as const),
  provider: fc.constantFrom('tencent-ses', 'sendcloud'),
  message: fc.constantFrom(sampleMessage, 'task:77'),
}

const anyHardBounce: fc.Arbitrary<SuppressionEvidence> = fc.record(
  {
    ...reported,
    reason: fc.constant('hard-bounce'),
    judgement: fc.constantFrom(
      { class: 'gone', rule: 'no-such-mailbox' },
      { class: 'closed', rule: 'code-disabled' },
    ),
    detail: fc.constantFrom('550 5.1.1 user unknown', 'x'.repeat(400)),
  },
  { requiredKeys: ['recipient', 'occurredAtMs', 'source', 'provider', 'message', 'reason', 'detail'] },
)
const anyUnsubscription: fc.Arbitrary<SuppressionEvidence> = fc.record(
  {
    ...reported,
    reason: fc.constant('unsubscribe'),
    fromDomain: fc.constantFrom('news.example.com', 'shop.example.com'),
    detail: fc.constantFrom('', 'by its link'),
  },
  { requiredKeys: ['recipient', 'occurredAtMs', 'source', 'provider', 'message', 'reason', 'detail'] },
)
const anyComplaint: fc.Arbitrary<SuppressionEvidence> = fc.record({
  ...reported,
  reason: fc.constant('complaint'),
  detail: fc.constantFrom('', 'called spam'),
})
const anyByHand: fc.Arbitrary<SuppressionEvidence> = fc.record({
  recipient: fc.constant(recipient),
  occurredAtMs: anyInstant,
  source: fc.constant('operator'),
  reason: fc.constant('by-hand'),
  detail: fc.constantFrom('', 'asked on the telephone'),
})
const anyBlocklisting: fc.Arbitrary<SuppressionEvidence> = fc.record({
  ...reported,
  reason: fc.constant('blocklist'),
  detail: fc.constantFrom('1007', '401'),
})

/** As read from a provider's own list, with its end or without. */
const anyListing: fc.Arbitrary<SuppressionEvidence> = fc.record(
  {
    recipient: fc.constant(recipient),
    occurredAtMs: anyInstant,
    source: fc.constant('list'),
    provider: fc.constantFrom('tencent-ses', 'sendcloud'),
    reason: fc.constant('blocklist'),
    untilMs: fc
      .constantFrom('2026-11-23', '2026-12-01', '2026-12-25', '2027-12-01')
      .map((day) => Date.parse(`${day}T00:00:00Z`)),
    detail: fc.constantFrom('', '550 no such user'),
  },
  { requiredKeys: ['recipient', 'occurredAtMs', 'source', 'provider', 'reason', 'detail'] },
)

/** Enough of them for the address to be on the list, and often not. */
const anyUnclearBounce: fc.Arbitrary<SuppressionEvidence> = fc
  .record({
    ...reported,
    occurredAtMs: dayOf.map((dayStartMs) => dayStartMs + 10 * 3_600_000),
    reason: fc.constant('hard-bounce'),
    isUnclear: fc.constant(true),
    judgement: fc.constant({ class: 'unknown', rule: 'no-rule' }),
    detail: fc.constantFrom('550 denied', ''),
  } as const)
  // Another message each day: of a full row only the days are known.
  .map((bounce) => ({ ...bounce, message: `message of ${new Date(bounce.occurredAtMs).getUTCDate()}` }))
  .map((bounce) => ({ ...bounce, message: bounce.message.replaceAll(' ', '-') }))

const anyEvidence = fc.oneof(
  { weight: 2, arbitrary: anyHardBounce },
  { weight: 2, arbitrary: anyUnsubscription },
  { weight: 1, arbitrary: anyComplaint },
  { weight: 1, arbitrary: anyByHand },
  { weight: 2, arbitrary: anyBlocklisting },
  { weight: 3, arbitrary: anyListing },
  { weight: 7, arbitrary: anyUnclearBounce },
)

interface Removal {
  readonly removedAtMs: number
}

type Step = SuppressionEvidence | Removal

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: anyEvidence },
  { weight: 1, arbitrary: fc.record({ removedAtMs: anyInstant }) },
)

/** Steps, and the same steps in another order with repeats in between. */
const streams = fc.array(anyStep, { minLength: 2, maxLength: 10 }).chain((steps) =>
  fc.record({
    steps: fc.constant(steps),
    shuffled: fc.array(fc.constantFrom(...steps), { maxLength: 3 }).chain((again) => {
      const all = [...steps, ...again]
      return fc.shuffledSubarray(all, { minLength: all.length })
    }),
  }),
)

/** A removal of an address that is not known yet leaves no trace, so it is known beforehand. */
const known: SuppressionEvidence = {
  recipient,
  reason: 'by-hand',
  occurredAtMs: Date.parse('2026-11-20T00:00:00Z'),
  source: 'operator',
  detail: '',
}

function modelOf(steps: readonly Step[]): Suppression {
  return steps.reduce<Suppression>(
    (row, step) => ('removedAtMs' in step ? withRemoval(row, step.removedAtMs) : withEvidence(row, step)),
    withEvidence(undefined, known),
  )
}

const engine = embeddedTables()
let tables: TableNames
beforeAll(async () => {
  tables = await engine.freshTables()
})

/** Each set is full after one line. */
const full = { evidence: 1, blocklisted: 1, unclearBounces: 1 } as const

interface Opened {
  readonly list: SuppressionWriter & SuppressionRemover
  readonly reader: SuppressionReader
  readonly rows: () => Promise<readonly PlainRow[]>
}

/** A table that was emptied: making one takes longer than all that is written. */
async function opened(limits: Partial<typeof full>): Promise<Opened> {
  if (engine.postgres) return openedInPostgres(engine.postgres, limits)
  const { client } = engine
  const { suppressions: table } = tables
  await client.send(new DeleteItemCommand({ TableName: table, Key: { recipient: { S: recipient } } }))
  return {
    list: suppressionWriter({ client, table, limits }),
    reader: suppressionReader({ client, table }),
    rows: () => rowsOf(client, table),
  }
}

async function openedInPostgres(postgres: EmbeddedPostgres, limits: Partial<typeof full>): Promise<Opened> {
  const store = await postgres.emptied(virtualClock(0))
  return {
    list: store.suppressionWriter(limits),
    reader: store.suppressionReader(),
    rows: () => postgres.rowsOf('suppressions'),
  }
}

interface Written {
  readonly rows: readonly PlainRow[]
  readonly row: Suppression
}

/** What the table holds after writers at once. */
async function written(
  writers: readonly (readonly Step[])[],
  limits: Partial<typeof full> = {},
): Promise<Written> {
  const { list, reader, rows } = await opened(limits)
  await list.suppress(known)
  await Promise.all(
    writers.map(async (steps) => {
      for (const step of steps) {
        if ('removedAtMs' in step) await list.remove(recipient, step.removedAtMs)
        else await list.suppress(step)
      }
    }),
  )
  const row = await reader.ofRecipient(recipient)
  if (row === undefined) throw new Error('There is no row.')
  return { rows: await rows(), row }
}

/** Before, while and after blocklistings of these days hold. */
const moments = ['2026-11-22T12:00:00Z', '2026-12-06T12:00:00Z', '2027-11-22T12:00:00Z'].map((time) =>
  Date.parse(time),
)
const held = (row: Suppression) => moments.map((nowMs) => heldReasons(row, { nowMs, blocklistDays: 14 }))

/** What stays exact where sets are full: for which reasons the address is on the list, and until when. */
function reasonsOf(row: Suppression): unknown {
  return held(row).map(
    (reasons) => new Set(reasons.map(({ reason, untilMs = Infinity }) => `${reason} ${untilMs}`)),
  )
}

/** The domains whose mail is not wanted; `any` where that is every sender's. */
function unwantedOf(row: Suppression): ReadonlySet<string> {
  const unsubscribed = held(row)
    .flat()
    .filter(({ reason }) => reason === 'unsubscribe')
  return new Set(unsubscribed.map(({ fromDomain = 'any' }) => fromDomain))
}

describe('the suppression list', () => {
  it('ends in the same row in any order and with any repeats', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async ({ steps, shuffled }) => {
        const first = await written([steps])
        const second = await written([shuffled])
        expect(second.rows).toEqual(first.rows)
        expectModel(second, modelOf(steps))
      }),
      { numRuns: times({ quick: 4, proof: 20 }) },
    )
  })

  it('ends in the same row whichever way three writers at once get in between each other', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async ({ steps, shuffled }) => {
        const alone = await written([steps])
        const raced = await written([steps, shuffled, steps.toReversed()])
        expect(raced.rows).toEqual(alone.rows)
        expectModel(raced, modelOf(steps))
      }),
      { numRuns: times({ quick: 4, proof: 20 }) },
    )
  })

  it('shows correctly who is on it, why and until when even where each set is full after one line', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async ({ steps, shuffled }) => {
        const { row, rows } = await written([shuffled, steps.toReversed()], full)
        const model = modelOf(steps)
        expect(reasonsOf(row)).toEqual(reasonsOf(model))
        expect(row.removals).toEqual(model.removals)
        // Of unsubscriptions that found no room nobody knows the domain: they speak of every sender.
        const unwanted = unwantedOf(row)
        for (const domain of unwantedOf(model)) expect(unwanted.has(domain) || unwanted.has('any')).toBe(true)
        const [{ suppressedBy } = {}] = rows
        expect(suppressedBy === undefined).toBe(firstLasting(model) === undefined)
      }),
      { numRuns: times({ quick: 4, proof: 20 }) },
    )
  })
})

/** Of a row with room for everything nothing is lost, and its columns name what comes first. */
function expectModel({ row, rows }: Written, model: Suppression): void {
  expect(row).toEqual(model)
  expect(held(row)).toEqual(held(model))
  const [{ suppressedBy } = {}] = rows
  expect(suppressedBy).toBe(firstLasting(model))
}
