import { execFile } from 'node:child_process'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { functionSizes, importersOf, lineCounts, percentile } from '../../bench/measure/source.ts'
import { figuresOf, walkLines, type Entry } from '../../bench/measure/tracer.ts'

const files = {
  'lib/way.ts': `import { Count } from './count.ts'
import { doubled } from '../helpers/helper.ts'

export async function walk(values: readonly number[]): Promise<number> {
  const count = new Count()
  for (const value of values.filter((one) => one > 1)) count.add(doubled(value))
  const later = async (sum: number) => ({ sum }).sum
  return later(count.sum)
}
`,
  'lib/count.ts': `export class Count {
  #sum: number
  constructor() {
    this.#sum = 0
  }
  add(value: number): void {
    this.#sum += value
  }
  get sum(): number {
    return this.#sum
  }
}
`,
  'helpers/helper.ts': `export const doubled = (value: number) => value * 2
`,
}

const program = (root: string) => `
  import { entriesOf, traceMarkedModules } from ${JSON.stringify(new URL('../../bench/measure/tracer.ts', import.meta.url).href)}
  traceMarkedModules(${JSON.stringify(root)}, ['lib'])
  const { walk } = await import(${JSON.stringify(`${root}lib/way.ts?traced`)})
  const { walk: untraced } = await import(${JSON.stringify(`${root}lib/way.ts`)})
  const entries = await entriesOf(async () => {
    await untraced([1, 2])
    if ((await walk([1, 2, 3])) !== 10) throw new Error('Another sum than without the tracer.')
  })
  process.stdout.write(JSON.stringify(entries))
`

async function walked(): Promise<readonly Entry[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tracer-'))
  try {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(join(folder, file, '..'), { recursive: true })
      await writeFile(join(folder, file), text)
    }
    const run = promisify(execFile)
    const script = program(`${pathToFileURL(folder).href}/`)
    const { stdout } = await run(process.execPath, ['--input-type=module', '--no-warnings', '-e', script])
    return JSON.parse(stdout) as readonly Entry[]
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('a walk', () => {
  it('is every function that was entered below the folders, in order, once for each time', async () => {
    const entries = await walked()
    expect(entries.map(({ file, name }) => `${file} ${name}`)).toEqual([
      'lib/way.ts walk',
      'lib/count.ts new Count',
      'lib/way.ts walk › filter',
      'lib/way.ts walk › filter',
      'lib/way.ts walk › filter',
      'lib/count.ts add',
      'lib/count.ts add',
      'lib/count.ts sum',
      'lib/way.ts later',
    ])
    expect(figuresOf(entries)).toEqual({ entries: 9, files: 2, changes: 4 })
    expect(walkLines(entries)).toEqual([
      'lib/way.ts: walk',
      'lib/count.ts: new Count',
      'lib/way.ts: walk › filter ×3',
      'lib/count.ts: add ×2, sum',
      'lib/way.ts: later',
    ])
  })
})

describe('the size of a file', () => {
  const text = `// A comment.

/** A docstring
 *  of two lines. */
export function first(): string {
  // Why.
  return \`a

  template\` // beside code
}

const second = (x: number) => x
void [1].map((x) => x + 1)
`
  const one = { file: 'lib/one.ts', text }

  it('has code, comments and blanks apart', () => {
    expect(lineCounts(one)).toEqual({ code: 7, comments: 4, blanks: 2 })
  })

  it('has the functions that a name or a block sets apart', () => {
    expect(functionSizes(one)).toEqual([
      { name: 'first', file: 'lib/one.ts', line: 5, lines: 5 },
      { name: 'second', file: 'lib/one.ts', line: 12, lines: 1 },
    ])
    expect(percentile([5, 1, 4, 2, 3, 9, 7, 8, 6, 10], 0.9)).toBe(9)
  })

  it('has those who import it', () => {
    const all = Object.entries(files).map(([file, content]) => ({ file, text: content }))
    expect([...importersOf(all)]).toEqual([
      ['lib/way.ts', []],
      ['lib/count.ts', ['lib/way.ts']],
      ['helpers/helper.ts', ['lib/way.ts']],
    ])
  })
})
