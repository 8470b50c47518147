import { describe, expect, it } from '@jest/globals'
import { requestDateOf } from '../../lib/core/instant.ts'
import type { Scenario } from '../../bench/reconcile/scenario.ts'
import { simulate } from '../../bench/reconcile/simulation.ts'
import { ours, strategies, type Strategy } from '../../bench/reconcile/strategies.ts'

const scenario: Scenario = {
  provider: 'tencent-ses',
  mailsPerDay: 150,
  days: 3,
  lossRate: 0.2,
  isRecorded: false,
  hasOutage: false,
  deferrals: 'retried',
  seed: 2,
}

/** Asks nothing. */
const idle: Strategy = { name: 'idle', everyMs: 900_000, start: () => () => Promise.resolve() }

describe('a simulation', () => {
  it('plays the same twice', async () => {
    const plays = [await simulate(scenario, ours), await simulate(scenario, ours)]
    expect(plays[0]).toEqual(plays[1])
  })

  it('ends with every row right where nothing is lost and nobody asks', async () => {
    const { table, callsPerDay, outcomes } = await simulate({ ...scenario, lossRate: 0 }, idle)
    expect(table).toEqual({ rows: 450, wrong: 0, otherThanWithoutLoss: 0 })
    expect([callsPerDay, outcomes.count]).toEqual([0, 0])
  })

  it('ends with rows wrong where callbacks are lost and nobody asks', async () => {
    const { table, unsettled, outcomes } = await simulate({ ...scenario, isRecorded: true }, idle)
    expect(table.wrong).toBeGreaterThan(60)
    expect(table.otherThanWithoutLoss).toBe(table.wrong)
    expect(unsettled).toBeGreaterThan(30)
    expect(outcomes.never).toBeGreaterThan(30)
  })

  it.each([
    ['a fifth of the callbacks is lost', scenario],
    ['the sender records its sends', { ...scenario, isRecorded: true }],
    ['all callbacks are lost', { ...scenario, lossRate: 1 }],
    ['an hour of callbacks is lost as well', { ...scenario, hasOutage: true }],
    ['mail is sent with SendCloud', { ...scenario, provider: 'sendcloud', isRecorded: true } as const],
    ['nobody knows what is sent with SendCloud', { ...scenario, provider: 'sendcloud' } as const],
  ])('finds everything right, settled and at the pace where %s', async (_what, played) => {
    const outcome = await simulate(played, ours)
    expect(outcome.table).toEqual({ rows: 450, wrong: 0, otherThanWithoutLoss: 0 })
    expect([outcome.unsettled, outcome.overPace, outcome.outcomes.never, outcome.engagement.never]).toEqual([
      0, 0, 0, 0,
    ])
    expect(outcome.outcomes.count).toBeGreaterThan(30)
    expect(outcome.recovery?.count ?? 1).toBeGreaterThan(0)
  })

  it('sees a strategy that keeps no pace', async () => {
    const hasty: Strategy = {
      name: 'hasty',
      everyMs: 900_000,
      start:
        ({ statusApi, clock }) =>
        async () => {
          const requestDate = requestDateOf(clock.now())
          for (const offset of [0, 100]) await statusApi.page({ requestDate, offset })
        },
    }
    const { overPace, callsPerDayFor } = await simulate({ ...scenario, days: 1, mailsPerDay: 1 }, hasty)
    // Of each run the second call; a run each quarter of an hour, over 32 days.
    expect(overPace).toBe(32 * 96)
    expect(Object.fromEntries(callsPerDayFor)).toEqual({ tail: 2 * 95 })
  })
})

describe('naive strategies', () => {
  const [, hourly, doubling, fourDates, closedDate] = strategies

  it('look at what they know of: everything found needs a sweep', async () => {
    const recorded = { ...scenario, isRecorded: true }
    expect((await simulate(recorded, fourDates!)).outcomes.never).toBe(0)
    for (const strategy of [hourly!, doubling!]) {
      const { outcomes, engagement } = await simulate(recorded, strategy)
      expect(outcomes.p95Ms).toBeLessThan(40 * 60_000)
      expect(engagement.never).toBeGreaterThan(15)
    }
  })

  it('ask as often as they say', async () => {
    const calls = async (strategy: Strategy | undefined) =>
      (await simulate({ ...scenario, mailsPerDay: 50, lossRate: 0 }, strategy!)).callsPerDay
    // A list of one page: while it is today's it is read 95 or 96 times, and 96 times on each of three days more.
    expect(Math.round(await calls(fourDates))).toBe(384)
    expect(await calls(closedDate)).toBe(1)
  })
})
