import { describe, expect, it } from '@jest/globals'
import { orderAfter } from '../../../lib/core/list-order.ts'

describe('the order of a list', () => {
  it.each([
    ['undetermined', [], 'undetermined'],
    ['undetermined', [5], 'undetermined'],
    ['undetermined', [5, 5, 5], 'undetermined'],
    ['undetermined', [5, 5, 6], 'oldest-first'],
    ['undetermined', [6, 5, 5], 'newest-first'],
    ['undetermined', [5, 6, 5], 'none'],
    ['oldest-first', [7], 'oldest-first'],
    ['oldest-first', [7, 7], 'oldest-first'],
    ['oldest-first', [7, 8], 'oldest-first'],
    ['oldest-first', [8, 7], 'none'],
    ['newest-first', [8, 7], 'newest-first'],
    ['newest-first', [7, 8], 'none'],
    ['none', [7, 8], 'none'],
  ] as const)('that was %s is, after rows sent at %j, %s', (known, sentAtMs, expected) => {
    expect(orderAfter(known, sentAtMs)).toBe(expected)
  })
})
