import { describe, expect, it } from '@jest/globals'
import type { Status } from '../../../lib/core/delivery.ts'
import {
  dueLookMs,
  dueLookTogetherMs,
  isLateTogether,
  isOutOfReach,
  isPastRetries,
  lookAgesMs,
  isHeardOf,
} from '../../../lib/core/schedule.ts'

const sentAtMs = Date.parse('2026-11-21T04:00:00Z')
const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 86_400_000

const looks: readonly [Status, readonly string[]][] = [
  [
    'requested',
    [
      '2026-11-21T04:10:00Z',
      '2026-11-21T05:00:00Z',
      '2026-11-21T08:00:00Z',
      '2026-11-21T16:00:00Z',
      '2026-11-22T16:00:00Z',
      '2026-11-26T05:00:00Z',
      '2026-12-20T04:00:00Z',
    ],
  ],
  [
    'deferred',
    [
      '2026-11-21T08:00:00Z',
      '2026-11-21T16:00:00Z',
      '2026-11-22T16:00:00Z',
      '2026-11-24T05:00:00Z',
      '2026-11-26T05:00:00Z',
      '2026-12-20T04:00:00Z',
    ],
  ],
  ['soft-bounced', []],
  ['unknown', []],
  ['delivered', []],
  ['dropped', []],
  ['bounced', []],
]

const everyLook = looks.flatMap(([status, instants]) => instants.map((instant) => [status, instant] as const))

describe('the looks at a delivery sent on 2026-11-21 at 04:00', () => {
  it.each(looks)('that is %s fall due at %j', (status, instants) => {
    expect(lookAgesMs(status).map((ageMs) => new Date(sentAtMs + ageMs).toISOString())).toEqual(
      instants.map((instant) => instant.replace('Z', '.000Z')),
    )
  })

  it.each(everyLook)('that is %s: one falls due at %s, and neither sooner nor twice', (status, instant) => {
    const lookMs = Date.parse(instant)
    const due = (afterMs: number, throughMs: number) => dueLookMs(status, sentAtMs, { afterMs, throughMs })
    expect(due(lookMs - 1, lookMs)).toBe(lookMs)
    expect(due(lookMs - 2, lookMs - 1)).toBeUndefined()
    expect(due(lookMs, lookMs + 1)).toBeUndefined()
    expect(due(lookMs, lookMs)).toBeUndefined()
  })

  it('are all before the provider stops reporting, on day 30', () => {
    for (const [, instants] of looks) {
      for (const instant of instants)
        expect(Date.parse(instant)).toBeLessThan(Date.parse('2026-12-21T04:00:00Z'))
    }
  })
})

describe('the looks that share requests', () => {
  // 12:40:20 in UTC+8.
  const sentMs = Date.parse('2026-11-21T04:40:20Z')
  const due = (afterMs: number, throughMs: number) =>
    dueLookTogetherMs('requested', sentMs, { afterMs, throughMs })

  it.each([
    '2026-11-21T04:45:20Z', // after five minutes
    '2026-11-21T06:00:00Z', // on the hour after one
    '2026-11-21T09:00:00Z', // on the hour after four
    '2026-11-21T20:00:00Z', // after twelve, at 04:00 in UTC+8
    '2026-11-23T04:00:00Z', // after 36, at 12:00 in UTC+8
    '2026-11-26T16:00:00Z', // after five days and an hour, at 00:00 in UTC+8
    '2026-12-20T16:00:00Z', // after 29 days, at 00:00 in UTC+8
  ])('fall due at instants of the day: %s', (instant) => {
    const lookMs = Date.parse(instant)
    expect(due(lookMs - 1, lookMs)).toBe(lookMs)
    expect(due(lookMs - 2, lookMs - 1)).toBeUndefined()
    expect(due(lookMs, lookMs + 1)).toBeUndefined()
  })

  it('are one after a pause, the latest', () => {
    expect(due(sentMs, Date.parse('2026-11-21T10:00:00Z'))).toBe(Date.parse('2026-11-21T09:00:00Z'))
  })

  it('wait for others: the first until its mail is a quarter of an hour old, any other for twenty minutes', () => {
    const isLate = (dueAt: string, now: string) => isLateTogether(sentMs, Date.parse(dueAt), Date.parse(now))
    expect(isLate('2026-11-21T04:45:20Z', '2026-11-21T04:55:19Z')).toBe(false)
    expect(isLate('2026-11-21T04:45:20Z', '2026-11-21T04:55:20Z')).toBe(true)
    expect(isLate('2026-11-21T06:00:00Z', '2026-11-21T06:19:59Z')).toBe(false)
    expect(isLate('2026-11-21T06:00:00Z', '2026-11-21T06:20:00Z')).toBe(true)
  })
})

describe('after a pause', () => {
  const due = (status: Status, after: string, through: string) =>
    dueLookMs(status, sentAtMs, { afterMs: Date.parse(after), throughMs: Date.parse(through) })

  it('of three days the looks that were missed are one, the latest', () => {
    expect(due('requested', '2026-11-21T04:00:00Z', '2026-11-24T04:00:00Z')).toBe(
      Date.parse('2026-11-22T16:00:00Z'),
    )
    expect(due('deferred', '2026-11-21T04:00:00Z', '2026-11-24T05:00:00Z')).toBe(
      Date.parse('2026-11-24T05:00:00Z'),
    )
  })

  it('of months the last look is due, and then none', () => {
    expect(due('requested', '2026-11-21T04:00:00Z', '2027-03-01T00:00:00Z')).toBe(
      Date.parse('2026-12-20T04:00:00Z'),
    )
    expect(due('requested', '2026-12-20T04:00:00Z', '2027-03-01T00:00:00Z')).toBeUndefined()
  })

  it('a settled delivery is not looked at, however long the pause', () => {
    for (const status of ['delivered', 'dropped', 'bounced', 'unknown'] as const) {
      expect(due(status, '2026-01-01T00:00:00Z', '2027-03-01T00:00:00Z')).toBeUndefined()
    }
  })
})

describe('a message', () => {
  it.each([
    ['a moment before day 30', 30 * dayMs - 1, false],
    ['at day 30', 30 * dayMs, true],
    ['long after', 400 * dayMs, true],
    ['before it was sent, by another clock', -minuteMs, false],
  ])('%s is out of reach: %s', (_when, ageMs, expected) => {
    expect(isOutOfReach(sentAtMs, sentAtMs + ageMs)).toBe(expected)
  })

  it.each([
    ['a moment before five days and an hour', 121 * hourMs - 1, false],
    ['at five days and an hour', 121 * hourMs, true],
    ['at once', 0, false],
  ])('%s is past retries: %s', (_when, ageMs, expected) => {
    expect(isPastRetries(sentAtMs, sentAtMs + ageMs)).toBe(expected)
  })
})

describe('a look', () => {
  it.each([
    // Deferred at an age of two hours, it is silent for two more.
    [2 * hourMs, 4 * hourMs, true],
    [2 * hourMs - 1, 4 * hourMs, false],
    [2 * hourMs, 4 * hourMs + 2, false],
    // A retry lifetime ends after three days: that look is made in any case.
    [2 * dayMs, 73 * hourMs - 1, true],
    [2 * dayMs, 73 * hourMs, false],
  ])(
    'of a mail last deferred after %d ms, at %d ms, can be left to a callback: %s',
    (deferredMs, lookMs, isLeft) => {
      expect(isHeardOf(sentAtMs + deferredMs, sentAtMs, sentAtMs + lookMs)).toBe(isLeft)
    },
  )
})
