import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { boundsOf, callsBetween, callsThatName, type MustSee } from '../../bench/reconcile/lower-bound.ts'

/** @param from - minutes, as is `until`. */
function row(place: number, from: number, until: number): MustSee {
  return { row: place, fromMs: from * 60_000, untilMs: until * 60_000 }
}

/** The fewest calls, by trying all: a window that begins at a row to see, at the end of a time to see it. */
function fewest(mustSee: readonly MustSee[]): number {
  const calls = mustSee.flatMap(({ row: first }) =>
    mustSee.map(({ untilMs: atMs }) =>
      mustSee.filter(
        (one) => one.row >= first && one.row < first + 100 && one.fromMs <= atMs && one.untilMs >= atMs,
      ),
    ),
  )
  const seenBy = (count: number, left: readonly MustSee[]): boolean =>
    left.length === 0 ||
    (count > 0 &&
      calls.some(
        (seen) =>
          seen.includes(left[0]!) &&
          seenBy(
            count - 1,
            left.filter((one) => !seen.includes(one)),
          ),
      ))
  let count = 0
  while (!seenBy(count, mustSee)) count += 1
  return count
}

describe('the calls that foresight needs', () => {
  it.each([
    ['none where nothing is lost', [], 0, 0],
    ['one for two rows of a page at the same time', [row(3, 0, 15), row(99, 10, 25)], 1, 1],
    ['two for one page at different times', [row(3, 0, 15), row(3, 20, 35)], 2, 2],
    ['two for rows that no page holds together', [row(3, 0, 15), row(103, 0, 15)], 2, 2],
    ['one or two for neighbors on two pages', [row(99, 0, 15), row(100, 0, 15)], 1, 2],
    ['one where a deadline meets the beginning of another', [row(1, 0, 15), row(2, 15, 30)], 1, 1],
  ])('are %s', (_what, mustSee, least, enough) => {
    expect(callsBetween(mustSee)).toEqual({ least, enough })
  })

  it('lie between the two bounds', () => {
    const some = fc.tuple(fc.nat(450), fc.nat(40), fc.nat(30)).map(([place, from, lasts]) => {
      return row(place, from, from + lasts)
    })
    fc.assert(
      fc.property(fc.array(some, { maxLength: 7 }), (mustSee) => {
        const { least, enough } = callsBetween(mustSee)
        const needed = fewest(mustSee)
        expect(least).toBeLessThanOrEqual(needed)
        expect(enough).toBeGreaterThanOrEqual(needed)
      }),
    )
  })
})

describe('the calls that name a hundred mails each', () => {
  const hundred = Array.from({ length: 100 }, (_, place) => row(place, 0, 15))
  it.each([
    ['none where nothing is lost', [], 0, 0],
    [
      'one for two mails at the same time, wherever they are listed',
      [row(3, 0, 15), row(9_999, 10, 25)],
      1,
      1,
    ],
    ['two at different times', [row(3, 0, 15), row(3, 20, 35)], 2, 2],
    ['one where a deadline meets the beginning of another', [row(1, 0, 15), row(2, 15, 30)], 1, 1],
    ['one for a hundred', hundred, 1, 1],
    ['two for a hundred and one', [...hundred, row(100, 5, 10)], 2, 2],
    [
      'two or three where a hundred are followed by a few',
      [...hundred, row(100, 5, 10), row(0, 30, 40)],
      2,
      3,
    ],
  ])('are %s', (_what, mustSee, least, enough) => {
    expect(callsThatName(mustSee)).toEqual({ least, enough })
  })
})

describe('the bound of a scenario', () => {
  const scenario = {
    provider: 'tencent-ses',
    mailsPerDay: 400,
    days: 2,
    lossRate: 0,
    isRecorded: true,
    hasOutage: false,
    deferrals: 'retried',
    seed: 1,
  } as const

  it('is nothing without loss', () => {
    const nothing = { least: 0, enough: 0 }
    expect(boundsOf(scenario)).toMatchObject({ outcomes: nothing, everything: nothing })
  })

  it('is a page for each hundred rows where nobody knows what readers did', () => {
    // 250 mails on average, 225 to 275 on each day.
    const { withoutForesight } = boundsOf({ ...scenario, mailsPerDay: 250 })
    expect(withoutForesight).toBe(3)
    const { withoutForesight: lossy, outcomes } = boundsOf({ ...scenario, mailsPerDay: 250, lossRate: 0.1 })
    expect(lossy).toBe(3 + outcomes.least)
  })

  it('is higher where it has to be known what readers did', () => {
    const { outcomes, everything } = boundsOf({ ...scenario, lossRate: 0.1 })
    expect(outcomes.least).toBeGreaterThan(5)
    expect(everything!.least).toBeGreaterThan(outcomes.least + 5)
  })
})
