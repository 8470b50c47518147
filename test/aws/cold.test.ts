import { describe, expect, it } from '@jest/globals'
import { run } from '../running-command.ts'

describe('npm run bench:cold', () => {
  it('prints a line for each variant, the bare one as the measure of the others', async () => {
    const bench = run('npm run --silent bench:cold -- 1')
    expect(await bench.exited).toBe(0)
    const lines = bench.output().split('\n')
    expect(lines.filter((line) => / \d+ ms +\d+ ms +\d+\.\d\d /.test(line))).toHaveLength(6)
    expect(bench.output()).toMatch(/^ {2}bare: answers 200 .* 1\.00 {2}1\.00–1\.00 /m)
  })

  it('says which number of rounds it expects', async () => {
    const bench = run('npm run --silent bench:cold -- many')
    expect(await bench.exited).toBe(1)
    expect(bench.output()).toBe("The rounds: expected a number from 1 to 9999, and not 'many'.\n")
  })
})
