/**
 * Changes the code in small ways and looks whether a test fails for each: `npm run test:mutation` for what differs from `main`,
 * `-- lib/core/instant.ts` for files of one's choice, `-- all` for all of lib/core, lib/providers and lib/ingest. Prints what no test
 * noticed, and the share that was noticed of each file (docs/evidence.md).
 */
import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Stryker } from '@stryker-mutator/core'
import { testFilesVariable } from './in-process-runner.ts'

const parts = ['core', 'providers', 'ingest']

type Mutant = Awaited<ReturnType<Stryker['runMutationTest']>>[number]

function partOf(file: string): string | undefined {
  return parts.find((part) => file.startsWith(`lib/${part}/`) && file.endsWith('.ts'))
}

function filesMeant(named: readonly string[]): readonly string[] {
  if (named.includes('all')) return globSync('lib/**/*.ts')
  if (named.length > 0) return named
  return execFileSync('git', ['diff', '--name-only', '--diff-filter=d', 'main'], { encoding: 'utf8' }).split(
    '\n',
  )
}

/** Tries changes of files of one part against all tests of that part. */
async function mutate(files: readonly string[], part: string): Promise<readonly Mutant[]> {
  process.env[testFilesVariable] = globSync(`test/lib/${part}/**/*.test.ts`).sort().join(':')
  const mutants = await new Stryker({
    mutate: [...files],
    plugins: [fileURLToPath(new URL('in-process-runner.ts', import.meta.url))],
    testRunner: 'in-process',
    testRunnerNodeArgs: ['--no-warnings'],
    coverageAnalysis: 'perTest',
    // What is worked out as a module is loaded would have to be loaded again for each change.
    ignoreStatic: true,
    concurrency: 1,
    reporters: ['progress-append-only'],
    tempDirName: '.stryker-tmp',
    cleanTempDir: 'always',
    ignorePatterns: ['.test-aws', '.test-tencent', '.serverless', '.esbuild', 'dist', 'docs'],
    disableTypeChecks: false,
    allowConsoleColors: false,
    // Many changes make a loop that does not end.
    timeoutMS: 8_000,
  }).runMutationTest()
  return mutants.filter(({ status }) => status !== 'Ignored')
}

function isUnnoticed({ status }: Mutant): boolean {
  return status === 'Survived' || status === 'NoCoverage'
}

function fileOf({ fileName }: Mutant): string {
  return relative(process.cwd(), fileName)
}

function sharesText(mutants: readonly Mutant[]): string {
  const left = mutants.filter(isUnnoticed).length
  const share = (100 * (mutants.length - left)) / Math.max(1, mutants.length)
  return `${share.toFixed(1).padStart(5)} %  ${String(mutants.length).padStart(5)} changes  ${String(left).padStart(4)} not noticed`
}

const files = filesMeant(process.argv.slice(2)).filter((file) => partOf(file) !== undefined)
if (files.length === 0) {
  process.stdout.write('No file of lib/core, lib/providers or lib/ingest differs from main; name one.\n')
} else {
  const mutants: Mutant[] = []
  for (const [part = '', of] of Map.groupBy(files, partOf)) mutants.push(...(await mutate(of, part)))
  for (const mutant of mutants.filter(isUnnoticed)) {
    const { start } = mutant.location
    process.stdout.write(
      `${fileOf(mutant)}:${start.line}:${start.column} ${mutant.mutatorName}: ${mutant.replacement}\n`,
    )
  }
  for (const [file, of] of Map.groupBy(mutants, fileOf)) process.stdout.write(`${sharesText(of)}  ${file}\n`)
  // On a busy machine a test is slow where no change made it so: many of these are no evidence.
  const endless = mutants.filter(({ status }) => status === 'Timeout').length
  process.stdout.write(`${sharesText(mutants)}, ${endless} noticed by a test that did not end\n`)
}
