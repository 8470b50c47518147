import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { digest, projectToPackage, type PackagedProject } from '../packaged-project.ts'
import { pythonTools } from './tools.ts'

// What `serverless package` makes of serverless.yml, held by cfn-lint against Amazon's own schemas of every resource.

const execute = promisify(execFile)
let project: PackagedProject

beforeAll(async () => {
  project = await projectToPackage()
})
afterAll(() => project.remove())

/** Each error and warning of a template in the folder, a line each. */
async function findingsIn(folder: string, template: string): Promise<string> {
  const [program, ...options] = (await pythonTools()).cfnLint
  try {
    const line = [...options, '--format', 'parseable', '--', join(folder, template)]
    await execute(program, line, { cwd: folder })
    return ''
  } catch (error) {
    return (error as { stdout: string; stderr: string }).stdout || String(error)
  }
}

describe('the packaged template', () => {
  it.each([
    ['as it is', []],
    ['whose alarms notify somebody', ['--param', 'alarmEmail=somebody@example.com']],
    ['that does not watch for silence', ['--param', 'quietTencentSes=off']],
    ['without alarms', ['--param', 'alarms=off']],
    ['with the query API', ['--param', 'queryApi=on', '--param', `queryTokenSha256=${digest}`]],
  ])('%s has no errors and no warnings', async (_, options) => {
    const folder = await project.package(['--stage', 'prod', ...options])
    for (const what of ['create', 'data', 'update']) {
      expect(await findingsIn(folder, `cloudformation-template-${what}-stack.json`)).toBe('')
    }
  })
})
