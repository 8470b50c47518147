import * as v from 'valibot'
import { addDays, requestDateOf } from '../../core/instant.ts'
import { errorName } from '../../runtime/error-name.ts'
import type { Clock, Log } from '../../runtime/ports.ts'
import type { ProviderList } from '../../suppressions/ports.ts'
import { leaseMs, lostLease } from '../lease.ts'
import type { ListSyncFigures, RunStore, StoredCheckpoint } from '../ports.ts'
import { ProviderCalls, RunStopped, type CallBudget } from '../provider-calls.ts'
import { noFigures, type ApplyDependencies } from './apply-page.ts'
import { added, listStep, mostRows, readLists, stepsOf, type ListStep, type Reading } from './read-lists.ts'

/** The lists of one provider, and what their sync works with. */
export interface ListSync extends Pick<ApplyDependencies, 'suppressions' | 'blocklistDays'> {
  readonly provider: string
  readonly lists: readonly ProviderList[]
  readonly runs: RunStore
  readonly requestsPerSecond: number
  /** Names this run in the lease; no two runs share it. */
  readonly owner: string
  readonly clock: Clock
  readonly log: Log
}

/** A pass reads the dates since the last one, and these before it: an entry may appear late, and paging may miss one. */
const overlapDays = 2
/** How often, in days, all of a list is read: what the short passes missed, and lists without dates. */
const wholeEveryDays = 7
/** How far back such a pass reads. */
const wholeDays = 90
/** Requests of one run, at one a second: so that it ends before the polls of the next run begin. */
const callsPerRun = 60

const date = v.pipe(v.string(), v.isoDate())

const checkpoint = v.object({
  version: v.literal(1),
  /** The day, in UTC+8, of the last pass. */
  date,
  /** What is left of it. */
  left: v.array(listStep),
  /** The lists that it reads. */
  lists: v.array(v.object({ list: v.string(), isWhole: v.boolean(), hasFailed: v.boolean() })),
  /** Up to when each list was read, and when all of it was. */
  read: v.array(v.object({ list: v.string(), throughDate: date, wholeOn: date })),
})

type Checkpoint = v.InferOutput<typeof checkpoint>

type Until = Pick<CallBudget, 'deadlineMs' | 'stop'>

const stored = v.pipe(v.string(), v.parseJson(), checkpoint)

/**
 * Reads the lists of each provider into ours where that was not done today. A list that cannot be read is logged, once a day,
 * and fails nothing: the polls of the same run are what matters. Providers are asked side by side.
 */
export async function syncLists(syncs: readonly ListSync[], until: Until): Promise<void> {
  const byProvider = Map.groupBy(syncs, ({ provider }) => provider)
  await Promise.all(
    [...byProvider.values()].map(async (ofProvider) => {
      // Regions share the pace of their provider.
      for (const sync of ofProvider) await syncOne(sync, until)
    }),
  )
}

async function syncOne(sync: ListSync, until: Until): Promise<void> {
  try {
    await syncProvider(sync, {
      ...until,
      maxCalls: Math.ceil(callsPerRun * sync.requestsPerSecond),
      requestsPerSecond: sync.requestsPerSecond,
    })
  } catch (error) {
    sync.log('lists not synced', { provider: sync.provider, error: errorName(error) })
  }
}

/** One run: goes on with the pass of today, or begins it. */
async function syncProvider(sync: ListSync, budget: CallBudget): Promise<void> {
  const { provider, runs, owner, clock, log } = sync
  const startedMs = clock.now()
  const held = await runs.acquire(owner, startedMs, startedMs + leaseMs)
  if (!held) return
  let state = passOf(held.checkpoint, sync, requestDateOf(startedMs))
  if (state.left.length === 0) {
    // The figures of the run that did it stay.
    await runs.save(owner, undefined, startedMs)
    return
  }
  // The polls have just asked.
  const calls = new ProviderCalls({
    statusApi: undefined,
    clock,
    budget,
    lastCallAtMs: startedMs,
    beforeCall: () => Promise.resolve(),
  })
  const { figures, failures, cut, stopped } = await readLists(
    { ...sync, calls },
    {
      steps: state.left,
      isDryRun: false,
      onFinding: () => undefined,
      onPage: async (left, reading) => {
        state = advanced(state, left, reading)
        const isHeld = await runs.save(owner, JSON.stringify(state), clock.now() + leaseMs)
        if (!isHeld) throw new RunStopped('lease', lostLease)
      },
    },
  )
  for (const [list, { message }] of failures) log('list not read', { provider, list, problem: message })
  for (const list of cut)
    log('list not read', { provider, list, problem: `It has more than ${mostRows} rows.` })
  const ended = failures.size > 0 ? 'provider' : 'done'
  const done: ListSyncFigures = {
    calls: calls.calls,
    ...[...figures.values()].reduce(added, noFigures),
    stoppedBy: stopped?.stoppedBy ?? ended,
  }
  log('lists synced', { provider, ...done })
  await runs.release(owner, JSON.stringify(state), done)
}

/** The pass that is under way, or that of today. */
function passOf(
  toRead: StoredCheckpoint | undefined,
  { lists }: Pick<ListSync, 'lists'>,
  today: string,
): Checkpoint {
  const { success, output } = v.safeParse(stored, toRead)
  if (success && (output.left.length > 0 || output.date === today)) return output
  const read = success ? output.read : []
  const planned = lists.map((list) => {
    const last = read.find(({ list: name }) => name === list.name)
    const isWhole = last === undefined || last.wholeOn <= addDays(today, -wholeEveryDays)
    const firstDate = isWhole ? addDays(today, 1 - wholeDays) : addDays(last.throughDate, -overlapDays)
    return { list, isWhole, firstDate }
  })
  // Of a list without dates there is no part.
  const due = planned.filter(({ list, isWhole }) => isWhole || list.maxDates !== undefined)
  return {
    version: 1,
    date: today,
    left: due.flatMap(({ list, firstDate }) => stepsOf(list, today, firstDate)),
    lists: due.map(({ list, isWhole }) => ({ list: list.name, isWhole, hasFailed: false })),
    read,
  }
}

/** What is stored after a page. Of a list that failed it stays known only how far it was read before. */
function advanced(state: Checkpoint, left: readonly ListStep[], { failures }: Reading): Checkpoint {
  const lists = state.lists.map((one) => ({ ...one, hasFailed: one.hasFailed || failures.has(one.list) }))
  const ended = lists.filter(({ list, hasFailed }) => !hasFailed && !left.some((step) => step.list === list))
  const read = ended.map(({ list, isWhole }) => {
    const before = state.read.find((one) => one.list === list)
    const wholeOn = isWhole || !before ? state.date : before.wholeOn
    return { list, throughDate: state.date, wholeOn }
  })
  const names = new Set(read.map(({ list }) => list))
  return {
    ...state,
    left: [...left],
    lists,
    read: [...state.read.filter(({ list }) => !names.has(list)), ...read],
  }
}
