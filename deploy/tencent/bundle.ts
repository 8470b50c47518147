import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { zipSync } from 'fflate'
import * as v from 'valibot'
import { parse } from 'yaml'

const functionNames = ['ingest', 'reconcile'] as const

/** The oldest Node that the functions run on. esbuild fails where it cannot write what this one reads. */
const oldestNode = 'node18.15'

interface Bundle {
  /** CommonJS, which exports `main_handler`. */
  readonly code: Uint8Array
  readonly metafile: Metafile
}

/**
 * Bundles a function for SCF: as the functions of Lambda are (serverless.yml), with the same stand-ins.
 * @param project - the folder of serverless.yml.
 */
export async function bundle(project: string, name: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: project,
    entryPoints: [`functions/tencent/${name}.ts`],
    outfile: 'index.js',
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    target: oldestNode,
    alias: aliasOf(project),
    write: false,
    metafile: true,
    logLevel: 'error',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`functions/tencent/${name}.ts became no bundle.`)
  return { code: file.contents, metafile }
}

/**
 * A function's zip: `index.js` at its root, of which SCF calls `main_handler` (`index.main_handler`). The same code
 * makes the same bytes.
 */
export async function packageOf(project: string, name: string): Promise<Uint8Array> {
  const { code } = await bundle(project, name)
  return zipSync({ 'index.js': code }, { mtime: '1980-01-01T00:00:00', level: 9 })
}

/** The zips by the functions' names. */
// ts-unused-exports:disable-next-line
export async function packages(project: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const made = await Promise.all(
    functionNames.map(async (name) => [name, await packageOf(project, name)] as const),
  )
  return new Map(made)
}

const settings = v.object({
  custom: v.object({ esbuild: v.object({ alias: v.record(v.string(), v.string()) }) }),
})

function aliasOf(project: string): Record<string, string> {
  // CloudFormation's own tags stand in the part that nobody reads here.
  const file: unknown = parse(readFileSync(join(project, 'serverless.yml'), 'utf8'), { logLevel: 'silent' })
  return v.parse(settings, file).custom.esbuild.alias
}
