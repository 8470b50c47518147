/**
 * Changes the code in small ways and looks whether a test fails for each: `npm run test:mutation` for what differs from `main`,
 * `-- lib/core/instant.ts` for files of one's choice. Prints what no test noticed, and the share that was noticed
 * (docs/evidence.md).
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { Stryker } from '@stryker-mutator/core'

const mutable = /^lib\/(?:core|providers|ingest)\/.*\.ts$/

type Mutant = Awaited<ReturnType<Stryker['runMutationTest']>>[number]

function changedFiles(): readonly string[] {
  return execFileSync('git', ['diff', '--name-only', '--diff-filter=d', 'main'], { encoding: 'utf8' }).split(
    '\n',
  )
}

/** A file's own tests; where it has none, those of its folder. */
function ownTests(file: string): string {
  const own = `test/${file.replace(/\.ts$/, '.test.ts')}`
  return `<rootDir>/${existsSync(own) ? own : `test/${dirname(file)}/**/*.test.ts`}`
}

/** Those of all that it is read with, which take longer for each change. */
function neighboringTests(file: string): string {
  const [, part] = mutable.exec(file) ? file.split('/') : []
  return `<rootDir>/test/lib/${part ?? ''}/**/*.test.ts`
}

const { jest } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly jest: object
}

/**
 * @param places - files, or lines of them: `lib/core/instant.ts:7-9`
 * @param enableFindRelatedTests - worth its second for each change where there are many tests
 */
async function mutate(
  places: readonly string[],
  tests: ReadonlySet<string>,
  { enableFindRelatedTests }: { readonly enableFindRelatedTests: boolean },
): Promise<readonly Mutant[]> {
  const mutants = await new Stryker({
    mutate: [...places],
    testRunner: 'jest',
    testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
    jest: { enableFindRelatedTests, config: { ...jest, testMatch: [...tests] } },
    coverageAnalysis: 'perTest',
    // What is worked out as a module is loaded costs a run of all tests for each change.
    ignoreStatic: true,
    concurrency: 1,
    reporters: ['clear-text', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
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

/** What one change is, wherever it is counted. */
function identityOf(mutant: Mutant): string {
  const { mutatorName, replacement, location } = mutant
  return JSON.stringify([fileOf(mutant), mutatorName, replacement, location])
}

function linesOf(mutant: Mutant): string {
  const { start, end } = mutant.location
  return `${fileOf(mutant)}:${start.line}-${end.line}`
}

const named = process.argv.slice(2)
const files = (named.length > 0 ? named : changedFiles()).filter((file) => mutable.test(file))
if (files.length === 0) {
  process.stdout.write('No file of lib/core, lib/providers or lib/ingest differs from main; name one.\n')
} else {
  const mutants = await mutate(files, new Set(files.map(ownTests)), { enableFindRelatedTests: false })
  const survivors = mutants.filter(isUnnoticed)
  const again =
    survivors.length === 0
      ? []
      : await mutate([...new Set(survivors.map(linesOf))], new Set(files.map(neighboringTests)), {
          enableFindRelatedTests: true,
        })
  const noticedAgain = new Set(again.filter((mutant) => !isUnnoticed(mutant)).map(identityOf))
  const left = survivors.filter((mutant) => !noticedAgain.has(identityOf(mutant)))
  const share = (100 * (mutants.length - left.length)) / Math.max(1, mutants.length)
  // On a busy machine a test is slow where no change made it so: many of these are no evidence.
  const endless = [...mutants, ...again].filter(({ status }) => status === 'Timeout').length
  process.stdout.write(
    `${share.toFixed(1)} % of ${mutants.length} changes were noticed, ${endless} of them by a test that did not end; ${left.length} were not:\n`,
  )
  for (const mutant of left) {
    const { start } = mutant.location
    process.stdout.write(
      `  ${fileOf(mutant)}:${start.line}:${start.column} ${mutant.mutatorName}: ${mutant.replacement}\n`,
    )
  }
}
