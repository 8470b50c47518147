import { describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { datedLater, heldReasons } from '../../../lib/core/suppression.ts'
import type { DeliveryWriter } from '../../../lib/ledger/ports.ts'
import type { SuppressionWriter } from '../../../lib/suppressions/ports.ts'
import { recordingSuppressions } from '../../../lib/suppressions/record-with-suppressions.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { suppressionReader } from '../../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { eventWith, sampleMessage } from '../../events.ts'

const engine = embeddedTables()
const clock = virtualClock('2026-11-21T08:00:00Z')

const hardBounce = eventWith({
  kind: 'bounced',
  bounceClass: 'hard',
  reply: '551 5.1.1 recipient is not exist',
})
const softBounce = eventWith({ kind: 'bounced', bounceClass: 'soft', reply: '452 4.2.2 mailbox full' })

/** A ledger of which either half may be one that cannot be written. */
async function freshLedger(broken: { deliveries?: DeliveryWriter; suppressions?: SuppressionWriter } = {}) {
  const tables = await engine.freshTables()
  const { client } = engine
  const deliveries = deliveryWriter({ client, table: tables.deliveries, retentionDays: 400, clock })
  const suppressions = suppressionWriter({ client, table: tables.suppressions })
  const writer = recordingSuppressions(broken.deliveries ?? deliveries, broken.suppressions ?? suppressions)
  const stands = async () => ({
    deliveries: await rowsOf(client, tables.deliveries),
    suppressions: await rowsOf(client, tables.suppressions),
  })
  return {
    ...writer,
    stands,
    list: { ...suppressions, ...suppressionReader({ client, table: tables.suppressions }) },
  }
}

const outOfOrder = () => Promise.reject(new Error('out of order'))

describe('an event that speaks against its recipient', () => {
  it('becomes a delivery and a place on the suppression list', async () => {
    const ledger = await freshLedger()
    await ledger.record(hardBounce)
    expect(await ledger.stands()).toMatchObject({
      deliveries: [{ recipient: 'example@example.com', status: 'bounced' }],
      suppressions: [{ recipient: 'example@example.com', reason: 'hard-bounce', message: sampleMessage }],
    })
  })

  it('stands on the list already where its delivery cannot be written', async () => {
    const ledger = await freshLedger({ deliveries: { record: outOfOrder } })
    await expect(ledger.record(hardBounce)).rejects.toThrow('out of order')
    expect((await ledger.stands()).suppressions).toMatchObject([{ reason: 'hard-bounce' }])
  })

  it('is not recorded as a delivery where the list cannot be written, so that the poll reports it again', async () => {
    const ledger = await freshLedger({ suppressions: { suppress: outOfOrder } })
    await expect(ledger.record(hardBounce)).rejects.toThrow('out of order')
    expect(await ledger.stands()).toEqual({ deliveries: [], suppressions: [] })
  })

  it('is given up as a whole when its deadline passes', async () => {
    const ledger = await freshLedger()
    await expect(ledger.record(hardBounce, AbortSignal.abort())).rejects.toThrow(/abort/i)
    expect(await ledger.stands()).toEqual({ deliveries: [], suppressions: [] })
  })
})

describe('evidence that is dated in the future', () => {
  const complaint = eventWith({ kind: 'complained', occurredAtMs: Date.parse('2026-11-21T16:00:00Z') })
  const asked = (time: string) => ({ nowMs: Date.parse(time), blocklistDays: 14 })

  it('counts from its arrival on, once, however often it comes', async () => {
    const ledger = await freshLedger()
    for (let again = 0; again < 3; again += 1) await ledger.record(complaint)
    const row = await ledger.list.ofRecipient('example@example.com')
    expect(row?.evidence).toHaveLength(1)
    expect(row && heldReasons(row, asked('2026-11-21T08:00:00Z'))).toMatchObject([
      { reason: 'complaint', sinceMs: Date.parse('2026-11-21T08:00:00Z') },
    ])
  })

  it('is counted out by a removal for good, and what is newer than that is not', async () => {
    const ledger = await freshLedger()
    await ledger.record(complaint)
    const nowMs = Date.parse('2026-11-21T09:00:00Z')
    const known = await ledger.list.ofRecipient('example@example.com')
    await ledger.list.remove('example@example.com', nowMs, known && datedLater(known, nowMs))
    await ledger.record(complaint)
    const removed = await ledger.list.ofRecipient('example@example.com')
    expect(removed && heldReasons(removed, asked('2026-11-22T00:00:00Z'))).toEqual([])
    expect((await ledger.stands()).suppressions[0]).not.toHaveProperty('reason')

    await ledger.record(eventWith({ kind: 'complained', occurredAtMs: Date.parse('2026-11-21T10:00:00Z') }))
    const back = await ledger.list.ofRecipient('example@example.com')
    expect(back && heldReasons(back, asked('2026-11-22T00:00:00Z'))).toMatchObject([
      { reason: 'complaint', sinceMs: Date.parse('2026-11-21T10:00:00Z') },
    ])
    expect((await ledger.stands()).suppressions).toMatchObject([{ since: '2026-11-21T10:00:00Z' }])
  })
})

describe('an event that does not', () => {
  it.each<[string, DeliveryEvent]>([
    ['a delivered mail', eventWith({})],
    ['a soft bounce', softBounce],
    [
      'a bounce for what the sender is',
      eventWith({ kind: 'bounced', bounceClass: 'hard', reply: '550 5.7.1 blocked' }),
    ],
  ])('is one write: %s', async (_, event) => {
    const ledger = await freshLedger({ suppressions: { suppress: outOfOrder } })
    const calls: string[] = []
    const count = (next: (args: never) => Promise<never>) => (args: never) => {
      calls.push('call')
      return next(args)
    }
    engine.client.middlewareStack.add(count as never, { step: 'initialize', name: 'count' })
    await ledger.record(event)
    engine.client.middlewareStack.remove('count')
    expect(calls).toHaveLength(1)
  })

  it('gives up when its deadline passes', async () => {
    const ledger = await freshLedger()
    await expect(ledger.record(softBounce, AbortSignal.abort())).rejects.toThrow(/abort/i)
  })
})
