/**
 * What the worst of all bodies take: processor time and memory of one answer, on a table that answers at once, so that no body
 * is spared anything by waiting. All are answered by one process, and the worst once more each by its own. Fails where one takes
 * more than may be.
 * `npm run bench:hostile`
 */
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import pMap from 'p-map'
import { listen } from '../local/listening-server.ts'
import { hostileBodies } from './hostile/bodies.ts'

const limits = { cpuMs: 500, megabytes: 300 }
const only = process.env.ONLY ?? ''

function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

interface Taken {
  readonly index: number
  readonly bytes: number
  readonly status: number
  readonly cpuMs: number
  /** The most that the process has held until then. */
  readonly megabytes: number
}

const table = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    response.setHeader('content-type', 'application/x-amz-json-1.0')
    response.end('{}')
  })
})
const port = await listen(table, 0, 'the table')

/** What the answers took, in one process. */
async function measured(indexes: readonly number[]): Promise<readonly Taken[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['bench/hostile/answer.ts', `http://127.0.0.1:${port}`, ...indexes.map(String)],
    { timeout: 1_800_000, maxBuffer: 10_000_000 },
  )
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Taken)
}

/** The ten that are the worst by a figure. */
function worstBy(figure: (taken: Taken) => number, of: readonly Taken[]): readonly Taken[] {
  return of.toSorted((one, other) => figure(other) - figure(one)).slice(0, 10)
}

const chosen = hostileBodies.flatMap(({ name }, index) => (name.includes(only) ? [index] : []))
const inOneProcess = await measured(chosen)
// Which of them raised the most that the process held.
const raised = new Map(
  inOneProcess.map(({ index, megabytes }, at) => [index, megabytes - (inOneProcess[at - 1]?.megabytes ?? 0)]),
)
const candidates = new Set([
  ...worstBy(({ cpuMs }) => cpuMs, inOneProcess),
  ...worstBy(({ index }) => raised.get(index) ?? 0, inOneProcess),
])
const results = (await pMap([...candidates], ({ index }) => measured([index]), { concurrency: 1 })).flat()
table.close()
const isTooMuch = ({ cpuMs, megabytes }: Taken) => cpuMs > limits.cpuMs || megabytes > limits.megabytes

function nameOf(index: number): string {
  const { name = '', path = '' } = hostileBodies[index] ?? {}
  return `${path} ${name}`.slice(0, 57)
}

function printWorst(title: string, worst: readonly Taken[]): void {
  say(title)
  say(
    `  ${'body'.padEnd(58)}${'bytes'.padStart(9)}${'answer'.padStart(8)}${'ms'.padStart(7)}${'MB'.padStart(6)}`,
  )
  for (const { index, bytes, status, cpuMs, megabytes } of worst) {
    const cells = [String(bytes).padStart(9), String(status).padStart(8), cpuMs.toFixed().padStart(7)]
    say(`  ${nameOf(index).padEnd(58)}${cells.join('')}${megabytes.toFixed().padStart(6)}`)
  }
  say()
}

say(
  `${chosen.length} bodies, each of the worst again in a process of its own; limits: ${limits.cpuMs} ms of processor time, ${limits.megabytes} MB\n`,
)
printWorst(
  'The worst ten by processor time',
  worstBy(({ cpuMs }) => cpuMs, results),
)
printWorst(
  'The worst ten by memory',
  worstBy(({ megabytes }) => megabytes, results),
)
const tooMuch = results.filter(isTooMuch)
say(tooMuch.length === 0 ? 'None takes more than may be.' : `${tooMuch.length} take more than may be.`)
process.exitCode = tooMuch.length === 0 ? 0 : 1
