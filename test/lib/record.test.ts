import { describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../lib/core/event.ts'
import type { DeliveryWriter, SuppressionWriter } from '../../lib/ports.ts'
import { recordingSuppressions } from '../../lib/record.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { eventWith, sampleMessage } from '../events.ts'

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
  const writer = recordingSuppressions(
    broken.deliveries ?? deliveries,
    broken.suppressions ?? suppressions,
    clock,
  )
  const stands = async () => ({
    deliveries: await rowsOf(client, tables.deliveries),
    suppressions: await rowsOf(client, tables.suppressions),
  })
  return { ...writer, stands }
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

  it('is not recorded as a delivery where the list cannot be written, so that the poll tells it again', async () => {
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

describe('the instant of evidence', () => {
  const line = (time: string) => `${time} complaint tencent-ses ${sampleMessage}`

  it.each([
    ['what happened before it arrived', '2026-11-21T07:59:59Z', '2026-11-21T07:59:59Z'],
    ['what happened as it arrived', '2026-11-21T08:00:00Z', '2026-11-21T08:00:00Z'],
    ["what is yet to happen by the provider's clock", '2026-11-21T09:00:00Z', '2026-11-21T08:00:00Z'],
  ])('is never later than its arrival: %s', async (_, occurredAt, expected) => {
    const ledger = await freshLedger()
    await ledger.record(eventWith({ kind: 'complained', occurredAtMs: Date.parse(occurredAt) }))
    expect((await ledger.stands()).suppressions).toMatchObject([
      { since: expected, evidence: [line(expected)] },
    ])
  })

  it("leaves the delivery's fact as the provider's clock has it", async () => {
    const ledger = await freshLedger()
    const occurredAtMs = Date.parse('2026-11-21T09:00:00Z')
    await ledger.record(eventWith({ kind: 'complained', occurredAtMs }))
    expect((await ledger.stands()).deliveries).toMatchObject([{ complained: ['2026-11-21T09:00:00Z'] }])
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
