import { describe, expect, it } from '@jest/globals'
import { combinedReport } from '../../../lib/reconcile/combined-report.ts'
import type { RunFigures } from '../../../lib/reconcile/ports.ts'

const nothing: RunFigures = {
  calls: 0,
  rows: 0,
  discovered: 0,
  repaired: 0,
  settled: 0,
  unknown: 0,
  stoppedBy: 'done',
}

describe('the report of several runs', () => {
  it('adds up what they counted, and takes the longest of ages and delays', () => {
    const one = { ...nothing, calls: 2, rows: 120, settled: 3, pending: 5, oldestPendingSeconds: 600 }
    const other = {
      ...nothing,
      calls: 1,
      rows: 7,
      unreadableRows: 1,
      pending: 2,
      oldestPendingSeconds: 4_000,
    }
    const { figures, outcomes } = combinedReport([
      { figures: one, outcomes: { delivered: 2, bounced: 1 } },
      { figures: other, outcomes: { delivered: 4, complained: 1 } },
    ])
    expect(figures).toEqual({
      calls: 3,
      rows: 127,
      discovered: 0,
      repaired: 0,
      settled: 3,
      unknown: 0,
      unreadableRows: 1,
      pending: 7,
      oldestPendingSeconds: 4_000,
      stoppedBy: 'done',
    })
    expect(outcomes).toEqual({ delivered: 6, bounced: 1, complained: 1 })
  })

  it.each([
    ['done', 'done', 'done'],
    ['done', 'provider', 'provider'],
    ['settings', 'provider', 'settings'],
    ['time', 'done', 'time'],
    // The other run of that provider has its own report.
    ['lease', 'done', 'done'],
    ['lease', 'provider', 'provider'],
    ['lease', 'lease', 'lease'],
  ] as const)('of which one ended by %s and one by %s ended by %s', (one, other, expected) => {
    const report = (stoppedBy: RunFigures['stoppedBy']) => ({
      figures: { ...nothing, stoppedBy },
      outcomes: {},
    })
    expect(combinedReport([report(one), report(other)]).figures.stoppedBy).toBe(expected)
    expect(combinedReport([report(other), report(one)]).figures.stoppedBy).toBe(expected)
  })

  it('holds what each had to report', () => {
    const { problem } = combinedReport([
      { figures: { ...nothing, stoppedBy: 'provider' }, outcomes: {}, problem: 'No answer.' },
      { figures: { ...nothing, stoppedBy: 'settings' }, outcomes: {}, problem: 'Wrong key.' },
    ])
    expect(problem).toBe('No answer. Wrong key.')
  })
})
