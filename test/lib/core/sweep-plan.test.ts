import { describe, expect, it } from '@jest/globals'
import {
  activeAges,
  dueSweeps,
  firstSweptAges,
  oldestDateInReach,
  possibleRequestDates,
  sweepCallsPerDay,
  withAges,
  closedDatesInReach,
  datesFrom,
} from '../../../lib/core/sweep-plan.ts'

const at = (instant: string) => Date.parse(instant)
const ages = [1, 3, 7, 29]

describe('the first run', () => {
  // 16:00 in UTC+8.
  const nowMs = at('2026-11-21T08:00:00Z')

  it('begins behind the day before yesterday, at every age', () => {
    expect(firstSweptAges(ages, nowMs)).toEqual([
      { ageDays: 1, throughDate: '2026-11-19' },
      { ageDays: 3, throughDate: '2026-11-19' },
      { ageDays: 7, throughDate: '2026-11-19' },
      { ageDays: 29, throughDate: '2026-11-19' },
    ])
  })

  it('sweeps yesterday alone', () => {
    expect(dueSweeps(firstSweptAges(ages, nowMs), nowMs)).toEqual({
      due: ['2026-11-20'],
      sweptAges: [
        { ageDays: 1, throughDate: '2026-11-20' },
        { ageDays: 3, throughDate: '2026-11-19' },
        { ageDays: 7, throughDate: '2026-11-19' },
        { ageDays: 29, throughDate: '2026-11-19' },
      ],
    })
  })

  it('sweeps yesterday only once it has settled, where it comes right after midnight in UTC+8', () => {
    const planned = firstSweptAges(ages, at('2026-11-20T16:00:00Z'))
    expect(dueSweeps(planned, at('2026-11-20T16:09:59.999Z')).due).toEqual([])
    expect(dueSweeps(planned, at('2026-11-20T16:10:00Z')).due).toEqual(['2026-11-20'])
  })
})

describe('a date', () => {
  it.each([
    [1, '2026-11-21T16:09:59.999Z', '2026-11-21T16:10:00Z'],
    [3, '2026-11-23T16:09:59.999Z', '2026-11-23T16:10:00Z'],
    [7, '2026-11-27T16:09:59.999Z', '2026-11-27T16:10:00Z'],
    [29, '2026-12-19T16:09:59.999Z', '2026-12-19T16:10:00Z'],
  ])('is swept at %i days and ten minutes, not sooner and not again', (ageDays, tooSoon, due) => {
    const before = [{ ageDays, throughDate: '2026-11-20' }]
    expect(dueSweeps(before, at(tooSoon))).toEqual({ due: [], sweptAges: before })
    const { sweptAges, due: dates } = dueSweeps(before, at(due))
    expect(dates).toEqual(['2026-11-21'])
    expect(sweptAges).toEqual([{ ageDays, throughDate: '2026-11-21' }])
    expect(dueSweeps(sweptAges, at(due))).toEqual({ due: [], sweptAges })
  })

  it.each([
    ['2027-01-01T08:00:00Z', '2026-12-31'],
    ['2028-03-01T08:00:00Z', '2028-02-29'],
  ])('on %s is the last of the month before: %s', (now, due) => {
    expect(dueSweeps(firstSweptAges([1], at(now)), at(now)).due).toEqual([due])
  })
})

describe('the ages at which dates are swept', () => {
  it.each([
    [100, 400, [1, 3, 7, 29]],
    [100, 399, [1, 3, 29]],
    [100, 300, [1, 3, 29]],
    [100, 299, [1, 29]],
    [100, 0, [1, 29]],
    [Infinity, 21_600, [1, 29]],
  ])(
    'thin out from the middle: of %d calls each, with %i a day, they are %j',
    (callsPerSweep, callsPerDay, active) => {
      expect(activeAges(ages, { callsPerSweep, callsPerDay })).toEqual(active)
    },
  )

  it('never thin out where there is one, or two', () => {
    const none = { callsPerSweep: 1, callsPerDay: 0 }
    expect([activeAges([29], none), activeAges([6, 29], none)]).toEqual([[29], [6, 29]])
  })

  it.each([
    [1, 1, 21_600],
    [20, 1, 432_000],
    // SendCloud's three lists.
    [1, 3, 7_200],
  ])(
    'have a quarter of the pace: at %d a second for %i lists, %i calls of each a day',
    (pace, lists, calls) => {
      expect(sweepCallsPerDay(pace, lists)).toBe(calls)
    },
  )
})

describe('an age at which nothing is swept', () => {
  const nowMs = at('2026-11-21T08:00:00Z')
  const before = [
    { ageDays: 1, throughDate: '2026-11-19' },
    { ageDays: 3, throughDate: '2026-11-16' },
    { ageDays: 29, throughDate: '2026-10-22' },
  ]

  it('is passed by dates as any other, so that it goes on with the next one', () => {
    const { due, sweptAges } = dueSweeps(before, nowMs, [1, 29])
    expect(due).toEqual(['2026-10-23', '2026-11-20'])
    expect(sweptAges).toEqual([
      { ageDays: 1, throughDate: '2026-11-20' },
      { ageDays: 3, throughDate: '2026-11-18' },
      { ageDays: 29, throughDate: '2026-10-23' },
    ])
    expect(dueSweeps(sweptAges, nowMs + 86_400_000).due).toEqual(['2026-10-24', '2026-11-19', '2026-11-21'])
  })
})

describe('after a pause', () => {
  const nowMs = at('2026-11-21T08:00:00Z')

  it('of days every missed date is swept once, oldest first, though it is due at two ages', () => {
    const paused = [
      { ageDays: 1, throughDate: '2026-11-15' },
      { ageDays: 3, throughDate: '2026-11-13' },
    ]
    expect(dueSweeps(paused, nowMs)).toEqual({
      due: ['2026-11-14', '2026-11-15', '2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20'],
      sweptAges: [
        { ageDays: 1, throughDate: '2026-11-20' },
        { ageDays: 3, throughDate: '2026-11-18' },
      ],
    })
  })

  it('of months only dates in reach are swept, and the others are passed', () => {
    const paused = [
      { ageDays: 1, throughDate: '2026-08-01' },
      { ageDays: 29, throughDate: '2026-07-04' },
    ]
    const { due, sweptAges } = dueSweeps(paused, nowMs)
    expect(due[0]).toBe('2026-10-23')
    expect(due.at(-1)).toBe('2026-11-20')
    expect(due).toHaveLength(29)
    expect(sweptAges).toEqual([
      { ageDays: 1, throughDate: '2026-11-20' },
      { ageDays: 29, throughDate: '2026-10-23' },
    ])
  })

  it('a date that has gone out of reach is passed without being swept', () => {
    // 00:05 in UTC+8 on 22 November: 23 October went out of reach five minutes ago.
    const { due, sweptAges } = dueSweeps(
      [{ ageDays: 29, throughDate: '2026-10-22' }],
      at('2026-11-21T16:05:00Z'),
    )
    expect(due).toEqual([])
    expect(sweptAges).toEqual([{ ageDays: 29, throughDate: '2026-10-23' }])
  })

  it('of no time at all, or with a clock set back, nothing is due and nothing moves back', () => {
    const ahead = [{ ageDays: 1, throughDate: '2026-11-25' }]
    expect(dueSweeps(ahead, nowMs)).toEqual({ due: [], sweptAges: ahead })
  })
})

describe('the oldest date in reach', () => {
  it.each([
    ['2026-11-21T15:59:59.999Z', '2026-10-23'],
    ['2026-11-21T16:00:00Z', '2026-10-24'],
  ])('at %s is %s', (now, requestDate) => {
    expect(oldestDateInReach(at(now))).toBe(requestDate)
  })
})

describe('a message may be listed', () => {
  it.each([
    ['at noon in UTC+8, under that date', '2026-11-21T04:00:00Z', ['2026-11-21']],
    ['an hour before midnight, also under the next', '2026-11-21T15:00:00Z', ['2026-11-21', '2026-11-22']],
    ['earlier than that, not', '2026-11-21T14:59:59.999Z', ['2026-11-21']],
    ['right before midnight, also under the next', '2026-11-21T15:59:59.999Z', ['2026-11-21', '2026-11-22']],
    ['at midnight, also under the one before', '2026-11-21T16:00:00Z', ['2026-11-22', '2026-11-21']],
    [
      'within the first hour, also under the one before',
      '2026-11-21T16:59:59.999Z',
      ['2026-11-22', '2026-11-21'],
    ],
    ['an hour after midnight, not', '2026-11-21T17:00:00Z', ['2026-11-22']],
    ['at new year, under the year before', '2026-12-31T16:30:00Z', ['2027-01-01', '2026-12-31']],
  ])('%s', (_when, sentAt, dates) => {
    expect(possibleRequestDates(at(sentAt))).toEqual(dates)
  })
})

describe('ages that are set anew', () => {
  // 2026-11-21 16:00 in UTC+8.
  const nowMs = at('2026-11-21T08:00:00Z')

  it('go on where they stood, and a new one begins with the date that reaches it today', () => {
    const swept = [
      { ageDays: 1, throughDate: '2026-11-20' },
      { ageDays: 29, throughDate: '2026-10-23' },
    ]
    expect(withAges(swept, [1, 3, 29], nowMs)).toEqual([
      { ageDays: 1, throughDate: '2026-11-20' },
      { ageDays: 3, throughDate: '2026-11-17' },
      { ageDays: 29, throughDate: '2026-10-23' },
    ])
  })

  it('take over what the last age had not reached, where that is lowered', () => {
    const swept = [
      { ageDays: 7, throughDate: '2026-11-14' },
      { ageDays: 20, throughDate: '2026-11-01' },
      { ageDays: 29, throughDate: '2026-10-23' },
    ]
    expect(withAges(swept, [1, 7], nowMs)).toEqual([
      { ageDays: 1, throughDate: '2026-11-19' },
      { ageDays: 7, throughDate: '2026-10-23' },
    ])
  })

  it('give up none of what the new last age has still to read', () => {
    const swept = [
      { ageDays: 7, throughDate: '2026-10-01' },
      { ageDays: 29, throughDate: '2026-10-23' },
    ]
    expect(withAges(swept, [7], nowMs)).toEqual([{ ageDays: 7, throughDate: '2026-10-01' }])
  })
})

describe('the dates that the list reaches', () => {
  it('are those that have closed, 29 of them', () => {
    const dates = closedDatesInReach(at('2026-11-21T08:00:00Z'))
    expect([dates[0], dates.at(-1), dates.length]).toEqual(['2026-10-23', '2026-11-20', 29])
  })

  it('have yesterday among them once it has settled', () => {
    expect(closedDatesInReach(at('2026-11-20T16:09:59.999Z')).at(-1)).toBe('2026-11-19')
    expect(closedDatesInReach(at('2026-11-20T16:10:00Z')).at(-1)).toBe('2026-11-20')
  })

  it('are none from a later one to an earlier', () => {
    expect(datesFrom('2026-02-27', '2026-03-01')).toEqual(['2026-02-27', '2026-02-28', '2026-03-01'])
    expect(datesFrom('2026-03-01', '2026-03-01')).toEqual(['2026-03-01'])
    expect(datesFrom('2026-03-02', '2026-03-01')).toEqual([])
  })
})
