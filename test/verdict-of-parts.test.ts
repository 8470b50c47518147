import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { tablesTests } from './aws/parts.ts'
import { verdictOf } from './aws/verdict.ts'
import { projectRoot } from './running-command.ts'

// `npm run test:aws` says which tests a part runs, and looks at what jest printed. This is here since `npm test` leaves
// test/aws out.

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

/** The test files that jest would run. */
async function selectedBy(selection: readonly string[]): Promise<readonly string[]> {
  const jest = join(projectRoot, 'node_modules/jest/bin/jest.js')
  const { stdout } = await promisify(execFile)(process.execPath, [jest, '--listTests', ...selection], {
    cwd: projectRoot,
  })
  return stdout
    .trim()
    .split('\n')
    .map((file) => file.replace(projectRoot, ''))
}

describe('the tests of the tables on another engine', () => {
  // `npm test` needs no tool that npm does not install. So no part asks for a tool that only the tests of another one need.
  it('are of those of `npm test`, but for the rules of the engine', async () => {
    const [selected, ofNpmTest] = await Promise.all([selectedBy(tablesTests), selectedBy([])])
    expect(selected.filter((file) => !ofNpmTest.includes(file))).toEqual(['test/aws/engine-rules.test.ts'])
    expect(selected).toEqual(
      expect.arrayContaining([
        'test/functions/ingest.test.ts',
        'test/functions/reconcile.test.ts',
        'test/lib/suppressions/record-with-suppressions.test.ts',
      ]),
    )
  })
})

describe('the run of a build system', () => {
  const lines = readFileSync(join(projectRoot, '.ci/run'), 'utf8').split('\n')
  const at = (text: string) => lines.findIndex((line) => line.includes(text))

  it('installs what one command wants after those that must do without', () => {
    const commands = [
      'npm run check',
      'npm run test:aws',
      'npm install && npm test',
      'install -y',
      'npm run test:relay',
    ]
    expect(commands.map(at)).not.toContain(-1)
    expect(commands.map(at).toSorted((one, other) => one - other)).toEqual(commands.map(at))
  })
})
