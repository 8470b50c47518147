import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHandler } from '../../functions/query.ts'
import { startFunctionUrlServer, type FunctionUrlServer } from '../../local/function-url-server.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { queryNow, queryToken, queryWorld } from '../query-world.ts'
import { projectRoot, run } from '../running-command.ts'

// The examples of docs/query-api.md, run as they stand there, against the function behind a real HTTP server.

const engine = embeddedTables()
let server: FunctionUrlServer
let folder: string
let environment: Record<string, string>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'query-api-'))
  const world = await queryWorld(engine)
  const runtime = {
    clock: virtualClock(queryNow),
    log: () => undefined,
    dynamoDb: () => engine.clientAs('query'),
  }
  server = await startFunctionUrlServer(createHandler(world.environment, runtime), 0)
  environment = { QUERY_URL: server.url, QUERY_TOKEN: queryToken }
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

function isThere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `${program} --version`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The test, or a skipped one of which the name says what is missing. */
function testWith(program: string): (name: string, run: () => Promise<void>) => void {
  return isThere(program)
    ? it
    : (name, test) => {
        it.skip(`${name} (skipped: this machine has no ${program})`, test)
      }
}

const page = await readFile(`${projectRoot}docs/query-api.md`, 'utf8')

/** Each block of a language, with the block of the other behind it: what it prints. */
function examplesOf(language: string, printed: string): readonly (readonly [string, string])[] {
  const blocks = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\`\\n\\n\`\`\`${printed}\\n([^]*?)\`\`\``, 'g')
  return [...page.matchAll(blocks)].map(([, code = '', output = '']) => [code, output])
}

describe('docs/query-api.md', () => {
  const curls = examplesOf('sh', 'json')

  it('has no command that this test does not run', () => {
    expect(curls).toHaveLength(5)
    expect([...page.matchAll(/^```sh$/gm)]).toHaveLength(5)
    expect(curls.every(([command]) => command.startsWith('curl '))).toBe(true)
  })

  for (const [command, answer] of curls) {
    testWith('curl')(`is answered as it says: ${command.trim().split('\n')[0]}`, async () => {
      const curl = run(command, environment)
      expect(await curl.exited).toBe(0)
      expect(JSON.parse(curl.output())).toEqual(JSON.parse(answer))
    })
  }

  testWith('python3')('has an example in Python that prints what it says', async () => {
    const [[code, output] = ['', '']] = examplesOf('python', 'text')
    const file = join(folder, 'ask.py')
    await writeFile(file, code)
    const python = run(`python3 ${file}`, environment)
    expect(await python.exited).toBe(0)
    expect(python.output()).toBe(output)
    expect(output).toMatch(/^True False\n/)
  })

  it('names the bounds and the port that the code has', async () => {
    const [query, finder, local] = await Promise.all(
      ['functions/any-cloud/query.ts', 'lib/table/delivery-finder.ts', 'local/local-environment.ts'].map(
        (file) => readFile(`${projectRoot}${file}`, 'utf8'),
      ),
    )
    expect(query).toContain('responseDeadlineMs = 5_000')
    expect(finder).toContain('usualReadUnits = 1_024')
    expect(local).toContain("QUERY_PORT: '3005'")
    for (const words of ['5 s for the tables', '8 MB of rows', '127.0.0.1:3005'])
      expect(page).toContain(words)
  })
})
