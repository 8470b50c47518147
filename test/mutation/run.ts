/**
 * Changes the code in small ways and looks whether a test fails for each: `npm run test:mutation` for what differs from `main`,
 * `-- lib/core/instant.ts` for files of one's choice. Prints what no test noticed, and the share that was noticed.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Stryker } from '@stryker-mutator/core'

const mutable = /^lib\/(?:core|providers|ingest)\/.*\.ts$/

function changedFiles(): readonly string[] {
  return execFileSync('git', ['diff', '--name-only', '--diff-filter=d', 'main'], { encoding: 'utf8' }).split(
    '\n',
  )
}

/** A file's own tests; where it has none, those of its folder. All others would take minutes for each change. */
function testsOf(mutated: readonly string[]): readonly string[] {
  return mutated.map((file) => {
    const own = `test/${file.replace(/\.ts$/, '.test.ts')}`
    return `<rootDir>/${existsSync(own) ? own : `test/${dirname(file)}/**/*.test.ts`}`
  })
}

const { jest } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly jest: object
}
const named = process.argv.slice(2)
const files = (named.length > 0 ? named : changedFiles()).filter((file) => mutable.test(file))
if (files.length === 0) {
  process.stdout.write('No file of lib/core, lib/providers or lib/ingest differs from main; name one.\n')
} else {
  await new Stryker({
    mutate: [...files],
    testRunner: 'jest',
    testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
    jest: { enableFindRelatedTests: true, config: { ...jest, testMatch: testsOf(files) } },
    coverageAnalysis: 'perTest',
    // What is worked out as a module is loaded costs a run of all tests for each change.
    ignoreStatic: true,
    concurrency: 1,
    reporters: ['clear-text'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    tempDirName: '.stryker-tmp',
    cleanTempDir: 'always',
    ignorePatterns: ['.test-aws', '.serverless', '.esbuild', 'dist', 'docs'],
    disableTypeChecks: false,
    allowConsoleColors: false,
    timeoutMS: 60_000,
  }).runMutationTest()
}
