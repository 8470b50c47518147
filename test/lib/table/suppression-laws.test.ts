import { beforeAll, describe, expect, it } from '@jest/globals'
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import {
  suppressionReasons,
  withEvidence,
  withRemoval,
  type Suppression,
  type SuppressionEvidence,
} from '../../../lib/core/suppression.ts'
import { suppressionReader } from '../../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { sampleMessage } from '../../events.ts'

// The law of docs/adr/0007: a row depends on which evidence was told and which removals were made, and on nothing else.

const recipient = 'a@example.com'
const startMs = Date.parse('2026-11-21T08:00:00Z')

/** Few instants, some within one second, so that evidence and removals collide, repeat and fall between each other. */
const anyInstant = fc.nat(5).map((step) => startMs + step * 500)

const anyEvidence: fc.Arbitrary<SuppressionEvidence> = fc
  .record({
    recipient: fc.constant(recipient),
    reason: fc.constantFrom(...suppressionReasons),
    occurredAtMs: anyInstant,
    source: fc.constantFrom('callback', 'poll', 'operator'),
    provider: fc.constantFrom('tencent-ses', 'sendcloud'),
    message: fc.constantFrom(sampleMessage, 'task:77'),
    detail: fc.constantFrom('', '550 5.1.1 user unknown', 'x'.repeat(400)),
  })
  .map(({ provider, message, ...told }) =>
    told.source === 'operator' ? told : { ...told, provider, message },
  )

interface Removal {
  readonly removedAtMs: number
}

type Step = SuppressionEvidence | Removal

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: anyEvidence },
  { weight: 1, arbitrary: fc.record({ removedAtMs: anyInstant }) },
)

/** Steps, and the same steps in another order with repeats in between. */
const streams = fc.array(anyStep, { minLength: 2, maxLength: 8 }).chain((steps) =>
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
  occurredAtMs: startMs - 60_000,
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
let tables: readonly [string, string]
beforeAll(async () => {
  tables = [(await engine.freshTables()).suppressions, (await engine.freshTables()).suppressions]
})

/** Runs the writers at once on a table that was emptied: making one takes longer than all that is written. */
async function write(
  table: string,
  writers: readonly (readonly Step[])[],
  maxEvidenceInRow = 50,
): Promise<void> {
  await engine.client.send(new DeleteItemCommand({ TableName: table, Key: { recipient: { S: recipient } } }))
  const list = suppressionWriter({ client: engine.client, table, maxEvidenceInRow })
  await list.suppress(known)
  await Promise.all(
    writers.map(async (steps) => {
      for (const step of steps) {
        if ('removedAtMs' in step) await list.remove(recipient, step.removedAtMs)
        else await list.suppress(step)
      }
    }),
  )
}

const read = (table: string) => suppressionReader({ client: engine.client, table }).ofRecipient(recipient)

describe('the suppression list', () => {
  it('ends in the same row in any order and with any repeats', async () => {
    const [first, second] = tables
    await fc.assert(
      fc.asyncProperty(streams, async ({ steps, shuffled }) => {
        await write(first, [steps])
        await write(second, [shuffled])
        expect(await rowsOf(engine.client, second)).toEqual(await rowsOf(engine.client, first))
        expect(await read(second)).toEqual(modelOf(steps))
      }),
      { numRuns: 20 },
    )
  })

  it('ends in the same row whichever way three writers at once get in between each other', async () => {
    const [alone, raced] = tables
    await fc.assert(
      fc.asyncProperty(streams, async ({ steps, shuffled }) => {
        await write(alone, [steps])
        await write(raced, [steps, shuffled, steps.toReversed()])
        expect(await rowsOf(engine.client, raced)).toEqual(await rowsOf(engine.client, alone))
        expect(await read(raced)).toEqual(modelOf(steps))
      }),
      { numRuns: 20 },
    )
  })

  it('tells rightly who is on it even where a row is full after one line', async () => {
    const [table] = tables
    await fc.assert(
      fc.asyncProperty(streams, async ({ steps, shuffled }) => {
        await write(table, [shuffled, steps.toReversed()], 1)
        expect((await read(table))?.isSuppressed).toBe(modelOf(steps).isSuppressed)
      }),
      { numRuns: 20 },
    )
  })
})
