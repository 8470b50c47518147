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
  const serverless = join(projectRoot, 'node_modules/.bin/serverless')
  const settings = { CALLBACK_TOKEN_SHA256: '0'.repeat(64) }
  const env = { PATH: process.env.PATH, HOME: root, TMPDIR: root, ...settings }
  const command = ['package', '--stage', 'prod', '--package', join(root, 'package')]
  await execute(serverless, command, { cwd: join(root, 'project'), env })
})
afterAll(() => rm(root, { recursive: true }))

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
  it.each(['create', 'update'])('that is to %s the stack has no errors and no warnings', async (what) => {
    const file = join(root, `package/cloudformation-template-${what}-stack.json`)
    expect(await findingsIn(file)).toBe('')
  })
})
