import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import {
  determineHitLimitReached,
  DryRunStatus,
  MutantRunStatus,
  TestStatus,
  type DryRunResult,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
} from '@stryker-mutator/api/test-runner'
import { getState } from 'jest-circus'

// Stryker's runner of Jest starts Jest for each change, which takes a second. Here test files are loaded once, and their tests run
// again and again in one process: twenty times as many changes in the same time.

/** The files whose tests run, from the folder of the sandbox: separated by colons. */
export const testFilesVariable = 'MUTATION_TEST_FILES'

/** For how long, in milliseconds, tests run for one change: the quickest first. */
export const testTimeVariable = 'MUTATION_TEST_MS'

type Block = ReturnType<typeof getState>['rootDescribeBlock']
type Test = Extract<Block['children'][number], { type: 'test' }>

/** What Stryker's instrumented code reads and counts. */
interface InstrumentedCode {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  readonly mutantCoverage?: NonNullable<
    Extract<DryRunResult, { status: DryRunStatus.Complete }>['mutantCoverage']
  >
}

const instrumented: InstrumentedCode = ((globalThis as { __stryker__?: InstrumentedCode }).__stryker__ ??= {})

/** Tests of how long something takes, of which nothing can be said while every statement is counted. */
const ofTime = 'in linear time'

/** A fault that no test waits for is one of the test that runs. */
let strayFault: unknown
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (fault) => {
    strayFault ??= fault
  })
}

class InProcessRunner implements TestRunner {
  #tests: readonly Test[] = []
  readonly #spentMs = new Map<string, number>()

  capabilities() {
    return { reloadEnvironment: false }
  }

  async init(): Promise<void> {
    const globals = new URL('jest-globals.ts', import.meta.url).href
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === '@jest/globals' ? { url: globals, shortCircuit: true } : next(specifier, context),
    })
    const files = ['test/seed.ts', ...(process.env[testFilesVariable] ?? '').split(':')]
    for (const file of files) await import(pathToFileURL(file).href)
    this.#tests = testsIn(getState().rootDescribeBlock).filter((test) => !nameOf(test).includes(ofTime))
  }

  async dryRun(): Promise<DryRunResult> {
    const tests: TestResult[] = []
    const usable: Test[] = []
    await runAll(this.#tests, (test, { timeSpentMs, fault }) => {
      // One that counts on a process of its own may fail here; `npm test` is where it must pass.
      if (fault !== undefined) return true
      const id = idOf(test)
      this.#spentMs.set(id, timeSpentMs)
      tests.push({ id, name: nameOf(test), timeSpentMs, status: TestStatus.Success })
      usable.push(test)
      return true
    })
    this.#tests = usable
    const { mutantCoverage } = instrumented
    return { status: DryRunStatus.Complete, tests, ...(mutantCoverage && { mutantCoverage }) }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }: MutantRunOptions): Promise<MutantRunResult> {
    const covering = testFilter && new Set(testFilter)
    const spentMs = (test: Test) => this.#spentMs.get(idOf(test)) ?? 0
    const ofChange = this.#tests
      .filter((test) => !covering || covering.has(idOf(test)))
      .toSorted((one, other) => spentMs(one) - spentMs(other))
    let leftMs = Number(process.env[testTimeVariable])
    const tests = ofChange.filter((test) => (leftMs -= spentMs(test)) > 0)
    let killed: { readonly by: string; readonly fault: unknown } | undefined
    let nrOfTests = 0
    Object.assign(instrumented, { activeMutant: activeMutant.id, hitLimit, hitCount: hitLimit && 0 })
    try {
      await runAll(tests, (test, { fault }) => {
        nrOfTests += 1
        if (fault !== undefined) killed = { by: idOf(test), fault }
        return killed === undefined
      })
    } finally {
      instrumented.activeMutant = undefined
    }
    const endless = determineHitLimitReached(instrumented.hitCount, instrumented.hitLimit)
    if (endless) return { ...endless, status: MutantRunStatus.Timeout }
    if (killed === undefined) return { status: MutantRunStatus.Survived, nrOfTests }
    return {
      status: MutantRunStatus.Killed,
      killedBy: [killed.by],
      failureMessage: inspect(killed.fault),
      nrOfTests,
    }
  }
}

interface Ran {
  readonly timeSpentMs: number
  readonly fault: unknown
}

/** Runs tests one after the other until `onEnd` says no, each block's own hooks around the first and the last of its tests. */
async function runAll(tests: readonly Test[], onEnd: (test: Test, ran: Ran) => boolean): Promise<void> {
  const begun = new Map<Block, unknown>()
  try {
    for (const test of tests) {
      const startedMs = performance.now()
      instrumented.currentTestId = idOf(test)
      const fault = await faultOf(test, begun)
      instrumented.currentTestId = undefined
      if (!onEnd(test, { timeSpentMs: performance.now() - startedMs, fault })) return
    }
  } finally {
    for (const block of [...begun.keys()].reverse()) await faultOfHooks([block], 'afterAll')
  }
}

/** What fails a test, its hooks included. */
async function faultOf(test: Test, begun: Map<Block, unknown>): Promise<unknown> {
  strayFault = undefined
  const blocks = blocksAround(test)
  for (const block of blocks) {
    if (!begun.has(block)) begun.set(block, await faultOfHooks([block], 'beforeAll'))
    const fault = begun.get(block)
    if (fault !== undefined) return fault
  }
  const fault = (await faultOfHooks(blocks, 'beforeEach')) ?? (await faultOfCall(test.fn as () => unknown))
  const after = await faultOfHooks([...blocks].reverse(), 'afterEach')
  return fault ?? after ?? strayFault
}

async function faultOfHooks(
  blocks: readonly Block[],
  type: Block['hooks'][number]['type'],
): Promise<unknown> {
  for (const block of blocks) {
    for (const hook of block.hooks) {
      const fault = hook.type === type ? await faultOfCall(hook.fn as () => unknown) : undefined
      if (fault !== undefined) return fault
    }
  }
  return undefined
}

async function faultOfCall(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return undefined
  } catch (error) {
    return error ?? new Error('Something without a value was thrown.')
  }
}

function testsIn(block: Block): readonly Test[] {
  return block.children.flatMap((child) => (child.type === 'test' ? [child] : testsIn(child)))
}

/** The outermost first. */
function blocksAround({ parent }: Test | Block): readonly Block[] {
  return parent ? [...blocksAround(parent), parent] : []
}

function nameOf(test: Test): string {
  return [
    ...blocksAround(test)
      .slice(1)
      .map(({ name }) => name),
    test.name,
  ].join(' ')
}

const ids = new Map<Test, string>()

/** Tests of different files may have one name. */
function idOf(test: Test): string {
  const id = ids.get(test) ?? String(ids.size)
  ids.set(test, id)
  return id
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcessRunner)]
