import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { projectRoot } from '../running-command.ts'

// The Nodes of SCF's runtimes: pinned in test/tencent/tools, fetched once, and kept in .test-tencent. In the project's own
// node_modules one of them would take the place of the Node that everything else runs on.

const execute = promisify(execFile)
const manifests = fileURLToPath(new URL('tools/', import.meta.url))
const cache = join(projectRoot, '.test-tencent')

/** SCF's names of the runtimes on which the functions run. */
export const runtimes = ['Nodejs20.19', 'Nodejs18.15'] as const
export type Runtime = (typeof runtimes)[number]

/** The program of that Node. Rejects where there is none for this machine. */
export async function nodeOf(runtime: Runtime): Promise<string> {
  const major = /\d+/.exec(runtime)?.[0] ?? ''
  const { platform, arch } = process
  const program = join(await installed(), `node-${major}-${platform}-${arch}`, 'bin/node')
  if (existsSync(program)) return program
  throw new Error(`npm has no Node ${major} for ${platform} on ${arch}: run this on Linux (x64 or arm64).`)
}

let installing: Promise<string> | undefined

function installed(): Promise<string> {
  return (installing ??= install())
}

/** The folder of the packages. One that is there is whole: it is moved to its place when everything is in it. */
async function install(): Promise<string> {
  const files = ['package.json', 'package-lock.json', '.npmrc']
  const digest = createHash('sha256')
  for (const file of files) digest.update(await readFile(join(manifests, file)))
  const folder = join(cache, digest.digest('hex').slice(0, 12))
  if (existsSync(folder)) return join(folder, 'node_modules')
  await mkdir(cache, { recursive: true })
  const made = await mkdtemp(join(cache, 'made-'))
  for (const file of files) await cp(join(manifests, file), join(made, file))
  await execute('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: made })
  // Another worker may have been first.
  await rename(made, folder).catch(() => rm(made, { recursive: true }))
  return join(folder, 'node_modules')
}
