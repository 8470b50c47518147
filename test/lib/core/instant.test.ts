import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  addDays,
  formatInstant,
  isAhead,
  parseInstant,
  requestDateOf,
  requestDateStartMs,
  toSecond,
  unixInstantMs,
} from '../../../lib/core/instant.ts'

describe('an instant as text', () => {
  it.each([
    ['2022-06-01T06:24:43Z', 1654064683_000],
    ['2000-01-01T00:00:00Z', 946684800_000],
    ['2028-02-29T23:59:59Z', 1835481599_000],
    ['2022-06-01T06:24:43.007Z', 1654064683_007],
  ])('reads %s', (text, instantMs) => {
    expect(formatInstant(instantMs)).toBe(text)
    expect(parseInstant(text)).toBe(instantMs)
  })

  it.each([
    [''],
    ['Z'],
    ['time-unknown'],
    ['2022-06-01T06:24:43'],
    ['2022-06-01T06:24:43+08:00'],
    ['1654064683'],
    [' 2022-06-01T06:24:43Z'],
  ])('is not read from %j', (text) => {
    expect(parseInstant(text)).toBeUndefined()
  })

  it.each([['1Z'], ['2026Z'], ['2026-11-21Z'], ['Nov 21 2026Z'], ['2026-02-31T00:00:00Z']])(
    'is not read from %j, which no instant is written as',
    (text) => {
      expect(parseInstant(text)).toBeUndefined()
    },
  )

  it('comes back from its text, at any millisecond of the years 2000 to 2099', () => {
    fc.assert(
      fc.property(fc.integer({ min: 946684800_000, max: 4102444799_999 }), (instantMs) => {
        expect(parseInstant(formatInstant(instantMs))).toBe(instantMs)
      }),
    )
  })
})

describe('a request date', () => {
  it.each([
    ['2022-06-01T06:24:39Z', '2022-06-01'],
    ['2022-05-31T15:59:59.999Z', '2022-05-31'],
    ['2022-05-31T16:00:00Z', '2022-06-01'],
    ['2026-12-31T16:00:00Z', '2027-01-01'],
    ['2028-02-28T16:00:00Z', '2028-02-29'],
  ])('of %s is %s, as the calendar of UTC+8 has it', (instant, requestDate) => {
    expect(requestDateOf(Date.parse(instant))).toBe(requestDate)
  })

  it('begins at midnight in UTC+8', () => {
    expect(requestDateStartMs('2022-06-01')).toBe(Date.parse('2022-05-31T16:00:00Z'))
  })

  it.each([
    ['2026-11-21', 1, '2026-11-22'],
    ['2026-11-21', 0, '2026-11-21'],
    ['2026-12-31', 1, '2027-01-01'],
    ['2028-03-01', -1, '2028-02-29'],
    ['2026-11-21', -30, '2026-10-22'],
  ])('%s and %i days is %s', (requestDate, days, expected) => {
    expect(addDays(requestDate, days)).toBe(expected)
  })
})

describe('an instant as a number of another', () => {
  it.each([
    [1654064683, 1654064683_000],
    [1654064683.123, 1654064683_123],
    [1654064683.9999, 1654064683_999],
    [1654064683_123, 1654064683_123],
    [1654064683_123.999, 1654064683_123],
    [946684800, 946684800_000],
    [946684800_000, 946684800_000],
    [4102444800, 4102444800_000],
    [4102444800_000, 4102444800_000],
  ])('%d is Unix seconds or milliseconds: %d', (reported, instantMs) => {
    expect(unixInstantMs(reported)).toBe(instantMs)
  })

  it.each([
    0,
    -1654064683,
    946684799,
    4102444801,
    946684799_999,
    4102444800_001,
    1654064683_000_000,
    NaN,
    Infinity,
  ])('%d is neither', (reported) => {
    expect(unixInstantMs(reported)).toBeUndefined()
  })

  it('reads every millisecond back from seconds with a fraction', () => {
    fc.assert(
      fc.property(fc.integer({ min: 946684800_000, max: 4102444800_000 }), (instantMs) => {
        expect(unixInstantMs(instantMs / 1_000)).toBe(instantMs)
        expect(unixInstantMs(Number((instantMs / 1_000).toFixed(3)))).toBe(instantMs)
      }),
    )
  })

  it('is cut to the second, and is ahead beyond a day', () => {
    expect(toSecond(1654064683_999)).toBe(1654064683_000)
    expect(isAhead(1654064683_000 + 86_400_000, 1654064683_000)).toBe(false)
    expect(isAhead(1654064683_001 + 86_400_000, 1654064683_000)).toBe(true)
  })
})
