import { describe, expect, it } from '@jest/globals'
import { mailOfDay, reportedMailOfDay } from '../../bench/reconcile/mail-of-day.ts'
import { outageOf, startMs, type Scenario } from '../../bench/reconcile/scenario.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const scenario: Scenario = {
  provider: 'tencent-ses',
  mailsPerDay: 10_000,
  days: 5,
  lossRate: 0.01,
  isRecorded: true,
  hasOutage: false,
  deferrals: 'retried',
  seed: 4,
}
const mails = mailOfDay(scenario, 2)
const deferred = mails.filter(({ timeline }) => timeline.some(({ kind }) => kind === 'deferred'))

/** When a deferred mail's fate is decided. */
function lastsMs({ sentAtMs, timeline }: (typeof mails)[number]): number {
  const fate = timeline.filter(({ kind }) => kind === 'delivered' || kind === 'bounced')
  return Math.max(...fate.map(({ atMs }) => atMs)) - sentAtMs
}

describe('the mail of a day', () => {
  it('is the same each time, and another on another day', () => {
    const small = { ...scenario, mailsPerDay: 30 }
    expect(reportedMailOfDay(small, 1)).toEqual(reportedMailOfDay(small, 1))
    const recipients = (seed: number, day: number) =>
      mailOfDay({ ...small, seed }, day).map(({ recipient }) => recipient)
    expect(recipients(4, 1)).not.toEqual(recipients(4, 2))
    expect(recipients(4, 1)).not.toEqual(recipients(5, 1))
  })

  it('is sent on that request date, in order, mostly in the afternoon of UTC+8', () => {
    const hours = mails.map(({ sentAtMs }) => Math.floor((sentAtMs - startMs - 2 * dayMs) / hourMs))
    expect([hours[0], hours.at(-1)]).toEqual([0, 23])
    expect(hours).toEqual(hours.toSorted((one, other) => one - other))
    const at = (hour: number) => hours.filter((one) => one === hour).length
    expect(at(14) / at(2)).toBeGreaterThan(6)
  })

  it('has three of a hundred deferred: most are over in an hour, a sixth takes four, all are in 72', () => {
    expect(deferred.length / mails.length).toBeCloseTo(0.03, 2)
    const share = (hours: number) =>
      deferred.filter((mail) => lastsMs(mail) > hours * hourMs).length / deferred.length
    expect(share(1)).toBeLessThan(0.35)
    expect(share(3.9)).toBeGreaterThan(0.12)
    expect(share(3.9)).toBeLessThan(0.24)
    expect(share(36.1)).toBeLessThan(0.06)
    expect(share(72)).toBe(0)
  })

  it('is reported within five seconds, except what is lost', () => {
    const reported = reportedMailOfDay(scenario, 2)
    const waits = reported.flatMap(({ delivery, arrivalsMs }) =>
      arrivalsMs.map((arrivesAtMs, index) =>
        arrivesAtMs === undefined ? undefined : arrivesAtMs - delivery.timeline[index]!.atMs,
      ),
    )
    const arrived = waits.filter((wait) => wait !== undefined)
    expect([Math.min(...arrived), Math.max(...arrived)]).toEqual([1_000, 5_000])
    expect(1 - arrived.length / waits.length).toBeCloseTo(0.01, 2)
  })

  it('is not reported at all in the hour of an outage', () => {
    const withOutage = { ...scenario, lossRate: 0, hasOutage: true }
    const { fromMs, untilMs } = outageOf(withOutage)!
    expect(untilMs - fromMs).toBe(hourMs)
    const reported = reportedMailOfDay(withOutage, 2)
    const lost = reported.flatMap(({ delivery, arrivalsMs }) =>
      delivery.timeline.filter((_, index) => arrivalsMs[index] === undefined),
    )
    expect(lost.length).toBeGreaterThan(500)
    expect(lost.every(({ atMs }) => atMs >= fromMs - 5_000 && atMs < untilMs)).toBe(true)
    const arrivals = reported.flatMap(({ arrivalsMs }) => arrivalsMs)
    expect(arrivals.some((atMs) => atMs !== undefined && atMs >= fromMs && atMs < untilMs)).toBe(false)
  })

  it('meets other losses at another rate, and is the same mail', () => {
    const other = reportedMailOfDay({ ...scenario, lossRate: 0.5 }, 2).map(({ delivery }) => delivery)
    expect(other).toEqual(mails)
  })
})
