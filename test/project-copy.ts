import { cp, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { projectRoot } from './running-command.ts'

/**
 * Copies what is packaged, to run `serverless` there: it empties the .serverless of where it runs, and leaves folders
 * behind where it likes.
 */
export async function copyProject(folder: string): Promise<void> {
  for (const part of [
    'serverless.yml',
    'serverless.tencent.yml',
    'package.json',
    'tsconfig.json',
    'deploy',
    'functions',
    'lib',
  ]) {
    await cp(join(projectRoot, part), join(folder, part), { recursive: true })
  }
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
}
