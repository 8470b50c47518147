import { afterEach, describe, expect, it } from '@jest/globals'
import type { TimelineEntry } from '../../../local/simulated-ses/mail.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { mailAt, reportOf, worldAt, type TableWorld as World } from './world.ts'

// What a run adds to the counts of what mails came to: what was not reported before it.

const engine = embeddedTables()
const worlds: World[] = []
const at = (time: string) => Date.parse(`2026-11-21T${time}Z`)

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
})

const mail = (name: string, ...timeline: readonly TimelineEntry[]) =>
  mailAt('2026-11-21T06:00:00Z', name, { timeline })

async function worldOf(...mails: readonly ReturnType<typeof mailAt>[]): Promise<World> {
  const world = await worldAt('2026-11-21T08:00:00Z', engine, mails)
  worlds.push(world)
  return world
}

const noneOfRates = { delivered: 0, 'soft-bounced': 0, bounced: 0, complained: 0 }

describe('the outcomes of a run', () => {
  it('are those of mails that it discovers', async () => {
    const world = await worldOf(
      mail('here', { kind: 'delivered', atMs: at('06:00:10') }),
      mail('gone', { kind: 'bounced', atMs: at('06:00:10'), reason: '551 5.1.1 no such user' }),
      mail('blocked', { kind: 'dropped', atMs: at('06:00:10'), sendStatus: 1007, reason: 'not sent' }),
      mail('waiting'),
    )
    expect((await world.run()).outcomes).toEqual({ ...noneOfRates, delivered: 1, bounced: 1, dropped: 1 })
    expect((await world.run()).outcomes).toEqual({})
  })

  it('are not those that a callback reported in other words', async () => {
    const blocked = mail('blocked', {
      kind: 'dropped',
      atMs: at('06:00:10'),
      sendStatus: 1007,
      reason: 'not sent',
    })
    const world = await worldOf(blocked)
    await world.reported(
      reportOf(blocked, { kind: 'dropped', occurredAtMs: at('06:00:10'), detail: 'in free words' }),
    )
    const { figures, outcomes } = await world.run()
    expect(figures).toMatchObject({ repaired: 1 })
    expect(outcomes).toEqual({})
  })

  it('are the last of a mail of which a callback reported one before', async () => {
    const retried = mail('retried', {
      kind: 'bounced',
      atMs: at('07:00:00'),
      bounceType: 'hard_bounce',
      reason: '551 5.1.1 no such user',
    })
    const world = await worldOf(retried)
    await world.reported(
      reportOf(retried, {
        kind: 'bounced',
        bounceClass: 'soft',
        occurredAtMs: at('06:00:10'),
        reply: '452 4.2.2 mailbox full',
      }),
    )
    expect((await world.run()).outcomes).toEqual({ ...noneOfRates, bounced: 1 })
  })
})
