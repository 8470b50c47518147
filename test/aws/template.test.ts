import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyProject } from '../project-copy.ts'
import { projectRoot } from '../running-command.ts'
import { pythonTools } from './tools.ts'

// What `serverless package` makes of serverless.yml, held by cfn-lint against Amazon's own schemas of every resource.

const execute = promisify(execFile)
let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'delivery-ledger-template-'))
  await copyProject(join(root, 'project'))
})
afterAll(() => rm(root, { recursive: true }))

/** Packages with these options, and answers in which folder the templates are. */
async function packaged(options: readonly string[]): Promise<string> {
  const folder = join(root, `package ${options.join(' ')}`)
  const serverless = join(projectRoot, 'node_modules/.bin/serverless')
  const settings = { CALLBACK_TOKEN_SHA256: '0'.repeat(64) }
  const env = { PATH: process.env.PATH, HOME: root, TMPDIR: root, ...settings }
  await execute(serverless, ['package', ...options, '--package', folder], {
    cwd: join(root, 'project'),
    env,
  })
  return folder
}

/** Each error and warning, a line each. */
async function findingsIn(file: string): Promise<string> {
  const { cfnLint } = await pythonTools()
  try {
    await execute(cfnLint, ['--format', 'parseable', '--', file], { cwd: root })
    return ''
  } catch (error) {
    return (error as { stdout: string; stderr: string }).stdout || String(error)
  }
}

describe('the packaged template', () => {
  it.each([
    ['as it is', []],
    ['whose alarms tell somebody', ['--param', 'alarmEmail=somebody@example.com']],
    ['that does not watch for silence', ['--param', 'quietAlarm=off']],
    ['without alarms', ['--param', 'alarms=off']],
  ])('%s has no errors and no warnings', async (_, options) => {
    const folder = await packaged(['--stage', 'prod', ...options])
    for (const what of ['create', 'update']) {
      const file = join(folder, `cloudformation-template-${what}-stack.json`)
      expect(await findingsIn(file)).toBe('')
    }
  })
})
