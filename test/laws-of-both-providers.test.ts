import { beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { tokenDigest } from '../lib/ingest/token-digest.ts'
import { ingest } from '../lib/ingest/ingest.ts'
import { providers } from '../lib/providers/registry.ts'
import { virtualClock } from '../local/virtual-clock.ts'
import { accepted, anyCallback, type Reported } from './callback-arbitraries.ts'
import { embeddedTables } from './embedded-tables.ts'
import { ledgerUnderTest, type AllRows, type LedgerUnderTest } from './wired-ledger.ts'
import { times } from './strength.ts'

// The law of docs/adr/0001 for everything that callbacks write: any order and any multiplicity of any mix of both
// providers' callbacks, and of what the application records of its sends, ends in the same rows of every table. The clock
// stands still, so the quarantine's are equal too.

const engine = embeddedTables()
const clock = virtualClock('2026-11-21T08:00:00Z')

let ledger: LedgerUnderTest
beforeAll(async () => {
  ledger = await ledgerUnderTest(engine, clock, () => undefined)
})

/** Callbacks, and the same ones in another order with repeats in between: each with the time that it is sent for. */
const streams = fc.array(anyCallback, { minLength: 1, maxLength: 10, size: 'max' }).chain((callbacks) =>
  fc.record({
    callbacks: fc.constant(callbacks),
    shuffled: fc
      .array(fc.constantFrom(...callbacks), { maxLength: 4 })
      .chain((again) =>
        fc.shuffledSubarray([...callbacks, ...again], { minLength: callbacks.length + again.length }),
      ),
  }),
)

/** How often each table had rows: a law about empty tables says nothing. */
const filled = new Map<string, number>()

/** The rows after each of the posters has posted its callbacks, one after the other, all posters at once. */
async function rowsAfter(...posters: readonly (readonly Reported[])[]): Promise<AllRows> {
  await ledger.empty()
  const on = {
    ...ledger,
    deployment: 'test',
    quarantine: ledger.keeper,
    providers,
    tokenDigests: new Map(providers.map(({ name }) => [name, [tokenDigest(accepted.token)]])),
    signingKeys: () => Promise.resolve([accepted.key]),
    responseDeadlineMs: 10_000,
  }
  let time = 0
  await Promise.all(
    posters.map(async (callbacks) => {
      for (const { repeat } of callbacks) {
        time += 1
        const { status } = await ingest(repeat(time), on)
        expect([200, 202, 400, 401]).toContain(status)
      }
    }),
  )
  const rows = await ledger.allRows()
  for (const [table, { length }] of Object.entries(rows)) filled.set(table, (filled.get(table) ?? 0) + length)
  return rows
}

describe('the callbacks of both providers, and the sends that the application records', () => {
  it('end in the same rows of all tables in any order and with any repeats', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async ({ callbacks, shuffled }) => {
        expect(await rowsAfter(shuffled)).toEqual(await rowsAfter(callbacks))
      }),
      { numRuns: times({ quick: 4, proof: 40 }) },
    )
  })

  it('end in the same rows whichever way three posters at once get in between each other', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async ({ callbacks, shuffled }) => {
        const raced = await rowsAfter(shuffled, callbacks.toReversed(), callbacks)
        expect(raced).toEqual(await rowsAfter(callbacks))
      }),
      { numRuns: times({ quick: 4, proof: 40 }) },
    )
  })

  it('were drawn so that every table had rows', () => {
    expect([...filled.keys()].toSorted()).toEqual(['deliveries', 'inbound', 'quarantine', 'suppressions'])
    for (const rows of filled.values()) expect(rows).toBeGreaterThan(times({ quick: 0, proof: 20 }))
  })
})
