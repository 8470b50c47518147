import { afterEach, describe, expect, it } from '@jest/globals'
import { UnwritableError } from '../../../lib/ledger/ports.ts'
import {
  StatusApiError,
  type RunFigures,
  type StatusApi,
  type StatusPage,
  type StatusQuery,
} from '../../../lib/reconcile/ports.ts'
import type { RunReport } from '../../../lib/reconcile/reconcile.ts'
import type { SimulatedDelivery, TimelineEntry } from '../../../local/simulated-ses/mail.ts'
import { makeTraffic } from '../../../local/simulated-ses/traffic.ts'
import { isRight, truthAt } from '../../../local/truth.ts'
import { embeddedTables, type PlainRow } from '../../embedded-tables.ts'
import { eventWith } from '../../events.ts'
import { mailAt, messageIdAt, quickWorldAt, reportOf, type Ports, type World } from './world.ts'

// It is 16:00 in UTC+8 of 2026-11-21; yesterday's list, 2026-11-20, has closed.
const now = '2026-11-21T08:00:00Z'
const at = (instant: string) => Date.parse(instant)
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const engine = embeddedTables()
const worlds: World[] = []

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
})

async function world(
  mails: readonly SimulatedDelivery[] = [],
  { start = now, ...options }: { start?: string } & Parameters<typeof quickWorldAt>[3] = {},
): Promise<World> {
  const made = await quickWorldAt(start, engine, mails, options)
  worlds.push(made)
  return made
}

const delivered = (instant: string): TimelineEntry => ({ kind: 'delivered', atMs: at(instant) })
const deferred = (instant: string): TimelineEntry => ({
  kind: 'deferred',
  atMs: at(instant),
  reason: '451 4.7.1 try again later',
})

/** The lists that were asked for, as `date` or `date+offset`. */
const lists = ({ ses }: World) =>
  ses.calls
    .filter((call) => call.messageId === undefined)
    .map(({ requestDate, offset }) => `${requestDate}${offset === 0 ? '' : `+${offset}`}`)
/** The days, in UTC+8, on which the list of a date was read from its beginning after it had closed. */
const daysOfSweeps = ({ ses }: World, date: string) =>
  ses.calls
    .filter(({ requestDate, offset }) => requestDate === date && offset === 0)
    .map(({ atMs }) => new Date(atMs + 8 * hourMs).toISOString().slice(0, 10))
    .filter((day) => day !== date)
/** The messages that were looked up. */
const lookUps = ({ ses }: World) => ses.calls.flatMap(({ messageId }) => messageId ?? [])

async function rowOf({ rows }: World, mail: SimulatedDelivery): Promise<PlainRow | undefined> {
  return (await rows()).find(
    (row) => row.recipient === mail.recipient.toLowerCase() && row.message === mail.messageId,
  )
}

/** The figures of a run but for its times, which have tests of their own. */
function counts({ figures }: RunReport): Partial<RunFigures> {
  const times = new Set(['oldestPendingSeconds', 'stalenessP50Seconds', 'stalenessP95Seconds'])
  return Object.fromEntries(Object.entries(figures).filter(([name]) => !times.has(name)))
}

const quiet = { discovered: 0, repaired: 0, settled: 0, unknown: 0, pending: 0 }

describe('what a run finds out', () => {
  it('discovers a delivery that no callback reported, and marks the facts as the poll’s', async () => {
    const mail = mailAt('2026-11-21T06:00:00Z', 'anna', {
      recipient: 'Anna@example.com',
      timeline: [
        delivered('2026-11-21T06:00:10Z'),
        { kind: 'opened', atMs: at('2026-11-21T06:30:00Z') },
        { kind: 'complained', atMs: at('2026-11-21T07:30:00Z') },
      ],
    })
    const ledger = await world([mail])
    expect(counts(await ledger.run())).toEqual({
      ...quiet,
      calls: 2,
      rows: 1,
      discovered: 1,
      stoppedBy: 'done',
    })
    expect(await ledger.rows()).toEqual([
      {
        recipient: 'anna@example.com',
        spellings: ['Anna@example.com'],
        message: 'qcloudses-30-251200670-date-20261121140000-anna',
        messageId: 'qcloudses-30-251200670-date-20261121140000-anna',
        provider: 'tencent-ses',
        from: 'notice@mail.example.com',
        sentAt: '2026-11-21T06:00:00Z',
        status: 'delivered',
        statusRank: 50,
        requested: ['2026-11-21T06:00:00Z[poll]'],
        delivered: ['2026-11-21T06:00:10Z[poll]'],
        opened: ['time-unknown[poll]'],
        complained: ['time-unknown[poll]'],
      },
    ])
  })

  it('repairs a row that lacks a fact, and leaves what callbacks reported', async () => {
    const mail = mailAt('2026-11-21T06:00:00Z', 'anna', {
      timeline: [
        deferred('2026-11-21T06:00:05Z'),
        { kind: 'bounced', atMs: at('2026-11-21T06:10:00Z'), reason: '551 5.1.1 recipient is not exist' },
      ],
    })
    const ledger = await world([mail])
    await ledger.reported(reportOf(mail, { kind: 'deferred', reply: '451 4.7.1 try again later' }))
    const { figures } = await ledger.run()
    expect(figures).toMatchObject({ discovered: 0, repaired: 1, settled: 1, pending: 0 })
    expect(await rowOf(ledger, mail)).toMatchObject({
      status: 'bounced',
      deferred: ['2026-11-21T06:00:05Z 451 4.7.1 try again later'],
      bounced: ['2026-11-21T06:10:00Z[poll] undetermined 551 5.1.1 recipient is not exist'],
    })
  })

  it('writes nothing for rows that lack nothing', async () => {
    const mails = [
      mailAt('2026-11-21T06:00:00Z', 'delivered', { timeline: [delivered('2026-11-21T06:00:10Z')] }),
      mailAt('2026-11-21T06:00:00Z', 'opened', {
        timeline: [delivered('2026-11-21T06:00:10Z'), { kind: 'opened', atMs: at('2026-11-21T06:01:00Z') }],
      }),
      mailAt('2026-11-21T07:55:00Z', 'requested'),
      mailAt('2026-11-21T07:55:00Z', 'deferred', { timeline: [deferred('2026-11-21T07:55:05Z')] }),
      mailAt('2026-11-21T06:00:00Z', 'soft', {
        timeline: [
          {
            kind: 'bounced',
            atMs: at('2026-11-21T06:00:05Z'),
            reason: '452 4.2.2 full',
            bounceType: 'soft_bounce',
          },
        ],
      }),
    ]
    const [, opened, , deferredMail] = mails
    const ledger = await world(mails)
    await ledger.reported(
      reportOf(opened!, { kind: 'delivered' }),
      reportOf(opened!, { kind: 'opened', occurredAtMs: at('2026-11-21T06:01:00Z') }),
      reportOf(deferredMail!, { kind: 'deferred', reply: 'another report' }),
    )
    expect((await ledger.run()).figures).toMatchObject({ rows: 5, discovered: 3, repaired: 0 })
    // Tomorrow the whole list is read again, and everything but the end of it by look-ups as well.
    ledger.clock.advanceTo(at('2026-11-21T16:20:00Z'))
    ledger.writes.length = 0
    const { figures } = await ledger.run({ sweepAgesDays: [1] })
    expect(lists(ledger).slice(-1)).toEqual(['2026-11-21'])
    expect(figures).toMatchObject({ discovered: 0, repaired: 0 })
    expect(ledger.writes).toEqual([])
  })

  it('keeps the bounce of a delivered mail', async () => {
    const mail = mailAt('2026-11-21T06:00:00Z', 'anna', {
      timeline: [
        delivered('2026-11-21T06:00:10Z'),
        { kind: 'bounced', atMs: at('2026-11-21T07:00:00Z'), reason: '551 5.1.1 recipient is not exist' },
      ],
    })
    const ledger = await world([mail])
    await ledger.reported(reportOf(mail, { kind: 'delivered' }))
    await ledger.run()
    expect(await rowOf(ledger, mail)).toMatchObject({
      status: 'bounced',
      delivered: ['2026-11-21T06:00:05Z'],
    })
  })

  it.each([
    [
      'a callback',
      (mail: SimulatedDelivery) => [
        reportOf(mail, { kind: 'bounced', bounceClass: 'soft', reply: '452 4.2.2 mailbox full' }),
      ],
    ],
    ['the poll', () => []],
  ])('records a lasting bounce that follows a soft one that %s reported', async (_what, callbacks) => {
    const mail = mailAt('2026-11-21T06:00:00Z', 'anna', {
      timeline: [
        {
          kind: 'bounced',
          atMs: at('2026-11-21T06:00:05Z'),
          reason: '452 4.2.2 mailbox full',
          bounceType: 'soft_bounce',
        },
        {
          kind: 'bounced',
          atMs: at('2026-11-21T10:00:00Z'),
          reason: '551 5.1.1 recipient is not exist',
          bounceType: 'hard_bounce',
        },
      ],
    })
    const ledger = await world([mail])
    await ledger.reported(...callbacks(mail))
    await ledger.run()
    expect((await rowOf(ledger, mail))?.status).toBe('soft-bounced')
    for (const day of ['2026-11-22', '2026-11-24', '2026-11-28', '2026-12-20']) {
      ledger.clock.advanceTo(at(`${day}T00:00:00Z`))
      await ledger.run()
    }
    expect((await rowOf(ledger, mail))?.status).toBe('bounced')
  })

  it('skips rows that cannot be read and says how many, without an address', async () => {
    const ledger = await world([
      mailAt('2026-11-21T06:00:00Z', 'odd', { recipient: 'odd at example.com' }),
      mailAt('2026-11-21T06:00:00Z', 'anna', { timeline: [delivered('2026-11-21T06:00:10Z')] }),
    ])
    expect((await ledger.run()).figures).toMatchObject({ rows: 2, discovered: 1, stoppedBy: 'done' })
    expect(ledger.logged).toContain('{"event":"rows unreadable","rows":1,"fields":["ToEmailAddress"]}')
    expect(ledger.logged.join()).not.toContain('@example.com')
  })

  it('joins two rows of one message to two spellings of one address, whichever is listed first', async () => {
    const mails = [
      mailAt('2026-11-21T06:00:00Z', 'anna', { timeline: [delivered('2026-11-21T06:00:10Z')] }),
      mailAt('2026-11-21T06:00:00Z', 'anna', {
        recipient: 'Anna@example.com',
        timeline: [
          { kind: 'bounced', atMs: at('2026-11-21T06:00:20Z'), reason: '551 5.1.1 recipient is not exist' },
        ],
      }),
    ]
    const tables: unknown[] = []
    for (const order of ['oldest-first', 'newest-first'] as const) {
      const ledger = await world(mails, { order })
      await ledger.run()
      tables.push((await ledger.rows()).map(({ status, delivered: facts }) => [status, facts]))
    }
    const both = [['bounced', ['2026-11-21T06:00:10Z[poll]']]]
    expect(tables).toEqual([both, both])
  })
})

/** Mails from 08:00 in UTC+8 on, each delivered at once. */
function deliveredEachMinute(count: number): readonly SimulatedDelivery[] {
  return Array.from({ length: count }, (_, n) => {
    const sentAtMs = at('2026-11-21T00:00:00Z') + n * minuteMs
    const timeline = [{ kind: 'delivered', atMs: sentAtMs + 2_000 } as const]
    return mailAt(new Date(sentAtMs).toISOString(), `n${n}`, { timeline })
  })
}

describe('the lists that a run reads', () => {
  it('begin with yesterday and today', async () => {
    const ledger = await world()
    await ledger.run()
    expect(lists(ledger)).toEqual(['2026-11-20', '2026-11-21'])
  })

  it('are not read for what the sender records by itself', async () => {
    const ledger = await world([mailAt('2026-11-21T06:00:00Z', 'anna')])
    await ledger.run({ areSendsRecorded: true })
    expect(lists(ledger)).not.toContain('2026-11-21')
    expect((await ledger.run({ areSendsRecorded: true })).figures).toMatchObject({ calls: 0, discovered: 0 })
  })

  it('go on with today from where the last run ended', async () => {
    const mails = [1, 2, 3].map((n) => mailAt(`2026-11-21T0${n}:00:00Z`, `n${n}`))
    const later = [1, 2].map((n) => mailAt(`2026-11-21T09:0${n}:00Z`, `later${n}`))
    const ledger = await world([...mails, ...later])
    expect((await ledger.run()).figures).toMatchObject({ discovered: 3 })
    ledger.clock.advance(2 * hourMs)
    expect((await ledger.run()).figures).toMatchObject({ discovered: 2, repaired: 0 })
    ledger.clock.advance(hourMs)
    await ledger.run()
    expect(lists(ledger)).toEqual(['2026-11-20', '2026-11-21', '2026-11-21+3', '2026-11-21+5'])
  })

  it('begin anew with the new day, once the old one is read to its end ten minutes after it has closed', async () => {
    const mails = [
      mailAt('2026-11-21T06:00:00Z', 'a'),
      mailAt('2026-11-21T06:00:01Z', 'b'),
      mailAt('2026-11-21T15:59:59Z', 'c'),
    ]
    const ledger = await world(mails)
    await ledger.run()
    ledger.clock.advanceTo(at('2026-11-21T16:09:59Z'))
    await ledger.run()
    ledger.clock.advanceTo(at('2026-11-21T16:10:03Z'))
    await ledger.run()
    expect(lists(ledger)).toEqual(['2026-11-20', '2026-11-21', '2026-11-21+2', '2026-11-21+3', '2026-11-22'])
    expect((await ledger.rows()).length).toBe(3)
  })

  it('go on every half hour, since each reading costs a page that is half empty', async () => {
    const ledger = await world()
    await ledger.run()
    for (let minute = 5; minute <= 60; minute += 5) {
      ledger.clock.advanceTo(at(now) + minute * minuteMs)
      await ledger.run()
    }
    expect(lists(ledger)).toEqual(['2026-11-20', '2026-11-21', '2026-11-21', '2026-11-21'])
  })

  it('go on at every run where they grow by hundreds of rows', async () => {
    const mails = Array.from({ length: 420 }, (_, n) =>
      mailAt(new Date(at('2026-11-21T07:45:00Z') + n * 5_000).toISOString(), `n${n}`, {
        timeline: [{ kind: 'delivered', atMs: at('2026-11-21T07:45:00Z') + n * 5_000 + 2_000 }],
      }),
    )
    const ledger = await world(mails, { start: '2026-11-21T08:00:00Z' })
    const discovered: number[] = []
    for (const minute of [0, 30, 35, 40]) {
      ledger.clock.advanceTo(at(now) + minute * minuteMs)
      discovered.push((await ledger.run({ requestsPerSecond: 20 })).figures.discovered)
    }
    // 12 a minute, and those of the last five minutes are left for the next time.
    expect(discovered).toEqual([121, 299, 0, 0])
  })

  it('leave a mail alone whose callback may still be on its way', async () => {
    const mails = [mailAt('2026-11-21T07:00:00Z', 'old'), mailAt('2026-11-21T07:55:01Z', 'young')]
    const ledger = await world(mails)
    expect((await ledger.run()).figures).toMatchObject({ rows: 2, discovered: 1 })
    ledger.clock.advance(30 * minuteMs)
    expect((await ledger.run()).figures).toMatchObject({ rows: 1, discovered: 1 })
    expect(lists(ledger)).toEqual(['2026-11-20', '2026-11-21', '2026-11-21+1'])
  })

  it('are read from the beginning where the newest stand there, up to what is known', async () => {
    const mails = deliveredEachMinute(250)
    const ledger = await world(mails, { order: 'newest-first', start: '2026-11-21T03:00:00Z' })
    expect((await ledger.run()).figures).toMatchObject({ discovered: 176 })
    ledger.clock.advanceTo(at('2026-11-21T04:00:00Z'))
    expect((await ledger.run()).figures).toMatchObject({ discovered: 60 })
    ledger.clock.advanceTo(at('2026-11-21T16:10:00Z'))
    expect((await ledger.run()).figures).toMatchObject({ discovered: 14 })
    expect(lists(ledger)).toEqual([
      '2026-11-20',
      '2026-11-21',
      '2026-11-21+100',
      '2026-11-21', // an hour later: sixty new ones
      '2026-11-21', // after midnight: the last ones
      '2026-11-22',
    ])
  })

  it('are swept once they have closed where they are in no order that shows what is new', async () => {
    const ledger = await world(deliveredEachMinute(30), { order: 'random' })
    await ledger.run()
    ledger.clock.advance(hourMs)
    await ledger.run()
    ledger.clock.advanceTo(at('2026-11-21T16:10:00Z'))
    await ledger.run()
    expect(lists(ledger)).toEqual(['2026-11-20', '2026-11-21', '2026-11-22', '2026-11-21'])
  })

  describe.each([
    ['oldest-first', (mails: readonly SimulatedDelivery[]) => mails],
    ['newest-first', (mails: readonly SimulatedDelivery[]) => mails.toReversed()],
  ] as const)('%s', (_order, inOrder) => {
    /** The provider as it lists each date in this order, but for two neighbors that changed places. */
    const swapping = (mails: readonly SimulatedDelivery[], swapped: number) => (ports: Ports) => ({
      ...ports,
      statusApi: {
        ...ports.statusApi,
        page: async (query: StatusQuery): Promise<StatusPage> => {
          const listed = inOrder(mails.filter(({ sentAtMs }) => sentAtMs <= ports.clock.now()))
          const [one, other] = [mails[swapped], mails[swapped + 1]]
          const order = listed.map((mail) => (mail === one ? other : mail === other ? one : mail))
          const names = order.flatMap((mail) => mail?.messageId ?? [])
          const page = await ports.statusApi.page({ ...query, offset: 0 })
          const byPlace = page.deliveries.toSorted(
            (a, b) => names.indexOf(a.message) - names.indexOf(b.message),
          )
          const deliveries = byPlace.slice(query.offset)
          return { ...page, deliveries, rows: deliveries.length }
        },
      },
    })

    it.each([0, 20])('go on though rows %i and the next are swapped by one second', async (swapped) => {
      const mails = Array.from({ length: 60 }, (_, n) => {
        const minute = n === swapped + 1 ? swapped : n
        const sentAtMs = at('2026-11-21T06:00:00Z') + minute * 3 * minuteMs + (n === minute ? 0 : 1_000)
        const timeline = [{ kind: 'delivered', atMs: sentAtMs + 2_000 } as const]
        return mailAt(new Date(sentAtMs).toISOString(), `n${n}`, { timeline })
      })
      const ledger = await world(mails, { start: '2026-11-21T06:06:00Z' })
      for (let half = 0; half < 7; half += 1) {
        await ledger.run({ wrap: swapping(mails, swapped) })
        ledger.clock.advanceTo(at('2026-11-21T06:06:00Z') + (half + 1) * 30 * minuteMs)
        // What is put back to its beginning is read again at the next run.
        await ledger.run({ wrap: swapping(mails, swapped) })
      }
      expect((await ledger.rows()).length).toBe(60)
      expect(ledger.logged.filter((line) => line.includes('"to":"none"'))).toEqual([])
    })
  })

  /** The provider of which a row cannot be read, the first times that it is in a list. */
  const unreadableAtFirst = (times: number) => {
    let left = times
    return (ports: Ports) => ({
      ...ports,
      statusApi: {
        ...ports.statusApi,
        page: async (query: StatusQuery): Promise<StatusPage> => {
          const page = await ports.statusApi.page(query)
          const deliveries = page.deliveries.filter(({ message }) => !message.endsWith('-odd'))
          if (left === 0 || deliveries.length === page.deliveries.length) return page
          left -= 1
          return { ...page, deliveries, unreadable: [{ fields: 'DeliverTime', row: {} }] }
        },
      },
    })
  }
  /** Of 131, from 08:00 in UTC+8 on; the odd one was sent at 08:10. */
  const withOdd = deliveredEachMinute(131).map((mail, n) =>
    n === 10 ? { ...mail, messageId: messageIdAt('2026-11-21T00:10:00Z', 'odd') } : mail,
  )

  it.each(['oldest-first', 'newest-first'] as const)(
    '%s: are read again at the next reading where a row could not be read, and once',
    async (order) => {
      const ledger = await world(withOdd, { order, start: '2026-11-21T02:20:00Z' })
      const odd = async () => (await ledger.rows()).some(({ message }) => String(message).endsWith('-odd'))
      const wrap = unreadableAtFirst(1)
      expect((await ledger.run({ wrap })).figures).toMatchObject({ discovered: 130 })
      expect(await odd()).toBe(false)
      ledger.clock.advance(hourMs)
      expect((await ledger.run({ wrap })).figures).toMatchObject({ discovered: 1 })
      expect(await odd()).toBe(true)
      const asked = lists(ledger).length
      ledger.clock.advance(hourMs)
      await ledger.run({ wrap })
      expect(lists(ledger).length).toBe(asked + 1)
    },
  )

  it.each(['oldest-first', 'newest-first'] as const)(
    '%s: go on where a row can never be read',
    async (order) => {
      const ledger = await world(withOdd, { order, start: '2026-11-21T02:20:00Z' })
      const wrap = unreadableAtFirst(Infinity)
      for (let reading = 0; reading < 4; reading += 1) {
        await ledger.run({ wrap })
        ledger.clock.advance(hourMs)
      }
      // Yesterday's list, two pages twice, and twice what is new.
      expect(lists(ledger).length).toBe(1 + 2 * 2 + 2)
    },
  )

  it('are read again from there once the date has closed, where a row of the last reading could not be read', async () => {
    const mails = deliveredEachMinute(50)
    const odd = mailAt('2026-11-21T15:00:00Z', 'odd', { timeline: [delivered('2026-11-21T15:00:05Z')] })
    const ledger = await world([...mails, odd], { start: '2026-11-21T08:00:00Z' })
    const wrap = unreadableAtFirst(1)
    await ledger.run({ wrap })
    ledger.clock.advanceTo(at('2026-11-21T16:10:00Z'))
    expect((await ledger.run({ wrap })).figures).toMatchObject({ discovered: 1 })
    expect(lists(ledger).slice(2)).toEqual(['2026-11-21+50', '2026-11-22', '2026-11-21+50'])
  })

  it('keep their order where new rows come in front while pages are read, and move others to the next page', async () => {
    const sentAt = (n: number) => new Date(at('2026-11-20T16:00:00Z') + n * 6 * minuteMs).toISOString()
    const mails = Array.from({ length: 150 }, (_, n) => mailAt(sentAt(n), `n${n}`))
    const ledger = await world(mails, { order: 'newest-first', start: '2026-11-21T08:00:00Z' })
    let isSent = false
    const wrap = (ports: Ports) => ({
      ...ports,
      statusApi: {
        ...ports.statusApi,
        page: async (query: StatusQuery) => {
          const page = await ports.statusApi.page(query)
          if (query.requestDate === '2026-11-21' && !isSent) {
            isSent = true
            ledger.ses.send(...['x', 'y', 'z'].map((name) => mailAt('2026-11-21T08:00:00Z', name)))
          }
          return page
        },
      },
    })
    expect((await ledger.run({ wrap })).figures).not.toHaveProperty('orderChanges')
    ledger.clock.advance(30 * minuteMs)
    expect((await ledger.run()).figures).toMatchObject({ discovered: 3 })
  })

  it('that turn out to be in no order are logged once, and counted', async () => {
    const ledger = await world(deliveredEachMinute(30), { order: 'random' })
    expect((await ledger.run()).figures).toMatchObject({ orderChanges: 1 })
    ledger.clock.advance(hourMs)
    expect((await ledger.run()).figures).not.toHaveProperty('orderChanges')
    expect(ledger.logged.filter((line) => line.includes('list order changed'))).toEqual([
      '{"event":"list order changed","requestDate":"2026-11-21","from":"undetermined","to":"none","consequence":"what is new is discovered once the date has closed"}',
    ])
  })

  it.each([
    ['on day 29 where that is set', [29], ['2026-12-19']],
    [
      'as soon as it has closed, on days 3, 7 and 29 where nothing is set',
      undefined,
      ['2026-11-21', '2026-11-23', '2026-11-27', '2026-12-19'],
    ],
  ])('sweep a date %s', async (_when, sweepAgesDays, expected) => {
    const ledger = await world([], { start: '2026-11-20T00:00:00Z' })
    for (let day = 0; day <= 32; day += 1) {
      for (const hour of [0, 8, 17]) {
        ledger.clock.advanceTo(at('2026-11-20T00:00:00Z') + day * dayMs + hour * hourMs)
        await ledger.run({ areSendsRecorded: true, sweepAgesDays })
      }
    }
    expect(daysOfSweeps(ledger, '2026-11-20')).toEqual(expected)
  })

  it('are swept less often while a quarter of the pace does not hold it, each for the last time on day 29', async () => {
    const mails = Array.from({ length: 150 }, (_, n) =>
      mailAt('2026-11-20T06:00:00Z', `n${n}`, { timeline: [delivered('2026-11-20T06:00:10Z')] }),
    )
    const ledger = await world(mails, { start: '2026-11-20T00:00:00Z' })
    for (let day = 0; day <= 32; day += 1) {
      for (const hour of [0, 17]) {
        ledger.clock.advanceTo(at('2026-11-20T00:00:00Z') + day * dayMs + hour * hourMs)
        // Seven calls a day: of 150 mails the sweeps at three ages take six, and of none those at four take four.
        await ledger.run({ areSendsRecorded: true, sweepAgesDays: undefined, listsAtPace: 3_000 })
      }
    }
    const days = ['20', '21', '22'].map((day) => daysOfSweeps(ledger, `2026-11-${day}`))
    expect(days).toEqual([
      ['2026-11-21', '2026-11-23', '2026-12-19'],
      ['2026-11-22', '2026-11-24', '2026-12-20'],
      // A week later nobody remembers a day of 150 mails.
      ['2026-11-23', '2026-11-25', '2026-11-29', '2026-12-21'],
    ])
    expect(ledger.logged.filter((line) => line.includes('sweep ages changed'))).toEqual([
      '{"event":"sweep ages changed","from":[1,3,7,29],"to":[1,3,29],"callsPerSweep":2,"callsPerDay":7}',
      '{"event":"sweep ages changed","from":[1,3,29],"to":[1,3,7,29],"callsPerSweep":1,"callsPerDay":7}',
    ])
  })

  it('are swept at the ages that are set, however much mail there is', async () => {
    const ledger = await world([], { start: '2026-11-20T00:00:00Z' })
    for (let day = 0; day <= 10; day += 1) {
      ledger.clock.advanceTo(at('2026-11-20T17:00:00Z') + day * dayMs)
      await ledger.run({ areSendsRecorded: true, sweepAgesDays: [1, 3, 7, 29], listsAtPace: 100_000 })
    }
    expect(daysOfSweeps(ledger, '2026-11-20')).toEqual(['2026-11-21', '2026-11-23', '2026-11-27'])
  })

  it('are swept at the new ages where a checkpoint knows the last one alone, from the dates that reach them', async () => {
    const ledger = await world([], { start: '2026-11-20T00:00:00Z' })
    const { figures } = await ledger.run({ areSendsRecorded: true, sweepAgesDays: [29] })
    const { countedLists, ...written } = JSON.parse(String((await ledger.storedRun()).checkpoint)) as Record<
      string,
      unknown
    >
    expect(countedLists).toEqual([])
    await ledger.runs.acquire('earlier', 0, at('2027-01-01T00:00:00Z'))
    await ledger.runs.release('earlier', JSON.stringify(written), figures)
    const swept: unknown[] = []
    for (const day of ['25', '26']) {
      const before = lists(ledger).length
      ledger.clock.advanceTo(at(`2026-11-${day}T08:00:00Z`))
      await ledger.run({ areSendsRecorded: true, sweepAgesDays: undefined })
      swept.push(lists(ledger).slice(before))
    }
    // How many calls a sweep takes is known once there was one.
    expect(swept).toEqual([['2026-11-24'], ['2026-11-19', '2026-11-23', '2026-11-25']])
  })

  it('make up for days on which nothing ran, each date once', async () => {
    const ledger = await world()
    const sweepAgesDays = [1, 3]
    await ledger.run({ sweepAgesDays: [3] })
    ledger.clock.advance(5 * dayMs)
    expect((await ledger.run({ sweepAgesDays })).figures.stoppedBy).toBe('done')
    expect(lists(ledger).slice(2)).toEqual([
      '2026-11-21', // the end of it
      '2026-11-26', // today
      '2026-11-22', // closed while nothing ran
      '2026-11-23',
      '2026-11-24',
      '2026-11-25',
      '2026-11-20', // three days old
      '2026-11-21', // as is this one
    ])
  })

  it.each([
    [99, ['2026-11-20']],
    [100, ['2026-11-20', '2026-11-20+100']],
    [201, ['2026-11-20', '2026-11-20+100', '2026-11-20+200']],
  ])('of %i rows have the pages %j', async (count, pages) => {
    const mails = Array.from({ length: count }, (_, n) =>
      mailAt('2026-11-20T06:00:00Z', `n${n}`, { timeline: [delivered('2026-11-20T06:00:10Z')] }),
    )
    const ledger = await world(mails)
    const { figures } = await ledger.run()
    expect(figures).toMatchObject({ calls: pages.length + 1, rows: count, discovered: count })
    expect(lists(ledger).slice(0, -1)).toEqual(pages)
    expect((await ledger.rows()).length).toBe(count)
  })

  it('let the others pass where one fails, which is read at the next run', async () => {
    const mails = [
      mailAt('2026-11-20T06:00:00Z', 'yesterday', { timeline: [delivered('2026-11-20T06:00:10Z')] }),
      mailAt('2026-11-21T06:00:00Z', 'today', { timeline: [delivered('2026-11-21T06:00:10Z')] }),
      mailAt('2026-11-18T06:00:00Z', 'due', { timeline: [delivered('2026-11-18T06:00:10Z')] }),
    ]
    const ledger = await world(mails)
    await ledger.reported(reportOf(mails[2]!, { kind: 'requested' }))
    const mend = ledger.ses.failWhen(({ requestDate }) => requestDate === '2026-11-20', {
      code: 'InternalError',
    })
    // Three tries for yesterday, one for today, one for the message that is due, and three for yesterday at the end.
    expect(counts(await ledger.run())).toEqual({
      ...quiet,
      calls: 8,
      rows: 2,
      discovered: 1,
      repaired: 1,
      settled: 1,
      stoppedBy: 'done',
    })
    mend()
    ledger.clock.advance(15 * minuteMs)
    expect((await ledger.run()).figures).toMatchObject({ discovered: 1 })
    expect((await ledger.rows()).map(({ status }) => status)).toEqual(['delivered', 'delivered', 'delivered'])
  })

  it('leave a date alone that the provider no longer reports', async () => {
    const ledger = await world([
      mailAt('2026-11-21T06:00:00Z', 'today', { timeline: [delivered('2026-11-21T06:00:10Z')] }),
    ])
    ledger.ses.failWhen(({ requestDate }) => requestDate === '2026-11-20', {
      code: 'FailedOperation.NotSupportDate',
    })
    expect((await ledger.run()).figures).toMatchObject({ calls: 2, discovered: 1, stoppedBy: 'done' })
    ledger.clock.advance(hourMs)
    await ledger.run()
    expect(lists(ledger)).toEqual(['2026-11-20', '2026-11-21', '2026-11-21'])
  })

  it('are swept at an age that was set after the checkpoint was written', async () => {
    const ledger = await world([], { start: '2026-11-21T00:00:00Z' })
    const areSendsRecorded = true
    await ledger.run({ sweepAgesDays: [1], areSendsRecorded })
    ledger.clock.advance(dayMs)
    await ledger.run({ sweepAgesDays: [1, 2], areSendsRecorded })
    ledger.clock.advance(dayMs)
    await ledger.run({ sweepAgesDays: [1, 2], areSendsRecorded })
    // 2026-11-23 in UTC+8: yesterday for the first time, and the day before for the second.
    expect(lists(ledger).slice(-2)).toEqual(['2026-11-21', '2026-11-22'])
  })
})

describe('a look at what is pending', () => {
  it('is taken when due and not before', async () => {
    // 73 h after sending is 2026-11-21T05:00:00Z.
    const mail = mailAt('2026-11-18T04:00:00Z', 'anna', { timeline: [deferred('2026-11-18T04:00:05Z')] })
    const ledger = await world([mail], { start: '2026-11-21T04:00:00Z' })
    await ledger.reported(reportOf(mail, { kind: 'deferred', reply: '451 4.7.1 try again later' }))
    await ledger.run()
    expect(lookUps(ledger).length).toBe(1) // none was ever taken: the look at 36 h is made up for
    ledger.clock.advanceTo(at('2026-11-21T04:59:59Z'))
    await ledger.run()
    expect(lookUps(ledger).length).toBe(1)
    ledger.clock.advanceTo(at('2026-11-21T05:00:03Z'))
    await ledger.run()
    expect(lookUps(ledger)).toEqual([mail.messageId, mail.messageId])
    ledger.clock.advance(hourMs)
    await ledger.run()
    expect(lookUps(ledger).length).toBe(2)
  })

  it('settles what the provider has settled', async () => {
    const mail = mailAt('2026-11-18T04:00:00Z', 'anna', {
      timeline: [deferred('2026-11-18T04:00:05Z'), delivered('2026-11-18T09:00:00Z')],
    })
    const ledger = await world([mail])
    await ledger.reported(reportOf(mail, { kind: 'deferred', reply: '451 4.7.1 try again later' }))
    expect(counts(await ledger.run())).toEqual({
      ...quiet,
      calls: 3,
      rows: 1,
      repaired: 1,
      settled: 1,
      stoppedBy: 'done',
    })
    const row = await rowOf(ledger, mail)
    expect([row?.status, row?.pending]).toEqual(['delivered', undefined])
  })

  it('is one for all the recipients of a message', async () => {
    const mails = ['anna', 'bert', 'carl'].map((name) =>
      mailAt('2026-11-18T04:00:00Z', name, {
        messageId: messageIdAt('2026-11-18T04:00:00Z', 'shared'),
        timeline: [delivered('2026-11-18T09:00:00Z')],
      }),
    )
    const ledger = await world(mails)
    const [anna, bert, carl] = mails
    await ledger.reported(
      reportOf(anna!, { kind: 'deferred' }),
      reportOf(bert!, { kind: 'requested' }),
      reportOf(carl!, { kind: 'bounced', bounceClass: 'soft' }),
    )
    const { figures } = await ledger.run()
    expect(lookUps(ledger)).toEqual([messageIdAt('2026-11-18T04:00:00Z', 'shared')])
    expect(figures).toMatchObject({ rows: 3, repaired: 3, settled: 3, pending: 0 })
  })

  it('is taken at the longest due first', async () => {
    const mails = [
      mailAt('2026-11-18T06:00:00Z', 'third'), // 73 h: due since 2026-11-21T07:00
      mailAt('2026-11-20T22:00:00Z', 'second'), // 4 h: due since 2026-11-21T02:00
      mailAt('2026-11-18T14:00:00Z', 'first'), // 36 h: due since 2026-11-20T02:00
    ]
    // No list contains them, so that each has to be looked up.
    const ledger = await world([])
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    await ledger.run()
    expect(lookUps(ledger).map((message) => message.replace(/.*-/, ''))).toEqual(['first', 'second', 'third'])
  })

  it('goes to the date that is in the MessageId, and near midnight to its neighbor as well', async () => {
    const mails = [
      mailAt('2026-11-17T16:10:00Z', 'early'), // 00:10 in UTC+8
      mailAt('2026-11-18T15:50:00Z', 'late'), // 23:50 in UTC+8
      mailAt('2026-11-18T04:00:00Z', 'noon'),
    ]
    // The provider lists none of them, as one with another time zone would not.
    const ledger = await world([])
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'requested' }))
    await ledger.run()
    const asked = ledger.ses.calls.flatMap(({ messageId, requestDate }) =>
      messageId === undefined ? [] : [`${messageId.slice(-5)} ${requestDate}`],
    )
    expect(asked.sort()).toEqual([
      '-late 2026-11-18',
      '-late 2026-11-19',
      '-noon 2026-11-18',
      'early 2026-11-17',
      'early 2026-11-18',
    ])
  })

  it('proves nothing where the provider lists nothing', async () => {
    const mail = mailAt('2026-11-18T04:00:00Z', 'anna')
    const ledger = await world([])
    await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    expect((await ledger.run()).figures).toMatchObject({ pending: 1, repaired: 0, stoppedBy: 'done' })
    expect((await rowOf(ledger, mail))?.status).toBe('deferred')
  })

  it('finds a message whose id contains no date by when it was sent', async () => {
    const mail = mailAt('2026-11-18T04:00:00Z', 'anna', {
      messageId: 'qcloud-ses-0a1b2c',
      timeline: [delivered('2026-11-18T09:00:00Z')],
    })
    const ledger = await world([mail])
    await ledger.reported(
      reportOf(mail, { kind: 'deferred', occurredAtMs: at('2026-11-19T12:00:00Z'), sentAtMs: mail.sentAtMs }),
    )
    const { figures } = await ledger.run()
    expect(figures).toMatchObject({ calls: 3, settled: 1, pending: 0 })
    expect((await rowOf(ledger, mail))?.status).toBe('delivered')
  })

  it('is never taken at what is known by its task alone', async () => {
    const ledger = await world()
    await ledger.reported(
      eventWith({ message: 'task:77', kind: 'deferred', occurredAtMs: at('2026-11-18T04:00:00Z') }),
    )
    expect((await ledger.run()).figures).toMatchObject({ calls: 2, pending: 1, stoppedBy: 'done' })
    expect(lookUps(ledger)).toEqual([])
  })

  it('that the provider calls invalid is that message’s own matter', async () => {
    const mails = [
      mailAt('2026-11-18T04:00:00Z', 'odd'),
      mailAt('2026-11-18T05:00:00Z', 'anna', { timeline: [delivered('2026-11-18T09:00:00Z')] }),
    ]
    const ledger = await world(mails)
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    ledger.ses.failWhen(({ messageId }) => messageId === mails[0]!.messageId, {
      code: 'InvalidParameterValue',
    })
    expect((await ledger.run()).figures).toMatchObject({
      calls: 4,
      settled: 1,
      pending: 1,
      stoppedBy: 'done',
    })
    await ledger.run()
    expect(lookUps(ledger).length).toBe(2)
  })

  it('that the provider left unanswered is taken at the next run', async () => {
    const mails = [
      mailAt('2026-11-18T04:00:00Z', 'unanswered', { timeline: [delivered('2026-11-18T09:00:00Z')] }),
      mailAt('2026-11-18T05:00:00Z', 'anna', { timeline: [delivered('2026-11-18T09:00:00Z')] }),
    ]
    const ledger = await world(mails)
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    const mend = ledger.ses.failWhen(({ messageId }) => messageId === mails[0]!.messageId, {
      code: 'InternalError',
    })
    expect((await ledger.run()).figures).toMatchObject({ settled: 1, pending: 1 })
    mend()
    ledger.clock.advance(15 * minuteMs)
    expect((await ledger.run()).figures).toMatchObject({ settled: 1, pending: 0 })
  })

  it('that was left unanswered is forgotten once a callback has reported the end', async () => {
    const mails = ['unanswered', 'anna'].map((name) => mailAt('2026-11-18T04:00:00Z', name))
    const ledger = await world(mails)
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    ledger.ses.failWhen(({ messageId }) => messageId === mails[0]!.messageId, { code: 'InternalError' })
    await ledger.run()
    expect((await ledger.storedRun()).checkpoint).toContain(mails[0]!.messageId)
    await ledger.reported(reportOf(mails[0]!, { kind: 'delivered' }))
    ledger.clock.advance(hourMs)
    await ledger.run()
    // What the checkpoint remembers is bounded: what is over must not keep out what is not.
    expect((await ledger.storedRun()).checkpoint).not.toContain(mails[0]!.messageId)
  })

  it('is taken though three dates cannot be swept', async () => {
    const mail = mailAt('2026-11-18T04:00:00Z', 'anna', { timeline: [delivered('2026-11-18T09:00:00Z')] })
    const ledger = await world([mail])
    await ledger.run()
    await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    ledger.clock.advance(3 * dayMs)
    ledger.ses.failWhen(
      ({ messageId, requestDate }) => messageId === undefined && requestDate !== '2026-11-24',
      {
        code: 'InternalError',
      },
    )
    const { figures } = await ledger.run()
    expect(figures).toMatchObject({ settled: 1, pending: 0, stoppedBy: 'provider' })
  })

  it('is lost by no outage, however long', async () => {
    const mails = Array.from({ length: 60 }, (_, n) =>
      mailAt('2026-11-20T04:00:00Z', `n${n}`, { timeline: [delivered('2026-11-20T09:00:00Z')] }),
    )
    const ledger = await world(mails)
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    // Lists would settle them all; only look-ups shall.
    ledger.ses.failWhen(({ messageId }) => messageId === undefined, { code: 'InternalError' })
    const mend = ledger.ses.failWhen(() => true, { httpStatus: 503 })
    for (let run = 0; run < 30; run += 1) await ledger.run()
    mend()
    expect((await ledger.run()).figures).toMatchObject({ settled: 60, pending: 0 })
  })

  it('is not taken at a message that the same run has just read in a list', async () => {
    const mails = Array.from({ length: 20 }, (_, n) => mailAt('2026-11-20T06:00:00Z', `n${n}`))
    const ledger = await world(mails)
    const { figures } = await ledger.run()
    // Today's list and yesterday's: 20 look-ups more could find nothing else.
    expect(figures).toMatchObject({ calls: 2, discovered: 20, pending: 20 })
  })
})

describe('many looks at one date', () => {
  const recorded = { areSendsRecorded: true, sweepAgesDays: [29] } as const
  const recordSends = async (ledger: World, mails: readonly SimulatedDelivery[]) => {
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'requested' }))
  }

  it('are taken by its list, where that has fewer pages', async () => {
    const mails = deliveredEachMinute(250)
    const ledger = await world(mails, { start: '2026-11-21T05:00:00Z' })
    await recordSends(ledger, mails)
    const { figures } = await ledger.run(recorded)
    expect(lookUps(ledger)).toEqual([])
    expect(lists(ledger)).toEqual(['2026-11-21+25000', '2026-11-21', '2026-11-21+100', '2026-11-21+200'])
    expect(figures).toMatchObject({ calls: 4, repaired: 250, settled: 250, pending: 0 })
  })

  it('are taken one by one, where the list has more pages', async () => {
    const mails = deliveredEachMinute(250)
    const silent = mails.filter((_, n) => n % 25 === 0)
    const settled = mails.filter((_, n) => n % 25 !== 0)
    // Ten are due; a list of eleven pages would cost more.
    const others = Array.from({ length: 1_000 - 240 }, (_, n) => ({
      ...settled[n % settled.length]!,
      recipient: `other${n}@example.com`,
    }))
    const ledger = await world([...mails, ...others], { start: '2026-11-21T05:00:00Z' })
    await recordSends(ledger, silent)
    const { figures } = await ledger.run(recorded)
    expect(lists(ledger)).toEqual(['2026-11-21+1000'])
    expect(figures).toMatchObject({ calls: 11, repaired: 10, settled: 10, pending: 0 })
  })

  it('go on with the list where the last run left it', async () => {
    const mails = deliveredEachMinute(240)
    const ledger = await world(mails, { start: '2026-11-21T02:00:00Z' })
    await recordSends(ledger, mails)
    await ledger.run(recorded)
    ledger.clock.advanceTo(at('2026-11-21T03:00:00Z'))
    const { figures } = await ledger.run(recorded)
    // At 02:00 the list was read up to 01:55. The 55 that were sent until 02:50 are due; five more come with them.
    expect(lists(ledger).slice(-2)).toEqual(['2026-11-21+5616', '2026-11-21+116'])
    expect(figures).toMatchObject({ calls: 2, settled: 60, pending: 64 })
  })
})

describe('a budget that is smaller than a list', () => {
  const small = { maxCalls: 2, requestsPerSecond: 20 } as const

  it('lets runs go on with a closed date for which look-ups wait, and keeps nothing of today waiting', async () => {
    const mails = deliveredEachMinute(450)
    const today = mailAt('2026-11-22T00:00:00Z', 'today', { timeline: [delivered('2026-11-22T00:00:05Z')] })
    const ledger = await world([...mails, today], { start: '2026-11-22T00:20:00Z' })
    for (const mail of [...mails, today]) await ledger.reported(reportOf(mail, { kind: 'requested' }))
    const settled: number[] = []
    for (let run = 0; run < 12; run += 1) {
      settled.push((await ledger.run({ ...small, areSendsRecorded: true })).figures.settled)
      ledger.clock.advance(5 * minuteMs)
    }
    expect(settled.reduce((sum, count) => sum + count, 0)).toBe(451)
    expect(await rowOf(ledger, today)).toMatchObject({ status: 'delivered' })
  })

  it('lets runs go on with a list that has its newest first', async () => {
    const ledger = await world(deliveredEachMinute(450), {
      start: '2026-11-22T08:00:00Z',
      order: 'newest-first',
    })
    let discovered = 0
    for (let run = 0; run < 8; run += 1) {
      discovered += (await ledger.run(small)).figures.discovered
      ledger.clock.advance(5 * minuteMs)
    }
    expect(discovered).toBe(450)
  })
})

describe('a closed list that does not keep still', () => {
  const mails = Array.from({ length: 250 }, (_, n) =>
    mailAt(new Date(at('2026-11-20T04:00:00Z') + n * minuteMs).toISOString(), `n${n}`, {
      timeline: [{ kind: 'delivered', atMs: at('2026-11-20T04:00:00Z') + n * minuteMs + 2_000 }],
    }),
  )
  const pagesOf = (ledger: World, date: string) => lists(ledger).filter((list) => list.startsWith(date))

  it('is swept again where a row of one page stands on another as well', async () => {
    const ledger = await world(mails)
    let asked = 0
    // When the first page is returned, its last row changes places with one of the second.
    const wrap = (ports: Ports) => ({
      ...ports,
      statusApi: {
        ...ports.statusApi,
        page: async (query: StatusQuery) => {
          const page = await ports.statusApi.page(query)
          asked += 1
          if (query.requestDate !== '2026-11-20' || query.offset !== 100 || asked !== 2) return page
          const { deliveries } = await ports.statusApi.page({ ...query, offset: 0 })
          return { ...page, deliveries: [deliveries.at(-1)!, ...page.deliveries.slice(1)] }
        },
      },
    })
    const { figures } = await ledger.run({ wrap, sweepAgesDays: [1], areSendsRecorded: true })
    expect(figures).toMatchObject({ calls: 6, discovered: 250, stoppedBy: 'done' })
    expect(figures).not.toHaveProperty('unsteadyLists')
    expect((await ledger.rows()).length).toBe(250)
  })

  it('is swept twice and no more, and then what is pending is looked up', async () => {
    const silent = mails.filter((_, n) => n % 8 === 0)
    const ledger = await world(mails, { order: 'random', start: '2026-11-21T12:00:00Z' })
    for (const mail of silent) await ledger.reported(reportOf(mail, { kind: 'requested' }))
    const { figures } = await ledger.run({ areSendsRecorded: true, requestsPerSecond: 20 })
    expect(figures).toMatchObject({ settled: 32, pending: 0, unsteadyLists: 1, stoppedBy: 'done' })
    // One call to find out whether it is shorter, and two sweeps of three pages.
    expect(pagesOf(ledger, '2026-11-20').length).toBe(1 + 2 * 3)
    expect(lookUps(ledger).length).toBeGreaterThan(0)
    expect(ledger.logged).toContain(
      '{"event":"list unsteady","requestDate":"2026-11-20","consequence":"rows of it may not have been read; what is pending is looked up"}',
    )
    ledger.clock.advance(hourMs)
    expect((await ledger.run({ areSendsRecorded: true })).figures).not.toHaveProperty('unsteadyLists')
  })

  it('is swept again by the runs that follow, where each has time for two pages', async () => {
    const ledger = await world(mails, { order: 'random', start: '2026-11-21T12:00:00Z' })
    const unsteady: unknown[] = []
    for (let run = 0; run < 12; run += 1) {
      const { figures } = await ledger.run({
        areSendsRecorded: true,
        sweepAgesDays: [1],
        maxCalls: 2,
        requestsPerSecond: 20,
      })
      if (figures.unsteadyLists !== undefined) unsteady.push(figures.unsteadyLists)
      ledger.clock.advance(minuteMs)
    }
    expect(unsteady).toEqual([1])
    expect(pagesOf(ledger, '2026-11-20').length).toBe(2 * 3)
  })
})

describe('a date whose questions stay unanswered', () => {
  it('keeps no look-up of another date waiting', async () => {
    const failing = Array.from({ length: 30 }, (_, n) => mailAt(`2026-11-18T05:00:${10 + n}Z`, `failing${n}`))
    const fine = mailAt('2026-11-21T07:49:00Z', 'fine', { timeline: [delivered('2026-11-21T07:49:05Z')] })
    const ledger = await world([...failing, fine])
    for (const mail of [...failing, fine]) await ledger.reported(reportOf(mail, { kind: 'requested' }))
    ledger.ses.failWhen(({ requestDate }) => requestDate === '2026-11-18', { code: 'InternalError' })
    expect((await ledger.run({ areSendsRecorded: true })).figures).toMatchObject({ settled: 1, pending: 30 })
  })

  it('is read on after a page that is never returned', async () => {
    const ledger = await world(deliveredEachMinute(250), { start: '2026-11-22T08:00:00Z' })
    ledger.ses.failWhen(({ offset }) => offset === 100, { code: 'InternalError' })
    // A run counts where another question of it was answered: here today's list, each half hour.
    for (let run = 0; run < 40; run += 1) {
      await ledger.run({ requestsPerSecond: 20 })
      ledger.clock.advance(30 * minuteMs)
    }
    expect((await ledger.rows()).length).toBe(150)
    expect(ledger.logged).toContain(
      '{"event":"page left out","requestDate":"2026-11-21","offset":100,"consequence":"its rows are not read"}',
    )
  })
})

describe('a change of settings', () => {
  it('that brings the last age down leaves no date without its last sweep', async () => {
    const ledger = await world([], { start: '2026-11-01T08:00:00Z' })
    const areSendsRecorded = true
    await ledger.run({ areSendsRecorded, sweepAgesDays: [29] })
    ledger.clock.advanceTo(at('2026-11-21T08:00:00Z'))
    await ledger.run({ areSendsRecorded, sweepAgesDays: [6] })
    // From the day before the ledger's first one on, to the date that is six days old.
    expect(lists(ledger).slice(0, 1)).toEqual(['2026-10-31']) // the question that confirms the clock
    expect(lists(ledger).slice(1)).toEqual(
      ['31', '01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12', '13', '14', '15'].map(
        (day) => (day === '31' ? '2026-10-31' : `2026-11-${day}`),
      ),
    )
  })

  it('that says that sends are recorded still reads what was sent before', async () => {
    const mail = mailAt('2026-11-21T09:00:00Z', 'before', { timeline: [delivered('2026-11-21T09:00:05Z')] })
    const ledger = await world([mail])
    await ledger.run()
    ledger.clock.advanceTo(at('2026-11-22T08:00:00Z'))
    expect((await ledger.run({ areSendsRecorded: true })).figures).toMatchObject({ discovered: 1 })
  })
})

describe('an offset that the provider refuses', () => {
  it('is not taken for a refusal of the settings, nor for the end of a list', async () => {
    const mails = deliveredEachMinute(30)
    const ledger = await world(mails, { start: '2026-11-21T02:00:00Z' })
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'requested' }))
    ledger.ses.failWhen(({ offset }) => (offset ?? 0) > 500, { code: 'InvalidParameterValue' })
    const { figures } = await ledger.run({ areSendsRecorded: true })
    expect(figures).toMatchObject({ settled: 30, pending: 0, stoppedBy: 'done' })
  })
})

describe('a clock that is wrong', () => {
  it('moves nothing on that the provider has not answered', async () => {
    const ledger = await world([mailAt('2026-11-21T09:00:00Z', 'anna')])
    await ledger.run({ areSendsRecorded: true, sweepAgesDays: [1] })
    const { checkpoint: before } = await ledger.storedRun()
    ledger.clock.advanceTo(at('2026-12-11T08:00:00Z'))
    const { figures } = await ledger.run({
      areSendsRecorded: true,
      sweepAgesDays: [1],
      secretKey: 'another-secret-key',
    })
    expect(figures.stoppedBy).toBe('settings')
    const moved = JSON.parse(String((await ledger.storedRun()).checkpoint)) as object
    expect({ ...moved, lastCallAtMs: 0 }).toEqual({
      ...(JSON.parse(String(before)) as object),
      lastCallAtMs: 0,
    })
  })
})

describe('the first run ever', () => {
  const mails = Array.from({ length: 34 }, (_, n) =>
    mailAt('2026-11-21T06:00:00Z', `n${n}`, { timeline: [delivered('2026-11-21T06:00:10Z')] }),
  )
  /** The use case as it is where this clock is so far ahead of the world. */
  const ahead = (ms: number, answeredAtMs?: number) => ({
    wrap: (ports: Ports) => ({
      ...ports,
      clock: { ...ports.clock, now: () => ports.clock.now() + ms },
      statusApi: {
        ...ports.statusApi,
        page: async (query: StatusQuery) => ({
          ...(await ports.statusApi.page(query)),
          ...(answeredAtMs !== undefined && { answeredAtMs }),
        }),
      },
    }),
  })

  it('with a clock that is 40 days ahead stores nothing where the provider refuses it', async () => {
    const ledger = await world(mails)
    const mend = ledger.ses.failWhen(() => true, { code: 'AuthFailure.SignatureExpire' })
    const { figures } = await ledger.run({ ...ahead(40 * dayMs), deadlineMs: at(now) + 41 * dayMs })
    expect(figures).toMatchObject({ calls: 1, stoppedBy: 'settings' })
    expect(await ledger.storedRun()).not.toHaveProperty('checkpoint')
    mend()
    ledger.clock.advance(5 * minuteMs)
    expect((await ledger.run()).figures).toMatchObject({ discovered: 34, stoppedBy: 'done' })
  })

  it('stores nothing where a provider that looks at no signature dates its answers 40 days earlier', async () => {
    const ledger = await world(mails)
    const { figures, problem } = await ledger.run({
      ...ahead(40 * dayMs, at(now)),
      deadlineMs: at(now) + 41 * dayMs,
    })
    expect(figures).toMatchObject({ calls: 1, unknown: 0, stoppedBy: 'settings' })
    expect(problem).toBe("Set this machine's clock: it is 57600 minutes ahead of the provider's.")
    expect(await ledger.storedRun()).not.toHaveProperty('checkpoint')
    ledger.clock.advance(5 * minuteMs)
    expect((await ledger.run()).figures).toMatchObject({ discovered: 34, stoppedBy: 'done' })
  })

  it.each([
    ['five minutes', 5 * minuteMs, 'done'],
    ['a second more than five minutes', 5 * minuteMs + 1_000, 'settings'],
  ])('bears a clock that is %s ahead of the answers: %s', async (_by, ms, stoppedBy) => {
    const ledger = await world([])
    // The second question is asked a second later.
    const wrap = (ports: Ports) => ({
      ...ports,
      statusApi: {
        ...ports.statusApi,
        page: async (query: StatusQuery) => ({
          ...(await ports.statusApi.page(query)),
          answeredAtMs: ledger.clock.now() - ms,
        }),
      },
    })
    expect((await ledger.run({ wrap })).figures.stoppedBy).toBe(stoppedBy)
  })

  it('asks one question where there is nothing to ask, so that the ledger begins with a clock that is confirmed', async () => {
    const ledger = await world()
    const recorded = { areSendsRecorded: true } as const
    expect((await ledger.run(recorded)).figures).toMatchObject({ calls: 1, stoppedBy: 'done' })
    expect(await ledger.storedRun()).toHaveProperty('checkpoint')
    ledger.clock.advance(5 * minuteMs)
    expect((await ledger.run(recorded)).figures).toMatchObject({ calls: 0, stoppedBy: 'done' })
  })

  it('that nobody answers remembers which look-ups failed, so that three bad ones keep out no others', async () => {
    const [one, two, three, fine] = ['a', 'b', 'c', 'd'].map((name, n) =>
      mailAt(`2026-11-${18 + Math.min(n, 2)}T04:00:0${n}Z`, name, {
        timeline: [delivered(`2026-11-20T0${n + 5}:00:00Z`)],
      }),
    ) as [SimulatedDelivery, SimulatedDelivery, SimulatedDelivery, SimulatedDelivery]
    const ledger = await world([fine])
    for (const mail of [one, two, three, fine]) await ledger.reported(reportOf(mail, { kind: 'requested' }))
    ledger.ses.failWhen(({ messageId }) => messageId !== fine.messageId, { code: 'InternalError' })
    const settled: number[] = []
    for (let run = 0; run < 3; run += 1) {
      settled.push((await ledger.run({ areSendsRecorded: true })).figures.settled)
      ledger.clock.advance(5 * minuteMs)
    }
    expect(settled.reduce((sum, count) => sum + count)).toBe(1)
  })
})

describe('a look at a deferred mail', () => {
  const sent = '2026-11-21T00:00:00Z'
  const mail = mailAt(sent, 'anna', { timeline: [deferred('2026-11-21T00:00:05Z')] })

  it.each([
    ['2 hours', '2026-11-21T02:00:00Z', []],
    ['a moment less than 2 hours', '2026-11-21T01:59:59Z', [mail.messageId]],
  ])('at 4 hours is not needed where it was put off at an age of %s', async (_age, putOffAt, expected) => {
    const ledger = await world([mail], { start: '2026-11-21T04:00:00Z' })
    await ledger.reported(
      reportOf(mail, { kind: 'deferred' }),
      reportOf(mail, { kind: 'deferred', occurredAtMs: at(putOffAt) }),
    )
    const { figures } = await ledger.run({ areSendsRecorded: true })
    expect(lookUps(ledger)).toEqual(expected)
    expect(figures).toMatchObject({ pending: 1, oldestPendingSeconds: 4 * 3_600 })
  })

  it('is taken at the end of a retry lifetime whenever it was put off', async () => {
    const ledger = await world([mail], { start: '2026-11-24T01:00:00Z' })
    await ledger.reported(reportOf(mail, { kind: 'deferred', occurredAtMs: at('2026-11-24T00:00:00Z') }))
    await ledger.run({ areSendsRecorded: true })
    expect(lookUps(ledger)).toEqual([mail.messageId])
  })
})

describe('what the provider no longer reports', () => {
  const mail = mailAt('2026-10-22T08:00:00Z', 'anna')

  it('becomes unknown 30 days after sending, with the reason', async () => {
    const ledger = await world([], { start: '2026-11-21T07:29:00Z' })
    await ledger.reported(reportOf(mail, { kind: 'deferred', reply: '451 4.7.1 try again later' }))
    expect((await ledger.run()).figures).toMatchObject({ unknown: 0, pending: 1 })
    ledger.clock.advanceTo(at(now))
    expect((await ledger.run()).figures).toMatchObject({ unknown: 1, pending: 0, settled: 0, repaired: 0 })
    expect(await rowOf(ledger, mail)).toEqual({
      recipient: 'anna@example.com',
      message: mail.messageId,
      messageId: mail.messageId,
      provider: 'tencent-ses',
      sentAt: '2026-10-22T08:00:00Z',
      status: 'unknown',
      statusRank: 30,
      deferred: ['2026-10-22T08:00:05Z 451 4.7.1 try again later'],
      unknown: [
        '2026-11-21T08:00:00Z[poll] sent 2026-10-22T08:00:00Z, never settled, and out of reach of GetSendEmailStatus after 30 days',
      ],
    })
    expect((await ledger.run()).figures).toMatchObject({ unknown: 0, pending: 0 })
  })

  it('is reported after all by a late callback', async () => {
    const ledger = await world()
    await ledger.reported(reportOf(mail, { kind: 'requested' }))
    await ledger.run()
    expect((await rowOf(ledger, mail))?.status).toBe('unknown')
    await ledger.reported(reportOf(mail, { kind: 'delivered', occurredAtMs: at('2026-10-22T09:00:00Z') }))
    expect((await rowOf(ledger, mail))?.status).toBe('delivered')
    expect((await ledger.run()).figures).toMatchObject({ unknown: 0, pending: 0 })
    expect((await rowOf(ledger, mail))?.status).toBe('delivered')
  })

  it.each(['task:77', 'qcloud-ses-0a1b2c'])('includes %s, by the time of its first fact', async (message) => {
    const ledger = await world([], { start: '2026-11-20T08:00:00Z' })
    await ledger.reported(
      eventWith({ message, kind: 'deferred', occurredAtMs: at('2026-10-25T08:00:00Z') }),
      eventWith({ message, kind: 'deferred', occurredAtMs: at('2026-10-22T08:00:00Z') }),
    )
    expect((await ledger.run()).figures).toMatchObject({ unknown: 0, pending: 1 })
    ledger.clock.advanceTo(at(now))
    expect((await ledger.run()).figures).toMatchObject({ unknown: 1, pending: 0 })
    expect((await ledger.rows()).map(({ status }) => status)).toEqual(['unknown'])
  })

  it('includes a delivery for which the provider reported no time at all', async () => {
    const timeless: SimulatedDelivery = mailAt('2026-11-21T06:00:00Z', 'anna', {
      messageId: 'qcloud-ses-0a1b2c',
    })
    const ledger = await world([timeless])
    const withoutTimes = (statusApi: StatusApi): StatusApi => ({
      ...statusApi,
      page: async (query) => {
        const page = await statusApi.page(query)
        const deliveries = page.deliveries.map(({ provider, recipient, message, outcome }) => ({
          provider,
          recipient,
          message,
          outcome: { kind: outcome?.kind ?? 'requested', detail: '' },
          engagement: [],
        }))
        return { ...page, deliveries }
      },
    })
    const wrap: NonNullable<Parameters<World['run']>[0]>['wrap'] = (ports) => ({
      ...ports,
      statusApi: withoutTimes(ports.statusApi),
    })
    expect((await ledger.run({ wrap })).figures).toMatchObject({ discovered: 1, pending: 1 })
    ledger.clock.advance(32 * dayMs)
    expect((await ledger.run({ wrap })).figures).toMatchObject({ unknown: 1, pending: 0 })
  })

  it('is not recorded by a run that the provider refuses, since nobody has confirmed its clock', async () => {
    const ledger = await world()
    await ledger.reported(reportOf(mail, { kind: 'requested' }))
    const { figures } = await ledger.run({ secretKey: 'another-secret-key' })
    expect(figures).toMatchObject({ unknown: 0, pending: 1, stoppedBy: 'settings' })
  })

  it('leaves the index even where the table refuses to write it, and the rows behind it are closed too', async () => {
    const full = mailAt('2026-10-20T08:00:00Z', 'full')
    const other = mailAt('2026-10-20T08:00:00Z', 'zoe')
    const ledger = await world()
    for (const one of [full, other]) await ledger.reported(reportOf(one, { kind: 'deferred' }))
    const { recipient } = reportOf(full, { kind: 'unknown' })
    const { figures } = await ledger.run({
      wrap: (ports) => ({
        ...ports,
        deliveries: {
          ...ports.deliveries,
          record: (event) =>
            event.recipient === recipient
              ? Promise.reject(new UnwritableError('refused'))
              : ports.deliveries.record(event),
        },
      }),
    })
    expect(figures).toMatchObject({ unknown: 2, pending: 0, stoppedBy: 'done' })
    expect((await rowOf(ledger, full))?.status).toBe('deferred')
    expect((await rowOf(ledger, other))?.status).toBe('unknown')
  })

  it('is recorded within the time of the run', async () => {
    const ledger = await world()
    for (let n = 0; n < 25; n += 1)
      await ledger.reported(reportOf(mailAt('2026-10-20T08:00:00Z', `n${n}`), { kind: 'requested' }))
    const deadlineMs = at(now) + 60_000
    const { figures } = await ledger.run({
      deadlineMs,
      wrap: (ports) => ({
        ...ports,
        deliveries: {
          ...ports.deliveries,
          async record(event) {
            await ports.deliveries.record(event)
            ledger.clock.advance(3_000)
          },
        },
      }),
    })
    expect(figures.stoppedBy).toBe('time')
    expect(ledger.clock.now()).toBeLessThanOrEqual(deadlineMs)
  })
})

describe('a soft bounce', () => {
  const softBounced: TimelineEntry = {
    kind: 'bounced',
    atMs: at('2026-11-16T07:00:05Z'),
    reason: '452 4.2.2 mailbox full',
    bounceType: 'soft_bounce',
  }
  // 5 days and 1 hour later is 2026-11-21T08:00:00Z.
  const mail = mailAt('2026-11-16T07:00:00Z', 'anna', { timeline: [softBounced] })
  const callback = reportOf(mail, { kind: 'bounced', bounceClass: 'soft', reply: '452 4.2.2 mailbox full' })

  it('is pending until nobody retries any more, and then stays a soft bounce without a look', async () => {
    const ledger = await world([mail], { start: '2026-11-21T07:30:00Z' })
    await ledger.reported(callback)
    expect((await ledger.run()).figures).toMatchObject({ calls: 2, settled: 0, pending: 1 })
    expect((await rowOf(ledger, mail))?.pending).toBe('2026-11-16#08')
    ledger.clock.advanceTo(at(now))
    expect((await ledger.run()).figures).toMatchObject({ calls: 1, settled: 1, repaired: 0, pending: 0 })
    expect(lookUps(ledger)).toEqual([])
    const row = await rowOf(ledger, mail)
    expect([row?.status, row?.pending]).toEqual(['soft-bounced', undefined])
    expect((await ledger.run()).figures).toMatchObject({ settled: 0, pending: 0 })
  })

  it('that was delivered later is delivered by the sweep of its date', async () => {
    const truth = { ...mail, timeline: [softBounced, delivered('2026-11-18T07:00:00Z')] }
    const ledger = await world([truth], { start: '2026-11-17T08:00:00Z' })
    await ledger.reported(callback)
    await ledger.run()
    ledger.clock.advanceTo(at(now))
    expect((await ledger.run()).figures).toMatchObject({ settled: 1, pending: 0 })
    ledger.clock.advanceTo(at('2026-12-15T07:00:00Z'))
    expect((await ledger.run()).figures).toMatchObject({ repaired: 1 })
    expect((await rowOf(ledger, mail))?.status).toBe('delivered')
  })

  it('that the same run found delivered is settled once', async () => {
    const truth = { ...mail, timeline: [softBounced, delivered('2026-11-18T07:00:00Z')] }
    const ledger = await world([truth], { start: '2026-11-17T08:00:00Z' })
    await ledger.reported(callback)
    await ledger.run({ sweepAgesDays: [6] })
    ledger.clock.advanceTo(at('2026-11-22T07:00:00Z'))
    const { figures } = await ledger.run({ sweepAgesDays: [6] })
    expect(figures).toMatchObject({ repaired: 1, settled: 1, pending: 0 })
  })

  it('leaves a callback that comes later its say', async () => {
    const ledger = await world([mail])
    await ledger.reported(callback)
    await ledger.run()
    await ledger.reported(callback)
    expect((await rowOf(ledger, mail))?.pending).toBeUndefined()
    await ledger.reported(reportOf(mail, { kind: 'bounced', bounceClass: 'hard' }))
    expect((await rowOf(ledger, mail))?.status).toBe('bounced')
  })
})

/** Mails of four days to which nothing more happens: what is known an hour before the run is the truth for good. */
function settledTraffic(count: number): readonly SimulatedDelivery[] {
  const mails = makeTraffic({ seed: 3, count, fromMs: at('2026-11-17T00:00:00Z'), overMs: 4.2 * dayMs })
  return mails.map((mail) => ({
    ...mail,
    timeline: mail.timeline.filter(({ atMs }) => atMs <= at(now) - hourMs),
  }))
}

/** What is reported of every other mail: its first event alone. */
async function reportSome(ledger: World, mails: readonly SimulatedDelivery[]): Promise<void> {
  for (const [index, mail] of mails.entries()) {
    if (index % 2 === 0) continue
    await ledger.reported(
      reportOf(mail, { kind: index % 4 === 1 ? 'requested' : 'deferred', columns: { from: mail.from } }),
    )
  }
}

describe('a budget that ends', () => {
  const mails = settledTraffic(40)

  const unboundedRows = async () => {
    const ledger = await world(mails)
    await reportSome(ledger, mails)
    expect((await ledger.run()).figures.stoppedBy).toBe('done')
    return ledger.rows()
  }

  it.each([
    ['calls', { maxCalls: 3 }],
    ['time', {}],
  ] as const)('as %s lets the next run go on to the same table', async (stoppedBy, budget) => {
    const expected = await unboundedRows()
    const ledger = await world(mails)
    await reportSome(ledger, mails)
    const ends: string[] = []
    for (let run = 0; run < 60 && ends.at(-1) !== 'done'; run += 1) {
      const { figures } = await ledger.run({ deadlineMs: ledger.clock.now() + 15_000, ...budget })
      ends.push(figures.stoppedBy)
      expect(figures.calls).toBeLessThanOrEqual(4)
    }
    expect(ends.at(-1)).toBe('done')
    expect(new Set(ends.slice(0, -1))).toEqual(new Set([stoppedBy]))
    expect(ends.length).toBeGreaterThan(4)
    expect(await ledger.rows()).toEqual(expected)
  })
})

describe('the order of the list', () => {
  it('does not matter', async () => {
    const mails = settledTraffic(40)
    const tables: (readonly PlainRow[])[] = []
    for (const order of [
      'oldest-first',
      'newest-first',
      'by-status-change',
      'equal-keys',
      'random',
    ] as const) {
      const ledger = await world(mails, { order })
      await reportSome(ledger, mails)
      expect((await ledger.run()).figures.stoppedBy).toBe('done')
      tables.push(await ledger.rows())
    }
    for (const table of tables) expect(table).toEqual(tables[0])
    expect(tables[0]!.length).toBeGreaterThan(25)
  })

  it.each(['oldest-first', 'newest-first', 'by-status-change'] as const)(
    'of %s ends in what truly happened, over many pages',
    async (order) => {
      const mails = makeTraffic({
        seed: 5,
        count: 130,
        fromMs: at('2026-11-19T16:00:00Z'),
        overMs: dayMs,
      })
      const ledger = await world(mails, { order })
      expect((await ledger.run({ requestsPerSecond: 20 })).figures.stoppedBy).toBe('done')
      const wrong: string[] = []
      for (const mail of mails) {
        const recipient = mail.recipient.toLowerCase()
        const [row] = await ledger.deliveries.rowsOf([{ recipient, message: mail.messageId }])
        const truth = truthAt(mail, at(now))
        if (truth && !isRight(row, truth)) wrong.push(`${mail.messageId} ${String(row?.status)}`)
      }
      expect(wrong).toEqual([])
    },
  )
})

describe('a provider in trouble', () => {
  it('that lets one request a second through is asked no faster', async () => {
    const ledger = await world(settledTraffic(30), { requestsPerSecond: 1 })
    const { figures } = await ledger.run()
    expect(figures.stoppedBy).toBe('done')
    expect(new Set(ledger.ses.calls.map(({ answer }) => answer))).toEqual(new Set(['ok']))
  })

  it('whose limit is exceeded is asked again later', async () => {
    const ledger = await world(settledTraffic(30), { requestsPerSecond: 1 })
    const { figures } = await ledger.run({ requestsPerSecond: 2 })
    const answers = ledger.ses.calls.map(({ answer }) => answer)
    expect(answers).toContain('RequestLimitExceeded')
    expect(figures).toMatchObject({ calls: answers.length, stoppedBy: 'done' })
  })

  it('that answers nothing is left in peace after three questions', async () => {
    const mails = [1, 2, 3, 4].map((n) => mailAt('2026-11-18T04:00:00Z', `n${n}`))
    const ledger = await world(mails)
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    ledger.ses.failWhen(() => true, { httpStatus: 503 })
    const report = await ledger.run()
    // Yesterday's list, today's, a look-up; and, as dates and look-ups do not wait for each other, a sweep.
    expect(counts(report)).toEqual({ ...quiet, calls: 12, rows: 0, pending: 4, stoppedBy: 'provider' })
    expect(report.problem).toContain('GetSendEmailStatus')
  })

  it('that recovers is asked for everything that it owes', async () => {
    const mails = [
      mailAt('2026-11-20T06:00:00Z', 'yesterday', { timeline: [delivered('2026-11-20T06:00:10Z')] }),
      mailAt('2026-11-18T04:00:00Z', 'due', { timeline: [delivered('2026-11-18T06:00:10Z')] }),
      mailAt('2026-11-21T06:00:00Z', 'today', { timeline: [delivered('2026-11-21T06:00:10Z')] }),
    ]
    const ledger = await world(mails)
    await ledger.reported(reportOf(mails[1]!, { kind: 'deferred' }))
    const mend = ledger.ses.failWhen(() => true, 'hang-up')
    await ledger.run()
    mend()
    ledger.clock.advance(15 * minuteMs)
    expect(counts(await ledger.run())).toEqual({
      ...quiet,
      calls: 3,
      rows: 3,
      discovered: 2,
      repaired: 1,
      settled: 1,
      stoppedBy: 'done',
    })
  })

  it('that refuses the key stops the run at once and names the setting', async () => {
    const ledger = await world()
    const { figures, problem } = await ledger.run({ secretKey: 'another-secret-key' })
    expect(figures).toEqual({ ...quiet, calls: 1, rows: 0, stoppedBy: 'settings' })
    expect(problem).toContain('TENCENTCLOUD_SECRET_KEY')
    expect(`${String(problem)} ${ledger.logged.join()}`).not.toMatch(
      /another-secret-key|simulated-secret-key/,
    )
  })
})

describe('the checkpoint', () => {
  const putCheckpoint = async ({ runs, clock }: World, checkpoint: string) => {
    await runs.acquire('another', clock.now(), clock.now() + 1)
    await runs.save('another', checkpoint, clock.now() + 1)
    await runs.releaseLease('another')
  }

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"version":2}',
    '{"version":2,"tail":{"requestDate":"today","offset":0}}',
    '{"version":1,"tail":{"requestDate":"2026-11-21","offset":0}}',
  ])('that reads %j is begun anew', async (stored) => {
    const ledger = await world([mailAt('2026-11-21T06:00:00Z', 'anna')])
    await putCheckpoint(ledger, stored)
    expect((await ledger.run()).figures).toMatchObject({ calls: 2 + 29, discovered: 1, stoppedBy: 'done' })
    expect(ledger.logged[0]).toBe('{"event":"checkpoint not used","consequence":"reading begins anew"}')
    await ledger.run()
    expect(ledger.logged.filter((line) => line.includes('not used')).length).toBe(1)
  })

  it('that a clock made which was ahead is begun anew', async () => {
    const ledger = await world([mailAt('2026-11-21T06:00:00Z', 'anna')], { start: '2026-12-31T08:00:00Z' })
    await ledger.run()
    const { checkpoint } = await ledger.storedRun()
    expect(checkpoint).toContain('2026-12-31')
    const today = await world([mailAt('2026-11-21T06:00:00Z', 'anna')])
    await putCheckpoint(today, String(checkpoint))
    expect((await today.run()).figures).toMatchObject({ calls: 2 + 29, discovered: 1, stoppedBy: 'done' })
    today.clock.advance(5 * minuteMs)
    await today.run()
    expect(today.logged.filter((line) => line.includes('checkpoint not used')).length).toBe(1)
  })

  it('that cannot be read costs calls and not rows', async () => {
    const unheard = mailAt('2026-11-18T06:00:00Z', 'unheard', {
      timeline: [delivered('2026-11-18T06:00:10Z')],
    })
    const complained = mailAt('2026-11-17T06:00:00Z', 'complained', {
      timeline: [delivered('2026-11-17T06:00:10Z'), { kind: 'complained', atMs: at('2026-11-19T06:00:00Z') }],
    })
    const ledger = await world([unheard, complained], { start: '2026-11-18T04:00:00Z' })
    await ledger.run()
    // For three days nothing runs, and then the checkpoint is lost.
    ledger.clock.advanceTo(at(now))
    await putCheckpoint(ledger, 'unreadable')
    await ledger.run()
    expect((await rowOf(ledger, unheard))?.status).toBe('delivered')
    expect(await rowOf(ledger, complained)).toMatchObject({ complained: ['time-unknown[poll]'] })
  })

  it('is kept with the figures of the last run, where a person can read them', async () => {
    const ledger = await world()
    await ledger.run()
    expect(await ledger.storedRun()).toMatchObject({
      lastRunAt: '2026-11-21T08:00:01Z',
      lastRun: { calls: 2, stoppedBy: 'done' },
    })
    expect(await ledger.storedRun()).not.toHaveProperty('leaseOwner')
  })
})

describe('the lease', () => {
  it('keeps a second run out, which asks nothing', async () => {
    const mail = mailAt('2026-11-18T04:00:00Z', 'anna')
    const ledger = await world([mail])
    await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    await ledger.runs.acquire('another', ledger.clock.now(), ledger.clock.now() + 120_000)
    ledger.writes.length = 0
    const { figures } = await ledger.run()
    expect(figures).not.toHaveProperty('pending')
    expect(figures).toMatchObject({ calls: 0, rows: 0, stoppedBy: 'lease' })
    expect(ledger.ses.calls).toEqual([])
    expect(ledger.writes).toEqual([])
    expect(await ledger.storedRun()).toMatchObject({ leaseOwner: 'another' })
  })

  it('is taken once it has run out', async () => {
    const ledger = await world()
    await ledger.runs.acquire('another', ledger.clock.now(), ledger.clock.now() + 120_000)
    ledger.clock.advance(119_999)
    expect((await ledger.run()).figures.stoppedBy).toBe('lease')
    ledger.clock.advance(1)
    expect((await ledger.run()).figures.stoppedBy).toBe('done')
  })

  it('is given back by a run that ends, so that the next one need not wait', async () => {
    const ledger = await world()
    await ledger.run()
    expect((await ledger.run()).figures.stoppedBy).toBe('done')
  })

  it('is given back by a run that the provider refuses', async () => {
    const ledger = await world()
    await ledger.run({ secretKey: 'another-secret-key' })
    expect((await ledger.run()).figures.stoppedBy).toBe('done')
  })

  it('is extended while a run works', async () => {
    const mails = Array.from({ length: 10 }, (_, n) => mailAt('2026-11-18T04:00:00Z', `n${n}`))
    const ledger = await world([])
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    const others: string[] = []
    // A call every 25 s: fourteen of them take more than two leases. Two read lists in vain, two the date of the ten.
    const { figures } = await ledger.run({
      requestsPerSecond: 0.04,
      wrap: (ports) => ({
        ...ports,
        statusApi: {
          ...ports.statusApi,
          page: async (query) => {
            const nowMs = ledger.clock.now()
            const held = await ledger.runs.acquire('another', nowMs, nowMs + 120_000)
            others.push(held ? 'taken' : 'kept out')
            return ports.statusApi.page(query)
          },
        },
      }),
    })
    expect(figures).toMatchObject({ calls: 14, stoppedBy: 'done' })
    expect(new Set(others)).toEqual(new Set(['kept out']))
  })

  it('that was taken over leaves the checkpoint to the other', async () => {
    const mails = Array.from({ length: 150 }, (_, n) =>
      mailAt('2026-11-21T06:00:00Z', `n${n}`, { timeline: [delivered('2026-11-21T06:00:10Z')] }),
    )
    const ledger = await world(mails)
    const { runs: others } = ledger
    let isTaken = false
    const report = await ledger.run({
      wrap: (ports) => ({
        ...ports,
        statusApi: {
          ...ports.statusApi,
          page: async (query) => {
            const page = await ports.statusApi.page(query)
            if (!isTaken) {
              isTaken = true
              ledger.clock.advance(121_000)
              await others.acquire('another', ledger.clock.now(), ledger.clock.now() + 600_000)
              await others.save('another', 'the checkpoint of another', ledger.clock.now() + 600_000)
            }
            return page
          },
        },
      }),
    })
    expect(report.figures).toMatchObject({ calls: 1, stoppedBy: 'lease' })
    expect(report.problem).toContain('Another run has taken the lease')
    expect(ledger.ses.calls.length).toBe(1)
    const stored = await ledger.storedRun()
    expect(stored).toMatchObject({ leaseOwner: 'another', checkpoint: 'the checkpoint of another' })
    expect(stored).not.toHaveProperty('lastRun')
  })

  it('that was taken over and given back is not the first run’s again', async () => {
    const ledger = await world()
    const { runs: others } = ledger
    let isTaken = false
    const { figures } = await ledger.run({
      wrap: (ports) => ({
        ...ports,
        statusApi: {
          ...ports.statusApi,
          page: async (query) => {
            if (!isTaken) {
              isTaken = true
              ledger.clock.advance(121_000)
              await others.acquire('another', ledger.clock.now(), ledger.clock.now() + 1_000)
              await others.release('another', 'the checkpoint of another', {
                ...quiet,
                calls: 7,
                rows: 0,
                stoppedBy: 'done',
              })
            }
            return ports.statusApi.page(query)
          },
        },
      }),
    })
    expect(figures.stoppedBy).toBe('lease')
    expect(await ledger.storedRun()).toMatchObject({ checkpoint: 'the checkpoint of another' })
  })

  it('runs out where a run dies, and the next run goes on', async () => {
    const ledger = await world([
      mailAt('2026-11-21T06:00:00Z', 'anna', { timeline: [delivered('2026-11-21T06:00:10Z')] }),
    ])
    const dying = ledger.run({
      wrap: (ports) => ({
        ...ports,
        statusApi: { ...ports.statusApi, page: () => Promise.reject(new TypeError('a defect')) },
      }),
    })
    await expect(dying).rejects.toThrow('a defect')
    expect((await ledger.run()).figures.stoppedBy).toBe('lease')
    ledger.clock.advance(120_000)
    expect((await ledger.run()).figures).toMatchObject({ discovered: 1, stoppedBy: 'done' })
  })
})

describe('the figures of a run', () => {
  it('count each thing that it did', async () => {
    const unheard = mailAt('2026-11-21T06:00:00Z', 'unheard', {
      timeline: [delivered('2026-11-21T06:00:10Z')],
    })
    const lacking = mailAt('2026-11-20T06:00:00Z', 'lacking', {
      timeline: [delivered('2026-11-20T06:00:10Z'), { kind: 'opened', atMs: at('2026-11-20T07:00:00Z') }],
    })
    const complete = mailAt('2026-11-20T06:10:00Z', 'complete', {
      timeline: [delivered('2026-11-20T06:10:05Z')],
    })
    const silent = mailAt('2026-11-19T06:00:00Z', 'silent', { timeline: [delivered('2026-11-19T06:00:10Z')] })
    const waiting = mailAt('2026-11-19T07:00:00Z', 'waiting', {
      timeline: [deferred('2026-11-19T07:00:05Z')],
    })
    const forgotten = mailAt('2026-10-20T06:00:00Z', 'forgotten')
    const soft = mailAt('2026-11-10T06:00:00Z', 'soft', {
      timeline: [{ kind: 'bounced', atMs: at('2026-11-10T06:00:05Z'), reason: '452 4.2.2 mailbox full' }],
    })
    const ledger = await world([unheard, lacking, complete, silent, waiting, soft])
    await ledger.reported(
      reportOf(lacking, { kind: 'delivered' }),
      reportOf(complete, { kind: 'delivered' }),
      reportOf(silent, { kind: 'requested' }),
      reportOf(waiting, { kind: 'deferred' }),
      reportOf(forgotten, { kind: 'requested' }),
      reportOf(soft, { kind: 'bounced', bounceClass: 'soft' }),
    )
    expect((await ledger.run()).figures).toEqual({
      calls: 4, // yesterday's list, today's, and a look at silent and waiting
      rows: 5, // lacking and complete; unheard; one for each look
      discovered: 1, // unheard
      repaired: 2, // lacking (opened), silent (delivered)
      settled: 2, // silent, and soft for good
      unknown: 1, // forgotten
      pending: 1, // waiting
      oldestPendingSeconds: 49 * 3_600, // waiting, sent on the 19th at 07:00
      stalenessP50Seconds: 2 * 3_600 - 9, // unheard: delivered at 06:00:10, reported by the second call
      stalenessP95Seconds: 50 * 3_600 - 8, // silent: delivered two days before, reported by the third
      stoppedBy: 'done',
    })
  })

  it('show the oldest that can be asked about, whoever else is pending', async () => {
    const old = mailAt('2026-11-14T08:00:00Z', 'old')
    const ledger = await world([old])
    await ledger.reported(
      reportOf(old, { kind: 'deferred' }),
      reportOf(mailAt('2026-11-20T08:00:00Z', 'new'), { kind: 'deferred' }),
      eventWith({ message: 'task:77', kind: 'deferred', occurredAtMs: at('2026-11-01T08:00:00Z') }),
      eventWith({
        provider: 'sendcloud',
        message: '8821.sc-10_9_13_218-inbound',
        kind: 'requested',
        occurredAtMs: at('2026-11-01T08:00:00Z'),
      }),
    )
    expect((await ledger.run()).figures).toMatchObject({ oldestPendingSeconds: 7 * 86_400, pending: 4 })
  })
})

describe('an error that is nobody’s question', () => {
  it('is not taken for one of the provider', async () => {
    const ledger = await world([mailAt('2026-11-21T06:00:00Z', 'anna')])
    const failing = ledger.run({
      wrap: (ports) => ({
        ...ports,
        deliveries: { ...ports.deliveries, record: () => Promise.reject(new Error('the table is away')) },
      }),
    })
    await expect(failing).rejects.toThrow('the table is away')
    await expect(failing).rejects.not.toBeInstanceOf(StatusApiError)
  })
})
