import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { hourMs, minuteMs, secondMs } from '../../../lib/core/instant.ts'
import type { StatusApi } from '../../../lib/reconcile/ports.ts'
import { reconcile, type RunReport } from '../../../lib/reconcile/reconcile.ts'
import { inMemoryLedger, type Ledger } from '../../../local/in-memory-ledger.ts'
import { seededRandom } from '../../../local/simulated-ses/random.ts'
import { dependenciesOf, recordingWriter, statusApiOver, type InMemoryPorts } from './in-memory-run.ts'
import { linesOf, type LedgerLines } from './ledger-lines.ts'
import { SharedClock } from './shared-clock.ts'
import { slowPorts, waits, type Hang } from './slow-ports.ts'
import { anyWorldOf, shownInTime, worldOf, type SmallWorld } from './small-world.ts'
import { times } from '../../strength.ts'

// The schedule begins a run whether or not the one before has ended, and a run that hangs may wake up when another has taken
// its place: together they keep the pace of one, and leave what one would have left.

/** A run among others. */
interface RunPlan {
  /** After the one before was begun. */
  readonly beginsAfterMs: number
  readonly maxCalls: number
  readonly hangs: readonly Hang[]
}

const anyRun: fc.Arbitrary<RunPlan> = fc.record({
  beginsAfterMs: fc.oneof(fc.nat(20 * secondMs), fc.nat(4 * minuteMs)),
  maxCalls: fc.integer({ min: 2, max: 20 }),
  hangs: fc.array(
    fc.record({
      at: fc.constantFrom(...waits),
      after: fc.nat(8),
      lastsMs: fc.integer({ min: 20 * secondMs, max: 6 * minuteMs }),
      isBefore: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
})

const runTimeMs = 5 * minuteMs
/** What is kept of a run's time for the answer to its last question. */
const answerTimeMs = 12 * secondMs

/** Something that a run did to what all runs share. */
interface Deed {
  readonly atMs: number
  readonly run: string
  readonly what: 'asked' | 'acquired' | 'saved' | 'released'
  /** Whether the store of runs let it. */
  readonly isLet: boolean
}

/** A world and everything that runs do to what they share. */
class SharedWorld {
  readonly clock: SharedClock
  readonly ledger: Ledger
  readonly deeds: Deed[] = []
  /** The checkpoint that was written last. */
  written: string | undefined
  /** Until when each run may ask. */
  readonly deadlinesMs = new Map<string, number>()
  readonly #world: SmallWorld
  readonly #statusApi: StatusApi

  constructor(world: SmallWorld) {
    this.#world = world
    this.clock = new SharedClock(world.nowMs)
    this.ledger = inMemoryLedger(this.clock)
    this.#statusApi = statusApiOver(world.mailbox, this.clock, 3)
  }

  async report(): Promise<void> {
    const writer = recordingWriter(this.ledger)
    for (const event of this.#world.reported) await writer.record(event)
  }

  /** The ports of a run that is watched. @param slowed - makes them slow */
  ports(run: string, slowed: (ports: InMemoryPorts) => InMemoryPorts = (ports) => ports): InMemoryPorts {
    const runs = this.#watched(run, this.ledger.runs)
    const ports = slowed({ statusApi: this.#statusApi, ledger: { ...this.ledger, runs }, clock: this.clock })
    const statusApi: StatusApi = {
      ...ports.statusApi,
      page: (query) => {
        this.#note(run, 'asked', true)
        return ports.statusApi.page(query)
      },
    }
    return { ...ports, statusApi }
  }

  lines(): Promise<LedgerLines> {
    return linesOf(this.ledger, this.#world.recipients)
  }

  /** The checkpoint as the next run would read it. */
  async stored(): Promise<string | undefined> {
    return (await this.ledger.runs.acquire('reader', Infinity, 0))?.checkpoint
  }

  #watched(run: string, runs: Ledger['runs']): Ledger['runs'] {
    return {
      ...runs,
      acquire: async (...given) => {
        const held = await runs.acquire(...given)
        this.#note(run, 'acquired', held !== undefined)
        return held
      },
      save: async (owner, checkpoint, untilMs) =>
        this.#wrote(run, 'saved', checkpoint, await runs.save(owner, checkpoint, untilMs)),
      release: async (owner, checkpoint, figures) =>
        this.#wrote(run, 'released', checkpoint, await runs.release(owner, checkpoint, figures)),
    }
  }

  #wrote(run: string, what: 'saved' | 'released', checkpoint: string | undefined, isLet: boolean): boolean {
    this.#note(run, what, isLet)
    if (isLet) this.written = checkpoint ?? this.written
    return isLet
  }

  #note(run: string, what: Deed['what'], isLet: boolean): void {
    this.deeds.push({ atMs: this.clock.now(), run, what, isLet })
  }
}

/** Begins the runs, each after the one before, and lets them work beside each other to their ends. */
async function overlap(
  world: SharedWorld,
  runs: readonly RunPlan[],
  { requestsPerSecond, chance }: { readonly requestsPerSecond: number; readonly chance: number },
): Promise<readonly RunReport[]> {
  const reports = runs.map(async (plan, index) => {
    const before = runs.slice(0, index + 1).map(({ beginsAfterMs }) => beginsAfterMs)
    await world.clock.sleep(before.reduce((sum, ms) => sum + ms))
    const random = seededRandom(chance + index)
    const ports = world.ports(`run ${index}`, (quick) => slowPorts(quick, random, plan.hangs))
    const deadlineMs = world.clock.now() + runTimeMs
    world.deadlinesMs.set(`run ${index}`, deadlineMs)
    return reconcile(dependenciesOf(ports, `run ${index}`), {
      deadlineMs,
      maxCalls: plan.maxCalls,
      requestsPerSecond,
    })
  })
  await world.clock.untilAllIsDone()
  return Promise.all(reports)
}

/** One run with nobody beside it. */
async function runAlone(world: SharedWorld): Promise<string> {
  const report = reconcile(dependenciesOf(world.ports('alone'), 'alone'), {
    deadlineMs: world.clock.now() + hourMs,
    maxCalls: 1_000,
    requestsPerSecond: 20,
  })
  await world.clock.untilAllIsDone()
  return (await report).figures.stoppedBy
}

/** The tables in the end, after runs two and three hours later: nothing happens to any mail in that time. */
async function endOf(world: SharedWorld, nowMs: number): Promise<LedgerLines> {
  for (const hours of [2, 3]) {
    const later = world.clock.sleep(nowMs + hours * hourMs - world.clock.now())
    await world.clock.untilAllIsDone()
    await later
    expect(await runAlone(world)).toBe('done')
  }
  return world.lines()
}

/** The times between two questions, whoever asked them. */
function gapsOf(deeds: readonly Deed[]): readonly number[] {
  const asked = deeds.filter(({ what }) => what === 'asked').map(({ atMs }) => atMs)
  return asked.slice(1).map((atMs, index) => atMs - (asked[index] ?? 0))
}

/** What runs did, and were let, after another run had taken the lease. */
function deedsWithoutLease(deeds: readonly Deed[]): readonly Deed[] {
  let holder = ''
  return deeds.filter(({ run, what, isLet }) => {
    if (what === 'acquired' && isLet) holder = run
    return isLet && run !== holder
  })
}

/** Questions that might not have been answered in the time of their run. */
function askedTooLate({ deeds, deadlinesMs }: SharedWorld): readonly Deed[] {
  return deeds.filter(
    ({ atMs, run, what }) => what === 'asked' && atMs + answerTimeMs > (deadlinesMs.get(run) ?? 0),
  )
}

/** Runs of which a write was refused, since another had taken the lease. */
function losersOf(deeds: readonly Deed[]): readonly string[] {
  const refused = deeds.filter(({ what, isLet }) => (what === 'saved' || what === 'released') && !isLet)
  return [...new Set(refused.map(({ run }) => run))].sort()
}

/** Runs that ended since another had taken their lease. */
function endedByLease(reports: readonly RunReport[]): readonly string[] {
  const isLoser = ({ figures, problem }: RunReport) => figures.stoppedBy === 'lease' && problem !== undefined
  return reports.flatMap((report, index) => (isLoser(report) ? [`run ${index}`] : []))
}

describe.each([0.1, 1, 5])('runs that overlap, at %d requests a second,', (requestsPerSecond) => {
  it('keep the pace together, do nothing without the lease, and leave what one would leave', async () => {
    let keptOut = 0
    let lost = 0
    await fc.assert(
      fc.asyncProperty(
        anyWorldOf({ least: 30, most: 50 }),
        fc.array(anyRun, { minLength: 2, maxLength: 7, size: 'max' }),
        fc.nat(),
        shownInTime(async (plan, runs, chance) => {
          const small = { ...worldOf(plan), unanswered: new Set<string>() }
          const world = new SharedWorld(small)
          await world.report()
          const reports = await overlap(world, runs, { requestsPerSecond, chance })
          const { deeds, written } = world
          expect(Math.min(...gapsOf(deeds))).toBeGreaterThanOrEqual(secondMs / requestsPerSecond)
          expect(deedsWithoutLease(deeds)).toEqual([])
          expect(endedByLease(reports)).toEqual(losersOf(deeds))
          expect(askedTooLate(world)).toEqual([])
          expect(await world.stored()).toBe(written)

          const alone = new SharedWorld(small)
          await alone.report()
          await runAlone(alone)
          expect(await endOf(world, small.nowMs)).toEqual(await endOf(alone, small.nowMs))
          keptOut += deeds.filter(({ what, isLet }) => what === 'acquired' && !isLet).length
          lost += losersOf(deeds).length
        }),
      ),
      { numRuns: times({ quick: 12, proof: 60 }) },
    )
    // So that they did overlap.
    expect(keptOut).toBeGreaterThan(times({ quick: 5, proof: 40 }))
    expect(lost).toBeGreaterThan(times({ quick: 0, proof: 4 }))
  })
})

describe('a run whose lease was extended in time, but the response came too late,', () => {
  it('asks nothing while another run has it', async () => {
    const world = new SharedWorld(
      worldOf({ hourOfDay: 8, lastRunDaysAgo: undefined, messages: [], unanswered: 0 }),
    )
    // After the first page, 70 s of the two minutes are over: the lease is saved before the next one. It is over after
    // 190 s, and at 250 s comes the answer that it was saved.
    const hangs: readonly Hang[] = [
      { at: 'page', after: 0, lastsMs: 70 * secondMs, isBefore: false },
      { at: 'save', after: 0, lastsMs: 180 * secondMs, isBefore: false },
    ]
    const runs: readonly RunPlan[] = [
      { beginsAfterMs: 0, maxCalls: 10, hangs },
      { beginsAfterMs: 249 * secondMs, maxCalls: 10, hangs: [] },
    ]
    const reports = await overlap(world, runs, { requestsPerSecond: 1, chance: 1 })
    expect(endedByLease(reports)).toEqual(['run 0'])
    expect(deedsWithoutLease(world.deeds)).toEqual([])
    const asked = world.deeds.filter(({ what }) => what === 'asked').map(({ run }) => run)
    expect(asked.filter((run) => run === 'run 0')).toEqual(['run 0'])
    expect(asked).toContain('run 1')
  })
})
