import { afterEach, describe, expect, it } from '@jest/globals'
import {
  backfill,
  type BackfillOrder,
  type BackfillProgress,
  type BackfillReport,
} from '../../../../lib/reconcile/backfill/backfill.ts'
import { DatesRefused } from '../../../../lib/reconcile/backfill/dates.ts'
import { LeaseBusy } from '../../../../lib/reconcile/backfill/lease.ts'
import type { Estimate } from '../../../../lib/reconcile/backfill/estimate.ts'
import { getStatisticsReport } from '../../../../lib/status-apis/ses/get-statistics-report.ts'
import type { SimulatedDelivery, TimelineEntry } from '../../../../local/simulated-ses/mail.ts'
import { makeTraffic } from '../../../../local/simulated-ses/traffic.ts'
import { isRight, truthAt } from '../../../../local/truth.ts'
import { embeddedTables } from '../../../embedded-tables.ts'
import { eventWith } from '../../../events.ts'
import { mailAt, messageIdAt, quickWorldAt, reportOf, type Ports, type World } from '../world.ts'

// It is 16:00 in UTC+8 of 2026-11-21.
const now = '2026-11-21T08:00:00Z'
const at = (instant: string) => Date.parse(instant)
const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

const engine = embeddedTables()
const worlds: World[] = []

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
})

async function world(
  mails: readonly SimulatedDelivery[] = [],
  options: Parameters<typeof quickWorldAt>[3] = {},
): Promise<World> {
  const made = await quickWorldAt(now, engine, mails, options)
  worlds.push(made)
  return made
}

/** How one backfill differs from the usual one. */
interface Options extends Partial<BackfillOrder> {
  readonly secretKey?: string
  /** Runs when the provider is asked for a page, with how many it was asked for before. */
  readonly onAsked?: (asked: number) => Promise<void> | void
}

interface Reported {
  readonly report: BackfillReport
  readonly estimate: Estimate | undefined
  readonly progress: readonly BackfillProgress[]
}

/** Reads 2026-11-19 and 2026-11-20 by default. */
async function backfilled(ledger: World, { secretKey, onAsked, ...order }: Options = {}): Promise<Reported> {
  const ports = ledger.ports(secretKey === undefined ? {} : { secretKey }) as Ports
  const progress: BackfillProgress[] = []
  let estimate: Estimate | undefined
  let asked = 0
  const report = await backfill(
    {
      ...ports,
      statusApi: {
        ...ports.statusApi,
        async page(query) {
          await onAsked?.(asked)
          asked += 1
          return ports.statusApi.page(query)
        },
      },
      volumes: getStatisticsReport({
        endpoint: ledger.ses.url,
        region: 'ap-guangzhou',
        secretId: 'AKIDsimulated',
        secretKey: 'simulated-secret-key',
        token: undefined,
      }),
      runs: ledger.runs,
      owner: 'by hand',
    },
    {
      from: '2026-11-19',
      to: '2026-11-20',
      isDryRun: false,
      requestsPerSecond: 1,
      signal: new AbortController().signal,
      onEstimate: (reported) => {
        estimate = reported
      },
      onProgress: (step) => progress.push(step),
      ...order,
    },
  )
  return { report, estimate, progress }
}

/** What the provider was asked: an action, `date` or `date+offset` of a list, a message. */
const questions = ({ ses }: World) =>
  ses.calls.map(({ action, requestDate, offset, messageId }) => {
    if (action !== 'GetSendEmailStatus') return action
    return messageId?.replace(/.*-/, 'look-up ') ?? `${requestDate}${offset === 0 ? '' : `+${offset}`}`
  })

/** All that the ledger holds. */
const dump = async ({ rows, suppressed, storedRun }: World) => ({
  deliveries: await rows(),
  suppressions: await suppressed(),
  run: await storedRun(),
})

const statusOf = async ({ rows }: World, mail: SimulatedDelivery) =>
  (await rows()).find(({ message }) => message === mail.messageId)?.status

const delivered = (instant: string): TimelineEntry => ({ kind: 'delivered', atMs: at(instant) })
const rejected = (instant: string): TimelineEntry => ({
  kind: 'bounced',
  atMs: at(instant),
  reason: '550 5.1.1 user unknown',
  bounceType: 'hard_bounce',
})

const nothingAdded = { discovered: 0, repaired: 0, settled: 0, unreadable: 0, added: new Map() }

/** Many mails that were sent on one date in UTC+8, and delivered. */
function manyMails(date: string, count: number): readonly SimulatedDelivery[] {
  return Array.from({ length: count }, (_, n) =>
    mailAt(`${date}T04:00:00Z`, `${date}n${n}`, { timeline: [delivered(`${date}T04:00:05Z`)] }),
  )
}

/** Mails of four days to which nothing more happens, and callbacks for half of them. */
async function halfReported(): Promise<{ ledger: World; mails: readonly SimulatedDelivery[] }> {
  const traffic = makeTraffic({
    seed: 3,
    count: 240,
    fromMs: at('2026-11-17T16:00:00Z'),
    overMs: 2.5 * dayMs,
  })
  const mails = traffic.map((mail) => ({
    ...mail,
    timeline: mail.timeline.filter(({ atMs }) => atMs <= at(now) - 60 * minuteMs),
  }))
  const ledger = await world(mails)
  for (const [index, mail] of mails.entries()) {
    if (index % 2 === 1)
      await ledger.reported(reportOf(mail, { kind: index % 4 === 1 ? 'requested' : 'deferred' }))
  }
  return { ledger, mails }
}

describe('a backfill', () => {
  it('brings the rows of each date up to its whole list, and says what that added', async () => {
    const unheard = mailAt('2026-11-19T06:00:00Z', 'unheard', {
      timeline: [delivered('2026-11-19T06:00:05Z'), { kind: 'opened', atMs: at('2026-11-19T07:00:00Z') }],
    })
    const stuck = mailAt('2026-11-19T06:00:00Z', 'stuck', { timeline: [rejected('2026-11-19T06:10:00Z')] })
    const known = mailAt('2026-11-20T06:00:00Z', 'known', { timeline: [delivered('2026-11-20T06:00:05Z')] })
    const opened = mailAt('2026-11-20T06:00:00Z', 'opened', {
      timeline: [delivered('2026-11-20T06:00:05Z'), { kind: 'opened', atMs: at('2026-11-20T07:00:00Z') }],
    })
    const ledger = await world([unheard, stuck, known, opened])
    await ledger.reported(
      reportOf(stuck, { kind: 'deferred' }),
      reportOf(known, { kind: 'delivered' }),
      reportOf(opened, { kind: 'delivered' }),
    )
    const { report } = await backfilled(ledger)
    expect(report).toEqual({
      dates: [
        {
          requestDate: '2026-11-19',
          calls: 1,
          rows: 2,
          discovered: 1,
          repaired: 1,
          settled: 1,
          unreadable: 0,
          added: new Map([
            ['delivered', 1],
            ['bounced', 1],
            ['opened', 1],
          ]),
          offset: 2,
        },
        {
          requestDate: '2026-11-20',
          calls: 1,
          rows: 2,
          discovered: 0,
          repaired: 1,
          settled: 0,
          unreadable: 0,
          added: new Map([['opened', 1]]),
          offset: 2,
        },
      ],
      unread: [],
      total: {
        calls: 3,
        rows: 4,
        discovered: 1,
        repaired: 2,
        settled: 1,
        unreadable: 0,
        added: new Map([
          ['delivered', 1],
          ['bounced', 1],
          ['opened', 2],
        ]),
      },
    })
    expect(await statusOf(ledger, unheard)).toBe('delivered')
    expect(await statusOf(ledger, stuck)).toBe('bounced')
    expect(await ledger.suppressed()).toEqual(['stuck@example.com'])
  })

  it('reads the dates of the range and no other, page by page', async () => {
    const ledger = await world([
      ...manyMails('2026-11-18', 1),
      ...manyMails('2026-11-19', 201),
      ...manyMails('2026-11-20', 100),
      ...manyMails('2026-11-21', 1),
    ])
    const { report } = await backfilled(ledger)
    expect(questions(ledger)).toEqual([
      'GetStatisticsReport',
      '2026-11-19',
      '2026-11-19+100',
      '2026-11-19+200',
      '2026-11-20',
      '2026-11-20+100',
    ])
    expect(report.total).toMatchObject({ calls: 6, rows: 301, discovered: 301 })
    expect((await ledger.rows()).length).toBe(301)
  })

  it('reads today as far as it goes', async () => {
    const ledger = await world(manyMails('2026-11-21', 3))
    const { report } = await backfilled(ledger, { from: '2026-11-21', to: '2026-11-21' })
    expect(report.total).toMatchObject({ rows: 3, discovered: 3 })
  })

  it('ends in what truly happened, and adds nothing when it is run again', async () => {
    const { ledger, mails } = await halfReported()
    const range = { from: '2026-11-18', to: '2026-11-20', requestsPerSecond: 20 }
    const first = await backfilled(ledger, range)
    expect(first.report.total.discovered + first.report.total.repaired).toBeGreaterThan(200)
    const before = await dump(ledger)
    for (const mail of mails) {
      const [row] = await ledger.deliveries.rowsOf([
        { recipient: mail.recipient.toLowerCase(), message: mail.messageId },
      ])
      expect(isRight(row, truthAt(mail, at(now))!)).toBe(true)
    }
    const again = await backfilled(ledger, range)
    expect(again.report.total).toMatchObject({ ...nothingAdded, rows: 240 })
    expect((await dump(ledger)).deliveries).toEqual(before.deliveries)
  })
})

describe('a pending delivery that no list contains', () => {
  it('is looked up, once for all the recipients of its message', async () => {
    const messageId = messageIdAt('2026-11-19T06:00:00Z', 'missing')
    const ledger = await world()
    await ledger.reported(
      eventWith({ message: messageId, recipient: 'anna@example.com', kind: 'deferred' }),
      eventWith({ message: messageId, recipient: 'bert@example.com', kind: 'requested' }),
    )
    const { report } = await backfilled(ledger)
    expect(questions(ledger)).toEqual(['GetStatisticsReport', '2026-11-19', 'look-up missing', '2026-11-20'])
    expect(report.dates.map(({ calls, problem }) => [calls, problem])).toEqual([
      [2, undefined],
      [1, undefined],
    ])
  })

  it('is found under the neighboring date, near midnight', async () => {
    // Its id says 00:05 of the 20th in UTC+8; the provider lists it under the 19th.
    const mail = mailAt('2026-11-19T15:55:00Z', 'anna', {
      messageId: messageIdAt('2026-11-19T16:05:00Z', 'anna'),
      timeline: [delivered('2026-11-19T16:05:10Z')],
    })
    const ledger = await world([mail])
    await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    const { report } = await backfilled(ledger, { from: '2026-11-20', to: '2026-11-20' })
    expect(questions(ledger)).toEqual(['GetStatisticsReport', '2026-11-20', 'look-up anna', 'look-up anna'])
    expect(report.dates).toMatchObject([{ rows: 1, repaired: 1, settled: 1, offset: 0 }])
    expect(await statusOf(ledger, mail)).toBe('delivered')
  })

  it('is not asked about under the neighboring date where the first one lists it', async () => {
    const mail = mailAt('2026-11-19T16:05:00Z', 'anna', { timeline: [delivered('2026-11-19T16:05:10Z')] })
    const ledger = await world()
    await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    const { report } = await backfilled(ledger, {
      from: '2026-11-20',
      onAsked: (asked) => {
        // The list did not show it yet.
        if (asked === 1) ledger.ses.send(mail)
      },
    })
    expect(questions(ledger)).toEqual(['GetStatisticsReport', '2026-11-20', 'look-up anna'])
    expect(report.total).toMatchObject({ rows: 1, settled: 1 })
  })

  it('is not asked about where a list contained it, it is of another date, another provider’s or a task', async () => {
    const listed = mailAt('2026-11-19T06:00:00Z', 'listed')
    const elsewhere = mailAt('2026-11-18T06:00:00Z', 'elsewhere')
    const ledger = await world([listed])
    await ledger.reported(
      reportOf(listed, { kind: 'requested' }),
      reportOf(elsewhere, { kind: 'requested' }),
      eventWith({
        provider: 'sendcloud',
        message: '1763532000-inbound',
        kind: 'requested',
        occurredAtMs: at('2026-11-19T06:00:00Z'),
      }),
      eventWith({ message: 'task:77', kind: 'requested', occurredAtMs: at('2026-11-19T06:00:00Z') }),
    )
    await backfilled(ledger)
    expect(questions(ledger)).toEqual(['GetStatisticsReport', '2026-11-19', '2026-11-20'])
  })

  it('makes its date incomplete where the look-up stays unanswered, and not where it is refused', async () => {
    const mails = ['mute', 'odd', 'fine'].map((name) => mailAt('2026-11-19T06:00:00Z', name))
    const ledger = await world()
    for (const mail of mails) await ledger.reported(reportOf(mail, { kind: 'deferred' }))
    ledger.ses.failWhen(({ messageId = '' }) => messageId.endsWith('mute'), { code: 'InternalError' })
    ledger.ses.failWhen(({ messageId = '' }) => messageId.endsWith('odd'), { code: 'InvalidParameterValue' })
    const { report } = await backfilled(ledger)
    expect(report.dates.map(({ problem }) => problem)).toEqual([
      '1 pending message got no answer. GetSendEmailStatus for 2026-11-19 at offset 0 failed: InternalError.',
      undefined,
    ])
    expect(new Set(questions(ledger))).toContain('look-up fine')
  })
})

describe('a dry run', () => {
  it('writes nothing at all, and reports what the real one then does', async () => {
    const { ledger } = await halfReported()
    await ledger.run({ maxCalls: 1 })
    ledger.clock.advance(minuteMs)
    const before = await dump(ledger)
    const range = { from: '2026-11-18', to: '2026-11-20', requestsPerSecond: 20 }
    ledger.writes.length = 0
    const dry = await backfilled(ledger, { ...range, isDryRun: true })
    expect(await dump(ledger)).toEqual(before)
    expect(ledger.writes).toEqual([])
    const real = await backfilled(ledger, range)
    expect(real.report).toEqual(dry.report)
    expect(real.report.total.discovered).toBeGreaterThan(0)
    expect(real.report.total.added.get('delivered')).toBeGreaterThan(0)
  })

  it('counts once what is reported twice', async () => {
    // Listed under both dates: by the list of the one, and by the other's.
    const mail = mailAt('2026-11-19T06:00:00Z', 'anna', { timeline: [delivered('2026-11-19T06:00:10Z')] })
    const ledger = await world([mail, { ...mail, sentAtMs: at('2026-11-20T06:00:00Z') }])
    const dry = await backfilled(ledger, { isDryRun: true })
    expect(
      dry.report.dates.map(({ rows, discovered, added }) => [rows, discovered, added.get('delivered')]),
    ).toEqual([
      [1, 1, 1],
      [1, 0, undefined],
    ])
    expect((await backfilled(ledger)).report).toEqual(dry.report)
  })

  it('holds the lease as the real one does', async () => {
    const ledger = await world(manyMails('2026-11-19', 1))
    const seen: unknown[] = []
    await backfilled(ledger, {
      isDryRun: true,
      onAsked: async () => {
        seen.push((await ledger.run()).figures.stoppedBy)
      },
    })
    expect(seen).toEqual(['lease', 'lease'])
  })
})

describe('the lease', () => {
  it('keeps a backfill from beginning while another run is at work, and says until when', async () => {
    const ledger = await world()
    await ledger.runs.acquire('scheduled', at(now), at('2026-11-21T08:01:30Z'))
    const busy = backfilled(ledger)
    await expect(busy).rejects.toThrow(LeaseBusy)
    await expect(busy).rejects.toThrow(
      'Another run holds the lease until 2026-11-21T08:01:30Z, longer if it goes on. Nothing was asked: try again then.',
    )
    expect(ledger.ses.calls).toEqual([])
    expect(await ledger.runs.endsAtMs()).toBe(at('2026-11-21T08:01:30Z'))
  })

  it('is held for as long as the backfill takes, and given back after it', async () => {
    const ledger = await world(manyMails('2026-11-19', 301))
    const taken: unknown[] = []
    const { report } = await backfilled(ledger, {
      isDryRun: true,
      to: '2026-11-19',
      requestsPerSecond: 0.02,
      onAsked: async () => {
        const nowMs = ledger.clock.now()
        taken.push(await ledger.runs.acquire('other', nowMs, nowMs + minuteMs))
      },
    })
    // The last call comes after more than four minutes, where a lease lasts for two.
    expect(report.total.calls).toBe(5)
    expect(taken).toEqual([undefined, undefined, undefined, undefined])
    expect(await ledger.runs.endsAtMs()).toBeUndefined()
  })

  it('ends the backfill where another run has taken it', async () => {
    const ledger = await world([...manyMails('2026-11-19', 150), ...manyMails('2026-11-20', 1)])
    const { report } = await backfilled(ledger, {
      onAsked: async (asked) => {
        if (asked !== 0) return
        // As if this machine had slept.
        ledger.clock.advance(3 * minuteMs)
        const nowMs = ledger.clock.now()
        await ledger.runs.acquire('other', nowMs, nowMs + 10 * minuteMs)
      },
    })
    expect(report).toMatchObject({
      dates: [{ requestDate: '2026-11-19', offset: 100, problem: 'Another run has taken the lease.' }],
      unread: ['2026-11-20'],
      total: { calls: 2, rows: 100, discovered: 100 },
      stopped: { by: 'lease', problem: 'Another run has taken the lease.' },
    })
    expect(await ledger.runs.endsAtMs()).toBeGreaterThan(ledger.clock.now())
  })

  it('is given back where something breaks', async () => {
    const ledger = await world()
    const failing = backfilled(ledger, {
      onAsked: () => {
        throw new TypeError('a fault of our own')
      },
    })
    await expect(failing).rejects.toThrow('a fault of our own')
    expect(await ledger.runs.endsAtMs()).toBeUndefined()
  })

  it('carries checkpoint and figures of the scheduled runs through unchanged', async () => {
    const ledger = await world(manyMails('2026-11-19', 101))
    await ledger.run()
    const before = await ledger.storedRun()
    expect(before).toMatchObject({ lastRun: { calls: 2 }, lastRunBy: 'run 1' })
    expect(before.checkpoint).toContain('2026-11-21')
    await backfilled(ledger)
    expect(await ledger.storedRun()).toEqual(before)
    ledger.clock.advance(30 * minuteMs)
    await ledger.run()
    // It goes on with today's tail and sweeps nothing anew.
    expect(questions(ledger).slice(-1)).toEqual(['2026-11-21'])
  })

  it('leaves a ledger that never ran as new as it was', async () => {
    const ledger = await world(manyMails('2026-11-19', 1))
    await backfilled(ledger)
    await ledger.run()
    expect(questions(ledger).slice(-2)).toEqual(['2026-11-20', '2026-11-21'])
  })
})

describe('the pace', () => {
  it('holds from the scheduled run before to the one after', async () => {
    const ledger = await world(manyMails('2026-11-19', 250), { requestsPerSecond: 1 })
    await ledger.run()
    await backfilled(ledger)
    await ledger.run({ wrap: (ports) => ({ ...ports, isByHand: true }) })
    expect(new Set(ledger.ses.calls.map(({ answer }) => answer))).toEqual(new Set(['ok']))
    expect(ledger.ses.calls.length).toBe(8)
  })

  it('holds after a call that ended the backfill, and where no checkpoint records the last call', async () => {
    const ledger = await world(manyMails('2026-11-19', 250), { requestsPerSecond: 1 })
    const interrupted = new AbortController()
    await backfilled(ledger, {
      signal: interrupted.signal,
      onAsked: () => {
        interrupted.abort()
      },
    })
    await ledger.run()
    expect(ledger.ses.calls.map(({ answer }) => answer)).toEqual(['ok', 'ok', 'ok', 'ok'])
  })

  it('is the one that is set', async () => {
    const ledger = await world(manyMails('2026-11-19', 250))
    await backfilled(ledger, { requestsPerSecond: 4, to: '2026-11-19' })
    const [first = 0, ...others] = ledger.ses.calls.map(({ atMs }) => atMs)
    expect(others.map((atMs) => atMs - first)).toEqual([250, 500, 750])
  })
})

describe('the dates', () => {
  const inReach = 'Dates from 2026-10-23 to 2026-11-21 (UTC+8) can be asked for.'

  it.each([
    ['2026-10-22', '2026-11-20', '2026-10-22 is out of reach: the provider reports 30 days.'],
    ['2026-11-20', '2026-11-22', '2026-11-22 is still to come.'],
    ['2026-11-20', '2026-11-19', '2026-11-20 comes after 2026-11-19.'],
    ['2026-02-30', '2026-11-20', "'2026-02-30' is no date: expected one such as 2026-11-21."],
    ['2026-11-20', '21.11.2026', "'21.11.2026' is no date: expected one such as 2026-11-21."],
    ['', '2026-11-20', "'' is no date: expected one such as 2026-11-21."],
    ['2026-13-01', '2026-11-20', "'2026-13-01' is no date: expected one such as 2026-11-21."],
  ])('from %j to %j are refused before anything is asked', async (from, to, why) => {
    const ledger = await world()
    await expect(backfilled(ledger, { from, to })).rejects.toThrow(new DatesRefused(`${why} ${inReach}`))
    expect(ledger.ses.calls).toEqual([])
    expect(await ledger.storedRun()).toEqual({})
  })

  it('reach back thirty days, today among them, and all of them are reported', async () => {
    const ledger = await world()
    const { report } = await backfilled(ledger, { from: '2026-10-23', to: '2026-11-21' })
    expect(report.dates.map(({ problem }) => problem)).toEqual(Array.from({ length: 30 }, () => undefined))
    expect(report.dates.map(({ requestDate }) => requestDate)).toEqual(
      expect.arrayContaining(['2026-10-23', '2026-10-31', '2026-11-01', '2026-11-21']),
    )
  })
})

describe('a provider in trouble', () => {
  it('that does not answer one page leaves that date incomplete, and the others go on', async () => {
    const ledger = await world([...manyMails('2026-11-19', 250), ...manyMails('2026-11-20', 2)])
    // It has to be read again anyway, so nothing is looked up for it.
    await ledger.reported(reportOf(mailAt('2026-11-19T06:00:00Z', 'missing'), { kind: 'deferred' }))
    const mend = ledger.ses.failWhen(
      ({ requestDate, offset }) => requestDate === '2026-11-19' && offset === 100,
      { code: 'InternalError' },
    )
    const { report } = await backfilled(ledger)
    expect(report).toMatchObject({
      dates: [
        {
          requestDate: '2026-11-19',
          calls: 4,
          rows: 100,
          discovered: 100,
          offset: 100,
          problem: 'GetSendEmailStatus for 2026-11-19 at offset 100 failed: InternalError.',
        },
        { requestDate: '2026-11-20', calls: 1, rows: 2, discovered: 2 },
      ],
      unread: [],
    })
    expect(report.dates[1]).not.toHaveProperty('problem')
    expect(report).not.toHaveProperty('stopped')
    mend()
    const again = await backfilled(ledger, { to: '2026-11-19' })
    expect(again.report.dates).toMatchObject([{ rows: 250, discovered: 150, offset: 250 }])
  })

  it('that answers nothing is left in peace after three dates', async () => {
    const ledger = await world()
    ledger.ses.failWhen(({ requestDate }) => requestDate !== undefined, { httpStatus: 503 })
    const { report } = await backfilled(ledger, { from: '2026-11-17', to: '2026-11-21' })
    expect(report.dates.map(({ requestDate, calls }) => [requestDate, calls])).toEqual([
      ['2026-11-17', 3],
      ['2026-11-18', 3],
      ['2026-11-19', 3],
    ])
    expect(report.unread).toEqual(['2026-11-20', '2026-11-21'])
    expect(report.stopped?.by).toBe('provider')
  })

  it('that refuses the settings ends it at once, with what to change', async () => {
    const ledger = await world(manyMails('2026-11-19', 1))
    const { report } = await backfilled(ledger, { secretKey: 'another' })
    expect(report.unread).toEqual(['2026-11-20'])
    expect(report.stopped?.by).toBe('settings')
    expect(report.stopped?.problem).toContain('Set TENCENTCLOUD_SECRET_KEY')
  })
})

describe('what is to be expected', () => {
  it('is shown once, before the first list, as full pages and one more for each date', async () => {
    const ledger = await world([...manyMails('2026-11-19', 250), ...manyMails('2026-11-20', 100)])
    const asked: string[] = []
    await backfilled(ledger, {
      to: '2026-11-21',
      onEstimate: ({ callsByDate }) => {
        asked.push(...questions(ledger), JSON.stringify([...(callsByDate ?? [])]))
      },
    })
    expect(asked).toEqual(['GetStatisticsReport', '[["2026-11-19",3],["2026-11-20",2],["2026-11-21",1]]'])
  })

  it('is asked for in ranges of fourteen dates', async () => {
    const ledger = await world([...manyMails('2026-10-23', 100), ...manyMails('2026-11-20', 100)])
    const { estimate } = await backfilled(ledger, { from: '2026-10-23', to: '2026-11-21' })
    expect(questions(ledger).filter((question) => question === 'GetStatisticsReport').length).toBe(3)
    expect(estimate?.callsByDate?.size).toBe(30)
    expect([...(estimate?.callsByDate ?? [])].filter(([, calls]) => calls > 1)).toEqual([
      ['2026-10-23', 2],
      ['2026-11-20', 2],
    ])
  })

  it.each([[{ code: 'UnauthorizedOperation.CamNoAuth' }], [{ httpStatus: 503 }], ['hang-up' as const]])(
    'is not known where the provider answers %j to that question, and everything else goes on',
    async (fault) => {
      const ledger = await world(manyMails('2026-11-19', 101))
      ledger.ses.failWhen(({ action }) => action === 'GetStatisticsReport', fault)
      const { report, estimate, progress } = await backfilled(ledger)
      expect(estimate?.callsByDate).toBeUndefined()
      expect(estimate?.problem).toContain('GetStatisticsReport for 2026-11-19 to 2026-11-20 failed')
      expect(report.total).toMatchObject({ calls: 4, rows: 101, discovered: 101 })
      expect(report).not.toHaveProperty('stopped')
      expect(progress.map(({ expectedCalls, datesDone }) => [expectedCalls, datesDone])).toEqual([
        [undefined, 0],
        [undefined, 0],
        [undefined, 1],
        [undefined, 1],
        [undefined, 2],
      ])
    },
  )

  it('becomes what was needed, as the dates are done', async () => {
    // The report counts a mail that no list shows, and no list is as long as it says.
    const ledger = await world([...manyMails('2026-11-19', 101), ...manyMails('2026-11-20', 1)])
    const missing = mailAt('2026-11-19T06:00:00Z', 'missing')
    await ledger.reported(reportOf(missing, { kind: 'deferred' }))
    const { progress } = await backfilled(ledger)
    // Two pages and a look-up that nobody foresaw, then one page.
    expect(progress.map(({ calls, expectedCalls }) => `${calls}/${expectedCalls}`)).toEqual([
      '1/3',
      '2/3',
      '3/4',
      '3/4',
      '4/4',
      '4/4',
    ])
  })
})

describe('an interrupted backfill', () => {
  it('ends after the call under way, says what is left, and gives the lease back', async () => {
    const ledger = await world([...manyMails('2026-11-19', 250), ...manyMails('2026-11-20', 2)])
    const interrupted = new AbortController()
    const { report } = await backfilled(ledger, {
      signal: interrupted.signal,
      onAsked: (asked) => {
        if (asked === 1) interrupted.abort()
      },
    })
    expect(report).toMatchObject({
      dates: [{ requestDate: '2026-11-19', calls: 2, offset: 200, problem: 'Interrupted.' }],
      unread: ['2026-11-20'],
      total: { rows: 200, discovered: 200 },
      stopped: { by: 'interrupt', problem: 'Interrupted.' },
    })
    expect((await ledger.rows()).length).toBe(200)
    expect(await ledger.runs.endsAtMs()).toBeUndefined()
  })
  it('leaves a date unread for which nothing was asked yet', async () => {
    const ledger = await world(manyMails('2026-11-19', 1))
    const interrupted = new AbortController()
    const { report } = await backfilled(ledger, {
      signal: interrupted.signal,
      onAsked: () => {
        interrupted.abort()
      },
    })
    expect(report.dates).toMatchObject([{ requestDate: '2026-11-19', calls: 1, discovered: 1 }])
    expect(report.dates[0]).not.toHaveProperty('problem')
    expect(report).toMatchObject({ unread: ['2026-11-20'], stopped: { by: 'interrupt' } })
  })
})
