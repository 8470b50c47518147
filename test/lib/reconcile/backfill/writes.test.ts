import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { addedBetween, CountedWrites, withoutWriting } from '../../../../lib/reconcile/backfill/writes.ts'
import { factOf } from '../../../../lib/core/fact.ts'
import { UnwritableError } from '../../../../lib/ledger/ports.ts'
import { inMemoryLedger } from '../../../../local/in-memory-ledger.ts'
import { virtualClock } from '../../../../local/virtual-clock.ts'
import { anyEvent, everyKey, sorted } from '../../../contracts/ledger-contract.ts'
import { eventWith } from '../../../events.ts'

/** A row holds a shorter stand-in of a longer fact; a fact that is not stored stays whole. */
const shortEvents = fc.array(anyEvent.filter((event) => factOf(event).whole === undefined))

const emptyLedger = () => inMemoryLedger(virtualClock('2026-11-21T08:00:00Z')).deliveries

describe('a ledger to which nothing is written', () => {
  it('reads as if it was, after any events', async () => {
    await fc.assert(
      fc.asyncProperty(shortEvents, shortEvents, async (before, events) => {
        const [untouched, written] = [emptyLedger(), emptyLedger()]
        for (const event of before) {
          await untouched.record(event)
          await written.record(event)
        }
        const pretended = withoutWriting(untouched)
        for (const event of events) {
          await pretended.record(event)
          await written.record(event)
        }
        expect(sorted(await pretended.rowsOf(everyKey))).toEqual(sorted(await written.rowsOf(everyKey)))
      }),
    )
  })

  it('is as empty as before', async () => {
    const untouched = emptyLedger()
    const pretended = withoutWriting(untouched)
    const event = eventWith({})
    await pretended.record(event)
    expect(await untouched.rowsOf([event])).toEqual([])
    expect((await pretended.rowsOf([event, event])).length).toBe(1)
  })
})

describe('the facts that are counted', () => {
  it('are those that were written, by kind in the order of a delivery’s life', async () => {
    const writes = new CountedWrites(emptyLedger())
    for (const kind of ['opened', 'delivered', 'opened'] as const) await writes.record(eventWith({ kind }))
    const before = writes.added
    expect([...before]).toEqual([
      ['delivered', 1],
      ['opened', 2],
    ])
    for (const kind of ['clicked', 'delivered'] as const) await writes.record(eventWith({ kind }))
    expect([...addedBetween(before, writes.added)]).toEqual([
      ['delivered', 1],
      ['clicked', 1],
    ])
  })

  it('are not those that a row refused', async () => {
    const refusing = { ...emptyLedger(), record: () => Promise.reject(new UnwritableError('too large')) }
    const writes = new CountedWrites(refusing)
    await expect(writes.record(eventWith({}))).rejects.toThrow(UnwritableError)
    expect(writes.added).toEqual(new Map())
  })
})
