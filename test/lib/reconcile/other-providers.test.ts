import { afterEach, describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import type { ReconcileDependencies } from '../../../lib/reconcile/reconcile.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { eventWith } from '../../events.ts'
import { worldAt, type Ports, type TableWorld as World } from './world.ts'

// GetSendEmailStatus reports Tencent's mails alone; SendCloud's rows stand in the same table and the same index.

const engine = embeddedTables()
const worlds: World[] = []
const dayMs = 24 * 3_600_000
const sentAt = '2026-11-20T08:00:00.125Z'

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
})

async function worldWith(...events: readonly Partial<DeliveryEvent>[]): Promise<World> {
  const world = await worldAt(sentAt, engine, [])
  worlds.push(world)
  await world.reported(...events.map((reported) => sendCloudEvent(reported)))
  return world
}

const sendCloudEvent = (reported: Partial<DeliveryEvent>) =>
  eventWith({
    provider: 'sendcloud',
    recipient: 'anna@example.com',
    message: '1795161600125_251200_18546_8821.sc-10_9_13_218-inbound',
    occurredAtMs: Date.parse(sentAt),
    ...reported,
  })

describe('a delivery of a provider that has no poll', () => {
  it('is never asked about, however long it stays silent', async () => {
    const world = await worldWith({ kind: 'requested' })
    for (let day = 0; day < 29; day += 1) {
      world.clock.advance(dayMs)
      expect((await world.run()).figures).toMatchObject({ pending: 1, unknown: 0 })
    }
    expect(world.ses.calls.filter(({ messageId }) => messageId !== undefined)).toEqual([])
  })

  it('is unknown after 30 days, and says that nobody can be asked', async () => {
    const world = await worldWith({ kind: 'requested' })
    world.clock.advance(30 * dayMs)
    expect((await world.run()).figures).toMatchObject({ pending: 0, unknown: 1 })
    expect(await world.rows()).toMatchObject([
      {
        status: 'unknown',
        unknown: [
          '2026-12-20T08:00:00.125Z[poll] sent 2026-11-20T08:00:00.125Z, never settled, and nothing reported for 30 days, and sendcloud cannot be asked',
        ],
      },
    ])
  })

  it('is settled by a soft bounce once nobody retries any more, without a look', async () => {
    const world = await worldWith({ kind: 'bounced', bounceClass: 'soft' })
    world.clock.advance(5 * dayMs)
    expect((await world.run()).figures).toMatchObject({ pending: 1, settled: 0 })
    // Those that nobody can be asked about are looked through once a day.
    world.clock.advance(3_600_000)
    expect((await world.run()).figures).toMatchObject({ pending: 1, settled: 0 })
    world.clock.advance(dayMs)
    expect((await world.run()).figures).toMatchObject({ pending: 0, settled: 1 })
    expect(await world.rows()).toMatchObject([{ status: 'soft-bounced' }])
  })
})

describe('a ledger without a poll', () => {
  const off = { wrap: (ports: Ports): ReconcileDependencies => ({ ...ports, statusApi: undefined }) }

  it('asks nobody, and closes what will not be reported any more', async () => {
    const world = await worldWith({ kind: 'requested' }, { kind: 'delivered', recipient: 'b@example.com' })
    world.clock.advance(dayMs)
    expect((await world.run(off)).figures).toMatchObject({ calls: 0, pending: 1, stoppedBy: 'done' })
    world.clock.advance(29 * dayMs)
    expect((await world.run(off)).figures).toMatchObject({
      calls: 0,
      pending: 0,
      unknown: 1,
      stoppedBy: 'done',
    })
    expect(world.ses.calls).toEqual([])
  })
})
