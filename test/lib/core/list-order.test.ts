import { describe, expect, it } from '@jest/globals'
import { orderAfter } from '../../../lib/core/list-order.ts'

// Five minutes are tolerated; instants are seconds here.
const after = (
  order: Parameters<typeof orderAfter>[0]['order'],
  isSure: boolean,
  sentAt: readonly number[],
) => orderAfter({ order, isSure }, sentAt, 300)

describe('the order of a list of which nothing is known', () => {
  it.each([
    [[], 'undetermined', false],
    [[5], 'undetermined', false],
    [[5, 5, 5], 'undetermined', false],
    [[5, 5, 6], 'oldest-first', false],
    [[6, 5, 5], 'newest-first', false],
    [[5, 6, 5], 'undetermined', false],
    [[5, 6, 7, 9, 8], 'oldest-first', false],
    [[1000, 2000, 3000], 'oldest-first', true],
    [[3000, 2000, 1000], 'newest-first', true],
    // Two neighbors swapped by one second.
    [[1000, 2001, 2000, 3000], 'oldest-first', true],
    [[3000, 2000, 2001, 1000], 'newest-first', true],
    [[2001, 2000, 3000], 'oldest-first', true],
    // As far as is tolerated, and a second farther.
    [[1000, 2300, 2000, 3000], 'oldest-first', true],
    [[1000, 2301, 2000, 3000], 'none', true],
    // Little by little is as far.
    [[1000, 2300, 2100, 1999], 'none', true],
  ] as const)('is after rows sent at %j: %s, sure: %s', (sentAt, order, isSure) => {
    expect(after('undetermined', false, sentAt)).toEqual({ order, isSure })
  })
})

describe('the order of a list', () => {
  it.each([
    ['oldest-first', true, [8, 7], 'oldest-first', true],
    ['oldest-first', true, [308, 8], 'oldest-first', true],
    ['oldest-first', true, [309, 8], 'none', true],
    ['oldest-first', false, [7], 'oldest-first', false],
    ['oldest-first', false, [7, 308], 'oldest-first', true],
    // Two swapped neighbors alone had reported: what more rows report counts.
    ['oldest-first', false, [309, 8], 'undetermined', false],
    ['newest-first', false, [8, 309], 'undetermined', false],
    ['newest-first', true, [7, 8], 'newest-first', true],
    ['newest-first', true, [8, 309], 'none', true],
    ['none', true, [7, 1000], 'none', true],
  ] as const)(
    'that was %s (sure: %s) is, after rows sent at %j, %s (%s)',
    (known, wasSure, sentAt, order, isSure) => {
      expect(after(known, wasSure, sentAt)).toEqual({ order, isSure })
    },
  )
})
