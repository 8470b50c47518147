import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import * as v from 'valibot'
import { parse } from 'yaml'

const projectRoot = fileURLToPath(new URL('../..', import.meta.url))

const settings = v.object({
  custom: v.object({
    esbuild: v.looseObject({
      alias: v.record(v.string(), v.string()),
      plugins: v.string(),
      // What serverless-esbuild keeps for itself.
      outputFileExtension: v.literal('.cjs'),
      exclude: v.tuple([]),
    }),
  }),
})

/** The alias of the deployed bundles: a package, and the file that takes its place. */
export type Alias = Readonly<Record<string, string>>

interface Bundle {
  readonly code: Uint8Array
  /** Every file of which something is in the bundle: a path in the project, or a package's name. */
  readonly holds: readonly string[]
}

/** Bundles an entry as `serverless package` does, by the options of serverless.yml; the alias may be another. */
export async function bundle(
  entry: string,
  aliasOf: (deployed: Alias) => Alias = (deployed) => deployed,
): Promise<Bundle> {
  const { outputFileExtension, exclude, plugins, alias, ...options } = deployedOptions()
  const { outputFiles, metafile } = await build({
    ...(options as BuildOptions),
    alias: aliasOf(alias),
    plugins: await pluginsOf(plugins),
    external: exclude,
    entryPoints: [entry],
    outfile: `function${outputFileExtension}`,
    absWorkingDir: projectRoot,
    write: false,
    metafile: true,
    logLevel: 'error',
  })
  const [file] = outputFiles
  const [output] = Object.values(metafile.outputs)
  if (file === undefined || output === undefined) throw new Error(`${entry} became no bundle.`)
  const held = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  return { code: file.contents, holds: [...new Set(held.map(([path]) => packageOr(path)))].sort() }
}

async function pluginsOf(file: string): Promise<Plugin[]> {
  const { default: plugins } = (await import(join(projectRoot, file))) as { default: Plugin[] }
  return plugins
}

function packageOr(path: string): string {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path
}

function deployedOptions(): v.InferOutput<typeof settings>['custom']['esbuild'] {
  // CloudFormation's own tags stand in the part that nobody reads here.
  const file: unknown = parse(readFileSync(`${projectRoot}serverless.yml`, 'utf8'), { logLevel: 'silent' })
  return v.parse(settings, file).custom.esbuild
}
