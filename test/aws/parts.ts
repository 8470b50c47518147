import { createServer } from 'node:http'
import { join } from 'node:path'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { emulatorClient } from '../../local/dynamodb-emulator.ts'
import { close, listen } from '../../local/listening-server.ts'
import { projectRoot } from '../running-command.ts'
import { answers, startTied, untilReady } from './tied-process.ts'
import { dynamoDbLocal, dynoxide, pythonTools, runtimeClient } from './tools.ts'
import type { Outcome } from './verdict.ts'

/** A part of `npm run test:aws`, which can be run alone. */
export interface Part {
  readonly name: string
  readonly about: string
  /** Rejects where a tool is missing without which the part cannot run. */
  readonly tools: () => Promise<unknown>
  readonly run: () => Promise<Outcome>
}

// Two run at a time: the longest first, and then those whose tools are there first.
export const parts: readonly Part[] = [
  {
    name: 'dynamodb-local',
    about: "the tables, ingest and reconcile on Amazon's DynamoDB Local",
    tools: dynamoDbLocal,
    run: async () => testTablesOn('DynamoDB Local', [...(await dynamoDbLocal()), '-port']),
  },
  {
    name: 'template',
    about: 'the packaged template under cfn-lint',
    tools: pythonTools,
    run: () => jest(only('template.test.ts')),
  },
  {
    name: 'deploy',
    about: 'serverless deploy and remove on an emulated AWS',
    tools: pythonTools,
    run: () => jest(only('deploy.test.ts')),
  },
  {
    name: 'dynoxide',
    about: 'the tables, ingest and reconcile on Dynoxide',
    tools: dynoxide,
    run: async () => testTablesOn('Dynoxide', [await dynoxide(), 'serve', '--port']),
  },
  {
    name: 'runtime',
    about: "the deployed functions in Lambda's own client",
    tools: () => Promise.all([pythonTools(), runtimeClient()]),
    run: () => jest(only('runtime.test.ts', 'cold.test.ts')),
  },
]

/** How jest selects the tests of the tables: those that ask for tables, but for what would say nothing of an engine. */
export const tablesTests: readonly string[] = [
  '--findRelatedTests',
  'test/embedded-tables.ts',
  '--testPathIgnorePatterns',
  '/node_modules/',
  // They start what they need, and the relay's want tools that no part here names.
  'test/aws/(?!engine-rules)',
  'test/relay/',
  'test/tencent/',
  'test/postgres/',
  // They package or bundle first, and look at what came of it.
  'test/proof/',
  // They look at what a command prints. What it reads others read, too.
  'test/cli/',
]

/** Runs every test that asks for tables against an engine of their own, which ends with them. */
async function testTablesOn(engineName: string, command: readonly string[]): Promise<Outcome> {
  const port = await freePort()
  const engine = startTied([...command, String(port)])
  try {
    const url = `http://127.0.0.1:${port}`
    await untilReady(engine, engineName, async () => ((await answers(url)) ? true : undefined))
    // `npm run test:proof` holds the laws at length. An engine that differs differs soon.
    const env = { RUNS: '10', LEDGER: 'tables', ...process.env, TEST_DYNAMODB_ENDPOINT: url }
    const outcome = await jest(tablesTests, env)
    return (await isUsed(url))
      ? outcome
      : {
          code: 1,
          output: `${outcome.output}\nNo test made a table on ${engineName}: they ran on another engine.`,
        }
  } finally {
    await engine.stop()
  }
}

/** Whether an engine that began with no tables has any: tests leave theirs there. */
async function isUsed(url: string): Promise<boolean> {
  const client = emulatorClient(url)
  try {
    const { TableNames = [] } = await client.send(new ListTablesCommand({}))
    return TableNames.length > 0
  } finally {
    client.destroy()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server, 0, 'an engine')
  await close(server)
  return port
}

/** Selects files of test/aws by their names. package.json's own patterns leave all of them out of `npm test`. */
function only(...files: readonly string[]): readonly string[] {
  return [...files.map((file) => `test/aws/${file}`), '--testPathIgnorePatterns', '/node_modules/']
}

async function jest(selection: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Outcome> {
  const program = join(projectRoot, 'node_modules/jest/bin/jest.js')
  const command = [process.execPath, '--experimental-vm-modules', '--no-warnings', program]
  const options = ['--ci', '--testTimeout', '240000', ...selection]
  const run = startTied([...command, ...options], { cwd: projectRoot, env })
  const code = await run.exited
  return { code, output: run.output() }
}
