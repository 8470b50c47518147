import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { copyProject } from '../project-copy.ts'
import { projectRoot } from '../running-command.ts'

const execute = promisify(execFile)

/** The credentials of whoever deploys. They open nothing. */
export const deployer = { secretId: 'deployer-id', secretKey: 'deployer-key' }

/** A copy of the project, from which `serverless` deploys to a simulated SCF. */
export interface TencentProject {
  /** Runs `serverless <command> --config serverless.tencent.yml`, and answers what it printed. Rejects where it fails. */
  readonly serverless: (command: string, shell?: Readonly<Record<string, string>>) => Promise<string>
  readonly write: (file: string, text: string) => Promise<void>
  readonly remove: () => Promise<void>
}

export async function tencentProject(url: string): Promise<TencentProject> {
  const root = await mkdtemp(join(tmpdir(), 'delivery-ledger-tencent-'))
  const project = join(root, 'project')
  await copyProject(project)
  return {
    async serverless(command, shell = {}) {
      const options = [...command.split(' '), '--config', 'serverless.tencent.yml']
      const env = {
        PATH: process.env.PATH,
        HOME: root,
        TMPDIR: root,
        TENCENTCLOUD_SECRET_ID: deployer.secretId,
        TENCENTCLOUD_SECRET_KEY: deployer.secretKey,
        TENCENTCLOUD_SCF_ENDPOINT: url,
        TENCENTCLOUD_SCF_POLL_MS: '1',
        ...shell,
      }
      const program = join(projectRoot, 'node_modules/.bin/serverless')
      const { stdout, stderr } = await execute(program, options, { cwd: project, env }).catch(
        (error: unknown) => {
          const { stdout: out, stderr: err } = error as { stdout: string; stderr: string }
          throw new Error(out + err)
        },
      )
      return stdout + stderr
    },
    write: (file, text) => writeFile(join(project, file), text),
    remove: () => rm(root, { recursive: true }),
  }
}
