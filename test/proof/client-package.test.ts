import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { copyProject } from '../project-copy.ts'
import { projectRoot } from '../running-command.ts'

// What applications import is the packed client and not the source: it is packed as docs/suppressions.md says, installed, and run.

const execute = promisify(execFile)
const engine = embeddedTables()
const tool = (name: string) => join(projectRoot, 'node_modules/.bin', name)

let root: string
let project: string
let application: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'delivery-ledger-client-'))
  project = join(root, 'project')
  application = join(root, 'application')
  await copyProject(project)
  for (const part of ['README.md', 'LICENSE', 'cli', 'docs', 'CHANGELOG.md']) {
    await cp(join(projectRoot, part), join(project, part), { recursive: true })
  }
  await npm(project, 'pack', '--pack-destination', root)
  await mkdir(application)
  await writeFile(join(application, 'package.json'), '{}')
  await copyInstalled('@aws-sdk/client-dynamodb')
  await npm(application, 'install', '--offline', join(root, 'delivery-ledger-0.1.0.tgz'))
})
afterAll(() => rm(root, { recursive: true }))

async function npm(cwd: string, ...options: readonly string[]): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME }
  await execute('npm', [...options, '--no-audit', '--no-fund'], { cwd, env })
}

/**
 * Puts a package with all that it depends on where npm finds it, so that nothing is asked of a registry. What no package
 * asks for, npm takes away again.
 */
async function copyInstalled(name: string): Promise<void> {
  const lock = JSON.parse(await readFile(join(projectRoot, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dependencies?: Readonly<Record<string, string>> }>>
  }
  const found = (wanted: string, from: string): string => {
    const path = join(from, 'node_modules', wanted)
    return path in lock.packages ? path : found(wanted, dirname(from))
  }
  const paths = new Set([join('node_modules', name)])
  for (const path of paths) {
    for (const wanted of Object.keys(lock.packages[path]?.dependencies ?? {})) paths.add(found(wanted, path))
  }
  for (const path of paths) await cp(join(projectRoot, path), join(application, path), { recursive: true })
}

/** A program of an application, in a folder of its own. */
async function written(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(application, name)
  await mkdir(folder)
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text)
  return folder
}

/** Runs a program against tables of its own, with settings as in the pages; answers what it printed and wrote. */
async function ran(file: string): Promise<{ readonly printed: string; readonly rows: readonly unknown[] }> {
  const tables = await engine.freshTables()
  // As in Node 20, where no CommonJS module may require an ES module.
  const options = ['--no-deprecation', '--no-experimental-require-module']
  const { stdout } = await execute(process.execPath, [...options, file], {
    env: {
      TABLE_PREFIX: tables.prefix,
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    },
  })
  return { printed: stdout, rows: await rowsOf(engine.client, tables.deliveries) }
}

const imports = `
import { isSuppressed, recordSend, suppressionOf } from 'delivery-ledger'
import * as suppressions from 'delivery-ledger/is-suppressed'
import * as sends from 'delivery-ledger/record-send'
`
const requires = `
const { isSuppressed, recordSend, suppressionOf } = require('delivery-ledger')
const suppressions = require('delivery-ledger/is-suppressed')
const sends = require('delivery-ledger/record-send')
`
const program = `
const messageId = 'qcloudses-30-251200670-date-20261121120000-Xk3TqPz7Lw0aB'
async function main() {
  console.log(await isSuppressed('nobody@example.com'), await suppressions.isSuppressed('nobody@example.com'))
  console.log(await suppressionOf('nobody@example.com'), await suppressions.suppressionOf('nobody@example.com'))
  await recordSend({ messageId, recipients: 'first@example.com' })
  await sends.recordSend({ messageId, recipients: 'second@example.com' })
}
void main()
`
/** Of an application that has `pg`; the others have none. */
const onPostgres = `
import * as inPostgres from 'delivery-ledger/postgres'
export const held: () => Promise<boolean> = () => inPostgres.isSuppressed('nobody@example.com')
// @ts-expect-error - recipients are missing
export const unsentThere = () => inPostgres.recordSend({ messageId: 'qcloudses-30' })
`
/** Only compiles where the types are those of the client, and not `any`. */
const typedProgram = `${program}
export const answer: Promise<boolean> = Promise.resolve(false).then(() => isSuppressed('nobody@example.com'))
// @ts-expect-error - recipients are missing
export const unsent = () => recordSend({ messageId })
// @ts-expect-error - no reason is called so
export const unasked = () => suppressions.suppressionOf('nobody@example.com', { except: ['boredom'] })
`
const ranWell = {
  printed: 'false false\nundefined undefined\n',
  rows: [
    expect.objectContaining({ recipient: 'first@example.com', status: 'requested' }),
    expect.objectContaining({ recipient: 'second@example.com', status: 'requested' }),
  ],
}

/** What the pages show, with what they leave to the reader. */
async function documentedProgram(): Promise<string> {
  const pages = ['README.md', 'docs/suppressions.md', 'docs/poll.md']
  const texts = await Promise.all(pages.map((page) => readFile(join(projectRoot, page), 'utf8')))
  const samples = texts.flatMap((text) =>
    [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, sample]) => sample!),
  )
  expect(samples).toEqual([
    expect.stringContaining("from 'delivery-ledger/is-suppressed'"),
    expect.stringContaining("from 'delivery-ledger/record-send'"),
  ])
  return `
    const messageId = 'qcloudses-30-251200670-date-20261121120000-Xk3TqPz7Lw0aB'
    const send = () => Promise.resolve(console.log('sent'))
    ${samples.join('\n')}`
}

/** Compiles as an application that has no types of Node, and that does look into the declarations of others. */
async function compile(folder: string): Promise<void> {
  await execute(tool('tsc'), ['--project', folder]).catch((error: unknown) => {
    throw new Error((error as { readonly stdout: string }).stdout)
  })
}

describe('the packed client', () => {
  it('holds what an application can use, and brings the AWS SDK alone', async () => {
    const modules = join(application, 'node_modules')
    expect((await readdir(join(modules, 'delivery-ledger'))).sort()).toEqual([
      'LICENSE',
      'README.md',
      'dist',
      'package.json',
    ])
    const packages = (await readdir(modules)).filter((name) => !/^\.|^@(?:aws|smithy)/.test(name))
    expect(packages.sort()).toEqual(['bowser', 'delivery-ledger', 'mnemonist', 'obliterator', 'tslib'])
    expect(await readdir(join(modules, '.bin')).catch(() => [])).toEqual([])
  })

  it('leaves the manifest of the project as it was', async () => {
    const manifestIn = (folder: string) => readFile(join(folder, 'package.json'), 'utf8')
    expect(await manifestIn(project)).toBe(await manifestIn(projectRoot))
    expect(await readdir(project)).not.toContain('package.whole.json')
  })

  it.each([
    ['an ES module', 'program.mjs', imports],
    ['a CommonJS module', 'program.cjs', requires],
  ])('runs in %s', async (_, file, header) => {
    const folder = await written(file, { [file]: header + program })
    expect(await ran(join(folder, file))).toEqual(ranWell)
  })

  it.each([
    // Without it the AWS SDK is bundled as CommonJS, which no ES module bundle of esbuild can hold.
    ['esm', 'mjs', imports, ['--main-fields=module,main']],
    ['cjs', 'cjs', requires, []],
  ])('runs in an application that esbuild bundles as %s', async (format, ending, header, more) => {
    const folder = await written(`bundled-${format}`, { 'program.js': header + program })
    const bundle = join(root, `bundled.${ending}`)
    const options = ['--bundle', '--platform=node', `--format=${format}`, `--outfile=${bundle}`, ...more]
    await execute(tool('esbuild'), [join(folder, 'program.js'), ...options])
    expect(await ran(bundle)).toEqual(ranWell)
  })
})

// Of these, only node16 forbids a CommonJS module the types of an ES module.
describe.each(['nodenext', 'node16'])('the packed client in TypeScript, module %s', (module) => {
  let folder: string

  beforeAll(async () => {
    const compilerOptions = { module, target: 'es2022', lib: ['es2022', 'dom'], types: [], strict: true }
    folder = await written(module, {
      'tsconfig.json': JSON.stringify({ compilerOptions }),
      'program.mts': imports + typedProgram,
      'program.cts': imports + typedProgram,
      'documented.mts': await documentedProgram(),
      'postgres.mts': onPostgres,
      'postgres.cts': onPostgres,
    })
    await compile(folder)
  })

  it.each(['program.mjs', 'program.cjs'])('compiles to %s and runs', async (file) => {
    expect(await ran(join(folder, file))).toEqual(ranWell)
  })

  it('compiles and runs as the pages show it', async () => {
    expect(await ran(join(folder, 'documented.mjs'))).toEqual({
      printed: 'sent\n',
      rows: [expect.objectContaining({ recipient: 'someone@example.com', status: 'requested' })],
    })
  })
})
