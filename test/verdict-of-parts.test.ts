import { describe, expect, it } from '@jest/globals'
import { verdictOf } from './aws/verdict.ts'

// `npm run test:aws` looks at what jest printed. This is here since `npm test` leaves test/aws out.

const jestSummary = 'PASS test/a.test.ts\n  ✓ works\n  ○ skipped is slow\n\nTests: 1 skipped, 3 passed\n'

describe('a part of npm run test:aws', () => {
  it('is good where all of its tests passed', () => {
    const output = `${jestSummary}3 passed, 0 failed, 0 skipped\n`
    expect(verdictOf({ code: 0, output })).toEqual({ problem: undefined, counts: [3, 0, 0] })
  })

  it('is not good where a test was skipped of which nothing is known', () => {
    const output = `${jestSummary}skipped: the engine is slow\n3 passed, 0 failed, 1 skipped\n`
    expect(verdictOf({ code: 0, output })).toEqual({
      problem: expect.stringContaining('(the engine is slow)'),
      counts: [3, 0, 1],
    })
  })

  it('is good where a test was skipped that is known, and no other', () => {
    const known = new Map([['the engine is slow', 'It would take an hour.']])
    const output = 'skipped: the engine is slow\n3 passed, 0 failed, 1 skipped\n'
    expect(verdictOf({ code: 0, output }, known).problem).toBeUndefined()
    const other = `skipped: the engine is right\n3 passed, 0 failed, 1 skipped\n`
    expect(verdictOf({ code: 0, output: other }, known).problem).toContain('(the engine is right)')
  })

  it('is not good where skipped tests are not named', () => {
    const output = '3 passed, 0 failed, 2 skipped\n'
    expect(verdictOf({ code: 0, output }).problem).toContain('skipped')
  })

  it.each([
    ['ended otherwise than jest does', 1, '3 passed, 0 failed, 0 skipped\n', 'code 1'],
    ['ran no test', 0, '0 passed, 0 failed, 0 skipped\n', 'No test ran'],
    ['did not come to its closing line', 0, jestSummary, 'without its closing line'],
  ])('is not good where it %s', (_, code, output, problem) => {
    expect(verdictOf({ code, output }).problem).toContain(problem)
  })
})
