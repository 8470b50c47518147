import { afterEach, describe, expect, it } from '@jest/globals'
import { embeddedTables } from '../../embedded-tables.ts'
import { mailAt, reportOf, worldAt, type TableWorld as World } from './world.ts'

// What a row lacks is known only of the row as it stands now: a replica that is behind would have a run write what is there, and
// count as repaired what a callback reported a moment ago.

const engine = embeddedTables()
let world: World | undefined

afterEach(async () => {
  await world?.close()
})

/** A mail of this morning that was put off and delivered later. */
function mail(name: string): ReturnType<typeof mailAt> {
  const sentAt = '2026-11-21T06:00:00Z'
  const atMs = Date.parse(sentAt)
  return mailAt(sentAt, name, {
    timeline: [
      { atMs: atMs + 5_000, kind: 'deferred', reason: '450 4.2.0 try again later' },
      { atMs: atMs + 60_000, kind: 'delivered' },
    ],
  })
}

describe('a run of reconcile', () => {
  it('reads each row as it stands now before it repairs it', async () => {
    const heard = mail('heard')
    world = await worldAt('2026-11-21T08:00:00Z', engine, [heard, mail('unheard')])
    await world.reported(reportOf(heard, { kind: 'deferred' }))
    world.sent.length = 0
    expect(await world.run()).toMatchObject({ figures: { discovered: 1, repaired: 1 } })

    const { deliveries } = world.tables
    const ofDeliveries = world.sent.filter(({ table }) => table === deliveries)
    const firstWrite = ofDeliveries.findIndex(({ action }) => action === 'UpdateItem')
    const before = ofDeliveries.slice(0, firstWrite)
    expect(before).toContainEqual({ action: 'BatchGetItem', table: deliveries, isConsistent: true })
  })

  it('makes no read by key that may be behind', async () => {
    const heard = mail('heard')
    world = await worldAt('2026-11-21T08:00:00Z', engine, [heard, mail('unheard')])
    await world.reported(reportOf(heard, { kind: 'deferred' }))
    await world.run()
    world.clock.advance(12 * 3_600_000)
    await world.run()
    const byKey = world.sent.filter(({ action }) => action === 'GetItem' || action === 'BatchGetItem')
    expect(new Set(byKey.map(({ table }) => table))).toContain(world.tables.deliveries)
    expect(byKey.filter(({ isConsistent }) => !isConsistent)).toEqual([])
  })
})
