import { afterEach, describe, expect, it } from '@jest/globals'
import { heldReasons } from '../../../lib/core/suppression.ts'
import { recordingSuppressions } from '../../../lib/suppressions/record-with-suppressions.ts'
import { suppressionReader } from '../../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import type { TimelineEntry } from '../../../local/simulated-ses/mail.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { mailAt, reportOf, worldAt, type TableWorld as World } from './world.ts'

// What speaks for never sending to an address again must not be lost with its callback.

const engine = embeddedTables()
const worlds: World[] = []
const now = '2026-11-21T08:00:00Z'

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
})

/** A mail of this morning to which this happened, and that no callback reported. */
function unheard(
  name: string,
  ...timeline: readonly Omit<TimelineEntry, 'atMs'>[]
): ReturnType<typeof mailAt> {
  const sentAt = '2026-11-21T06:00:00Z'
  const atMs = Date.parse(sentAt) + 5_000
  return mailAt(sentAt, name, { timeline: timeline.map((entry) => ({ ...entry, atMs })) })
}

async function worldOf(...mails: readonly ReturnType<typeof mailAt>[]): Promise<World> {
  const world = await worldAt(now, engine, mails)
  worlds.push(world)
  return world
}

/** Who is on the list now, and why. */
async function suppressed(world: World): Promise<readonly (readonly [string, string])[]> {
  const { client } = engine
  const list = suppressionReader({ client, table: world.tables.suppressions })
  const asked = { nowMs: world.clock.now(), blocklistDays: 14 }
  const rows = await Array.fromAsync(list.all())
  return rows
    .flatMap((row) => heldReasons(row, asked).map(({ reason }) => [row.recipient, reason] as const))
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

describe('the suppression list', () => {
  it('learns from the poll what the lost callbacks would have reported', async () => {
    const dropped = (sendStatus: number) => ({ kind: 'dropped', sendStatus, reason: 'not sent' }) as const
    const world = await worldOf(
      unheard('blocked', dropped(1007)),
      unheard('left', dropped(1013)),
      unheard('type-blocked', dropped(3020)),
      unheard('too-many', dropped(1006)),
      unheard('no-money', dropped(3033)),
      unheard('nobody', {
        kind: 'bounced',
        bounceType: 'hard_bounce',
        reason: '551 5.1.1 recipient is not exist',
      }),
      unheard('policy', { kind: 'bounced', bounceType: 'hard_bounce', reason: '550 5.7.1 blocked' }),
      unheard('full', { kind: 'bounced', bounceType: 'soft_bounce', reason: '452 4.2.2 mailbox full' }),
      unheard('angry', { kind: 'delivered' }, { kind: 'complained' }),
      unheard('leaving', { kind: 'delivered' }, { kind: 'unsubscribed' }),
      unheard('fine', { kind: 'delivered' }, { kind: 'opened' }),
    )
    await world.run()
    expect(await suppressed(world)).toEqual([
      ['angry@example.com', 'complaint'],
      ['blocked@example.com', 'blocklist'],
      ['leaving@example.com', 'unsubscribe'],
      ['left@example.com', 'unsubscribe'],
      ['nobody@example.com', 'hard-bounce'],
    ])
  })

  it('learns from the poll of a bounce that counts only with others', async () => {
    const mails = ['18', '19', '20'].map((day) =>
      mailAt(`2026-11-${day}T06:00:00Z`, `mail-${day}`, {
        recipient: 'odd@example.com',
        timeline: [
          {
            kind: 'bounced',
            bounceType: 'hard_bounce',
            reason: '550 mailbox unavailable or access denied',
            atMs: Date.parse(`2026-11-${day}T06:00:05Z`),
          },
        ],
      }),
    )
    const unclearLines = mails.map(
      ({ messageId }, index) =>
        `2026-11-${18 + index}T06:00:05Z[poll] hard-bounce tencent-ses ${messageId} ambiguous/unavailable-or-denied 550 mailbox unavailable or access denied`,
    )
    const world = await worldOf(...mails)
    // A new deployment reads today's list only: of the days before, callbacks reported that there were mails.
    await world.reported(
      ...mails.map((mail) => reportOf(mail, { kind: 'requested', occurredAtMs: mail.sentAtMs })),
    )
    await world.run()
    expect(await rowsOf(engine.client, world.tables.suppressions)).toEqual([
      { recipient: 'odd@example.com', unclearBounces: unclearLines },
    ])
    expect(await suppressed(world)).toEqual([['odd@example.com', 'hard-bounce']])
  })

  it('lacks nothing where a run dies between the list and the delivery', async () => {
    const world = await worldOf(unheard('nobody', { kind: 'dropped', sendStatus: 1007, reason: 'not sent' }))
    const suppressions = suppressionWriter({ client: engine.client, table: world.tables.suppressions })
    const dying = { record: () => Promise.reject(new TypeError('killed')) }
    const run = world.run({
      wrap: (ports) => ({
        ...ports,
        deliveries: { ...ports.deliveries, ...recordingSuppressions(dying, suppressions) },
      }),
    })
    await expect(run).rejects.toThrow('killed')
    expect(await world.rows()).toEqual([])
    expect(await suppressed(world)).toEqual([['nobody@example.com', 'blocklist']])
    const once = await rowsOf(engine.client, world.tables.suppressions)
    world.clock.advance(121_000)
    await world.run()
    expect(await world.rows()).toMatchObject([{ status: 'dropped' }])
    expect(await rowsOf(engine.client, world.tables.suppressions)).toEqual(once)
  })

  it.each([1007, 1013])(
    'learns from the poll that SendStatus is %i, whatever words the callback had for the drop',
    async (sendStatus) => {
      const mail = unheard('refused', { kind: 'dropped', sendStatus, reason: 'not sent' })
      const world = await worldOf(mail)
      await world.reported(reportOf(mail, { kind: 'dropped', detail: 'dropped for some reason' }))
      expect(await suppressed(world)).toEqual([])
      await world.run()
      expect(await suppressed(world)).toHaveLength(1)
      world.clock.advance(24 * 3_600_000)
      world.writes.length = 0
      expect((await world.run()).figures).toMatchObject({ repaired: 0 })
      expect(world.writes).toEqual([])
    },
  )

  it.each([1006, 3020])('learns nothing from the poll where SendStatus is %i', async (sendStatus) => {
    const mail = unheard('refused', { kind: 'dropped', sendStatus, reason: 'not sent' })
    const world = await worldOf(mail)
    await world.reported(reportOf(mail, { kind: 'dropped', detail: 'dropped for some reason' }))
    world.writes.length = 0
    expect((await world.run()).figures).toMatchObject({ repaired: 0 })
    expect(world.writes).toEqual([])
    expect(await rowsOf(engine.client, world.tables.suppressions)).toEqual([])
  })

  it('learns from the poll the reply of a bounce that the callback reported without words', async () => {
    const reason = '550 5.1.1 no such user'
    const mail = unheard('nobody', { kind: 'bounced', bounceType: 'hard_bounce', reason })
    const world = await worldOf(mail)
    await world.reported(reportOf(mail, { kind: 'bounced', bounceClass: 'hard', detail: '' }))
    expect(await suppressed(world)).toEqual([])
    await world.run()
    expect(await suppressed(world)).toEqual([['nobody@example.com', 'hard-bounce']])
  })

  it('learns nothing from the poll of a bounce that the callback called soft', async () => {
    const reason = '550 5.1.1 no such user'
    const mail = unheard('soft', { kind: 'bounced', bounceType: 'soft_bounce', reason })
    const world = await worldOf(mail)
    await world.reported(reportOf(mail, { kind: 'bounced', bounceClass: 'soft', reply: reason }))
    await world.run()
    expect(await suppressed(world)).toEqual([])
    expect(await world.rows()).toMatchObject([{ status: 'soft-bounced' }])
  })

  it('is not recorded again where the callback arrived', async () => {
    const mail = unheard('angry', { kind: 'delivered' }, { kind: 'complained' })
    const world = await worldOf(mail)
    await world.reported(reportOf(mail, { kind: 'delivered' }), reportOf(mail, { kind: 'complained' }))
    const before = await rowsOf(engine.client, world.tables.suppressions)
    await world.run()
    expect(before).toMatchObject([{ recipient: 'angry@example.com', reason: 'complaint' }])
    expect(await rowsOf(engine.client, world.tables.suppressions)).toEqual(before)
  })
})
