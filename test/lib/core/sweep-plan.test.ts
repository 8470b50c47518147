import { describe, expect, it } from '@jest/globals'
import {
  dueSweeps,
  firstSweptAges,
  oldestDateInReach,
  possibleRequestDates,
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
