import pMap from 'p-map'
import { parts, type Part } from './parts.ts'
import { dynamoDbLocal, MissingToolError, pythonTools, runtimeClient } from './tools.ts'
import { verdictOf } from './verdict.ts'

// `npm run test:aws`: what can be known of a deployment without an account. `npm run test:aws -- deploy` runs one part.

interface Result {
  readonly isGood: boolean
  /** Passed, failed and skipped tests. */
  readonly counts: readonly number[]
}

const print = (line: string) => process.stdout.write(`${line}\n`)

/** What a promise holds, and how long it took. */
async function timed<T>(of: () => Promise<T>): Promise<{ readonly value: T; readonly seconds: number }> {
  const startedMs = performance.now()
  const value = await of()
  return { value, seconds: Math.round((performance.now() - startedMs) / 1_000) }
}

function printLine(how: string, what: string, about: string, figures: string, seconds: number): void {
  print(
    [how.padEnd(7), what.padEnd(15), about.padEnd(62), figures.padStart(11), `${seconds} s`.padStart(6)].join(
      ' ',
    ),
  )
}

/** Whether it failed is for the parts to say that need it. */
async function fetchTools(name: string, about: string, tools: () => Promise<unknown>): Promise<void> {
  const { value, seconds } = await timed(() =>
    tools().then(
      () => 'fetched',
      () => 'missing',
    ),
  )
  printLine(value, name, about, '', seconds)
}

async function resultOf(part: Part): Promise<Result> {
  try {
    await part.tools()
    const { value: outcome, seconds } = await timed(part.run)
    const { problem, counts } = verdictOf(outcome)
    const isGood = problem === undefined
    if (!isGood) print(`${outcome.output}\n${problem}`)
    printLine(isGood ? 'good' : 'FAILED', part.name, part.about, `${counts[0]} passed`, seconds)
    return { isGood, counts }
  } catch (error) {
    print(error instanceof MissingToolError ? error.message : String((error as Error).stack))
    printLine('FAILED', part.name, part.about, '', 0)
    return { isGood: false, counts: [0, 1, 0] }
  }
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !parts.some((part) => part.name === name))
if (unknown.length > 0) {
  print(`There is no part ${unknown.join(', ')}. There are: ${parts.map(({ name }) => name).join(', ')}.`)
  process.exit(1)
}

const chosen = parts.filter(({ name }) => asked.length === 0 || asked.includes(name))
const fetching =
  asked.length > 0
    ? []
    : [
        fetchTools('python', 'cfn-lint and moto', pythonTools),
        fetchTools('maven', 'DynamoDB Local', dynamoDbLocal),
        fetchTools('npm', "Lambda's client, compiled, and Dynoxide", runtimeClient),
      ]
const { value: results, seconds } = await timed(() => pMap(chosen, resultOf, { concurrency: 2 }))
await Promise.all(fetching)

const isGood = results.every((result) => result.isGood)
const [passed = 0, failed = 0, skipped = 0] = [0, 1, 2].map((index) =>
  results.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0),
)
printLine(isGood ? 'good' : 'FAILED', 'all of it', '', `${passed} passed`, seconds)
print(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = isGood ? 0 : 1
