/**
 * The figures by which the code is judged: its size, that of its functions, and how many functions and files one event passes.
 * `npm run measure`; `-- --walk` prints each walk, `-- --jest <file>` says what the tests of `jest --json --outputFile=<file>`
 * took.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  filesBelow,
  functionSizes,
  importersOf,
  lineCounts,
  percentile,
  sumOf,
  type LineCounts,
  type SourceFile,
} from './measure/source.ts'
import { figuresOf, walkLines, type Entry, type WalkFigures } from './measure/tracer.ts'
import { walkAll } from './measure/walks.ts'

const { values: options } = parseArgs({
  options: { walk: { type: 'boolean', default: false }, jest: { type: 'string' } },
})
const root = fileURLToPath(new URL('..', import.meta.url))
const sourceFolders = ['cli', 'deploy', 'functions', 'lib', 'local']
const testFolder = 'test'
const benchFolder = 'bench'
const maxTestLinesPerSourceLine = 2
/** Whoever reads the code knows a file that so many others import by its name. */
const vocabularyFrom = 5

function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

function cells(...texts: readonly (string | number)[]): string {
  const [first = '', ...others] = texts
  return `  ${String(first).padEnd(32)}${others.map((text) => String(text).padStart(10)).join('')}`
}

const countsOfFile = new Map<string, LineCounts>()

function countsOf(files: readonly SourceFile[]): LineCounts {
  return sumOf(
    files.map((one) => {
      const counts = countsOfFile.get(one.file) ?? lineCounts(one)
      countsOfFile.set(one.file, counts)
      return counts
    }),
  )
}

function sayLines(folder: string, files: readonly SourceFile[], depth: number): void {
  const { code, comments, blanks } = countsOf(files)
  say(cells(folder, files.length, code, comments, blanks))
  if (depth === 0) return
  const below = Map.groupBy(files, ({ file }) => /^[^/]*/.exec(file.slice(folder.length + 1))?.[0] ?? '')
  for (const [name, inside] of [...below].filter(([name]) => !name.endsWith('.ts'))) {
    sayLines(`${folder}/${name}`, inside, depth - 1)
  }
}

function saySizes(source: readonly SourceFile[]): void {
  say(cells('', 'files', 'code', 'comments', 'blanks'))
  for (const folder of sourceFolders) {
    sayLines(folder, filesBelow(root, folder), folder === 'lib' ? 1 : 0)
  }
  const test = filesBelow(root, testFolder)
  sayLines(testFolder, test, 1)
  sayLines('test/lib', filesBelow(root, 'test/lib'), 1)
  sayLines(benchFolder, filesBelow(root, benchFolder), 0)
  const { code } = countsOf(source)
  const ratio = countsOf(test).code / code
  say()
  say(cells('test lines per source line', ratio.toFixed(2), judged(ratio, maxTestLinesPerSourceLine)))
  say()
}

function judged(figure: number, goal: number | undefined): string {
  return goal === undefined ? '' : `${figure <= goal ? '≤' : 'OVER'} ${goal}`
}

function sayImports(importers: ReadonlyMap<string, readonly string[]>): void {
  const one = [...importers].filter(([, by]) => by.length === 1)
  say(`${one.length} of ${importers.size} source files are imported by exactly one other`)
  for (const [file, [by = '']] of one.filter(([name]) => name.startsWith('lib/'))) say(`  ${file} ← ${by}`)
  say()
}

function sayFunctions(source: readonly SourceFile[]): void {
  const sizes = source.flatMap(functionSizes)
  const lines = sizes.map((size) => size.lines)
  say(`${sizes.length} functions; lines: median ${percentile(lines, 0.5)}, p90 ${percentile(lines, 0.9)}`)
  const longest = sizes.toSorted((one, other) => other.lines - one.lines).slice(0, 10)
  for (const size of longest)
    say(`  ${String(size.lines).padStart(4)}  ${size.file}:${size.line} ${size.name}`)
  say()
}

function sayWalk(when: string, { entries, files, changes }: WalkFigures, goal: Partial<WalkFigures>): void {
  say(cells(`  ${when}`, entries, files, judged(files, goal.files), changes, judged(changes, goal.changes)))
}

async function sayWalks(importers: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const isOwn = ({ file }: Entry) => (importers.get(file)?.length ?? 0) < vocabularyFrom
  say(cells('one event passes', 'entries', 'files', '', 'changes'))
  for (const { name, goal, cold, warm } of await walkAll()) {
    say(`  ${name}`)
    sayWalk('cold', figuresOf(cold), {})
    sayWalk('warm', figuresOf(warm), goal)
    sayWalk('warm, without vocabulary', figuresOf(warm.filter(isOwn)), goal)
    if (options.walk) say(`\n${walkLines(warm).join('\n')}\n`)
  }
  say(`  (vocabulary: what ${vocabularyFrom} files or more of lib and functions import)`)
  say()
}

/** What jest wrote: when it began, and of each file when it ended. */
function sayTestSeconds(file: string | undefined): void {
  if (file === undefined || !existsSync(file)) {
    say('test seconds: no result of jest is named (--jest <file>)')
    return
  }
  const { startTime, testResults } = JSON.parse(readFileSync(file, 'utf8')) as JestResult
  const ended = Math.max(startTime, ...testResults.map(({ endTime }) => endTime))
  const busyMs = testResults.reduce((sum, one) => sum + one.endTime - one.startTime, 0)
  say(
    `test seconds: ${seconds(ended - startTime)} from first to last, ${seconds(busyMs)} in all files together`,
  )
}

interface JestResult {
  readonly startTime: number
  readonly testResults: readonly { readonly startTime: number; readonly endTime: number }[]
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1)
}

const source = sourceFolders.flatMap((folder) => filesBelow(root, folder))
const importers = importersOf(source)
// Simulators and commands follow no event.
const importersOnTheWay = importersOf(source.filter(({ file }) => /^(?:lib|functions)\//.test(file)))
saySizes(source)
sayImports(importers)
sayFunctions(source)
await sayWalks(importersOnTheWay)
sayTestSeconds(options.jest)
