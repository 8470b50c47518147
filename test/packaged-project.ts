import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { copyProject } from './project-copy.ts'
import { projectRoot } from './running-command.ts'

// What is deployed is what `serverless package` makes, with all that it merges and adds, and not serverless.yml.

const execute = promisify(execFile)

/** Of no token. With a digest given, and no path with a token of its own, packaging asks AWS for nothing. */
export const digest = '0'.repeat(64)
const withoutOwnTokens = {
  CALLBACK_TOKEN_SHA256_TENCENT_SES: '',
  CALLBACK_TOKEN_SHA256_SENDCLOUD: '',
  CALLBACK_TOKEN_SHA256_SENT: '',
}

const template = v.strictObject({
  AWSTemplateFormatVersion: v.string(),
  Description: v.string(),
  Mappings: v.unknown(),
  Conditions: v.unknown(),
  Resources: v.record(v.string(), v.looseObject({ Type: v.string() })),
  Outputs: v.unknown(),
})

/** A packaged template. It has no `Transform`, by which CloudFormation would add what nobody sees here. */
export type Template = v.InferOutput<typeof template>

/** A copy of the project to package, with neither credentials nor a region of somebody's environment. */
export interface PackagedProject {
  /** Packages with these options, and answers the folder of what was made. */
  readonly package: (options: readonly string[]) => Promise<string>
  /** Writes a file into its folder. */
  readonly write: (file: string, text: string) => Promise<void>
  readonly remove: () => Promise<void>
}

export async function projectToPackage(): Promise<PackagedProject> {
  const root = await mkdtemp(join(tmpdir(), 'delivery-ledger-package-'))
  const project = join(root, 'project')
  await copyProject(project)
  return {
    async package(options) {
      const folder = await mkdtemp(join(root, 'made-'))
      const { PATH } = process.env
      const env = { PATH, HOME: root, TMPDIR: root, CALLBACK_TOKEN_SHA256: digest, ...withoutOwnTokens }
      const serverless = join(projectRoot, 'node_modules/.bin/serverless')
      await execute(serverless, ['package', ...options, '--package', folder], { cwd: project, env })
      return folder
    },
    write: (file, text) => writeFile(join(project, file), text),
    remove: () => rm(root, { recursive: true }),
  }
}

const dataTemplate = v.strictObject({
  AWSTemplateFormatVersion: v.string(),
  Description: v.string(),
  Resources: v.record(v.string(), v.looseObject({ Type: v.string() })),
})

/** The template of the tables. It has nothing that an import of tables would not take. */
type DataTemplate = v.InferOutput<typeof dataTemplate>

/** The template of a packaged folder that makes the tables. */
export async function dataTemplateIn(folder: string): Promise<DataTemplate> {
  const file = await readFile(join(folder, 'cloudformation-template-data-stack.json'), 'utf8')
  return v.parse(dataTemplate, JSON.parse(file))
}

/** The template of a packaged folder that makes everything but the tables. */
export async function templateIn(folder: string): Promise<Template> {
  const file = await readFile(join(folder, 'cloudformation-template-update-stack.json'), 'utf8')
  return v.parse(template, JSON.parse(file))
}
