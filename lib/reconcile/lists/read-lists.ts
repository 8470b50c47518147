import * as v from 'valibot'
import { addDays, secondMs } from '../../core/instant.ts'
import type { Clock } from '../../runtime/ports.ts'
import type { ListPage, ProviderList } from '../../suppressions/ports.ts'
import { StatusApiError } from '../ports.ts'
import { RunStopped, type ProviderCalls } from '../provider-calls.ts'
import {
  applyPage,
  noFigures,
  type ApplyDependencies,
  type ListFigures,
  type ListFinding,
} from './apply-page.ts'

/** A part of a list that is still to be read, from its offset on. */
export const listStep = v.object({
  list: v.string(),
  from: v.exactOptional(v.pipe(v.string(), v.isoDate())),
  to: v.exactOptional(v.pipe(v.string(), v.isoDate())),
  offset: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Whether a part with later dates was read before: the provider may not reach back to this one. */
  isOlder: v.exactOptional(v.boolean()),
})

export type ListStep = v.InferOutput<typeof listStep>

/** The most rows that are read of one part of a list: a thousand pages. */
export const mostRows = 100_000

interface ReadDependencies extends ApplyDependencies {
  readonly lists: readonly ProviderList[]
  readonly calls: Pick<ProviderCalls, 'once'>
  readonly clock: Clock
}

interface ReadOrder {
  readonly steps: readonly ListStep[]
  /** Whether nothing is written. */
  readonly isDryRun: boolean
  /** Ends the reading after the page under way. */
  readonly signal?: AbortSignal
  readonly onFinding: (found: ListFinding) => void
  /** Called after each page, all of which is applied; may throw `RunStopped`. */
  readonly onPage: (left: readonly ListStep[], reading: Reading) => Promise<void> | void
}

/** What was read so far. */
export interface Reading {
  /** By the name of the list. */
  readonly figures: ReadonlyMap<string, ListFigures>
  /** Why a list could not be read, by its name. */
  readonly failures: ReadonlyMap<string, StatusApiError>
  /** Lists of which a part is longer than {@link mostRows}. */
  readonly cut: ReadonlySet<string>
}

/** The parts of these lists that reach from today back to a date, the latest first: one of a list without dates. */
export function stepsOf(
  { name, maxDates, keptDays = Infinity }: ProviderList,
  today: string,
  firstDate: string,
): readonly ListStep[] {
  if (maxDates === undefined) return [{ list: name, offset: 0 }]
  const kept = keptDays === Infinity ? firstDate : addDays(today, 1 - keptDays)
  const first = kept > firstDate ? kept : firstDate
  const steps: ListStep[] = []
  for (let to = today; to >= first; to = addDays(to, -maxDates)) {
    const from = addDays(to, 1 - maxDates)
    const isOlder = to !== today && { isOlder: true }
    steps.push({ list: name, from: from > first ? from : first, to, offset: 0, ...isOlder })
  }
  return steps
}

/**
 * Reads the parts of the lists one page at a time, in the pace of `calls`, and joins each page into our list. A list that
 * cannot be read keeps no other from it. Returns what is left where the reading was stopped.
 */
export async function readLists(
  deps: ReadDependencies,
  order: ReadOrder,
): Promise<Reading & { readonly left: readonly ListStep[]; readonly stopped?: RunStopped }> {
  const reading = { figures: new Map(), failures: new Map(), cut: new Set() } satisfies Reading
  let left = order.steps
  try {
    for (let [step] = left; step !== undefined && !isAborted(order); [step] = left) {
      left = await readStep(deps, order, reading, { step, others: left.slice(1) })
      await order.onPage(left, reading)
    }
  } catch (error) {
    if (!(error instanceof RunStopped)) throw error
    return { ...reading, left, stopped: error }
  }
  return { ...reading, left }
}

function isAborted({ signal }: ReadOrder): boolean {
  return signal?.aborted ?? false
}

interface MutableReading extends Reading {
  readonly figures: Map<string, ListFigures>
  readonly failures: Map<string, StatusApiError>
  readonly cut: Set<string>
}

/** Reads and applies the next page of a step. Returns what is left then. */
async function readStep(
  deps: ReadDependencies,
  order: ReadOrder,
  { figures, failures, cut }: MutableReading,
  { step, others }: { readonly step: ListStep; readonly others: readonly ListStep[] },
): Promise<readonly ListStep[]> {
  const list = deps.lists.find(({ name }) => name === step.list)
  // One that a pass was begun with and that is not set up any more.
  if (!list) return others
  const page = await pageOrFailure(deps, list, step)
  if (page instanceof StatusApiError) {
    if (!isOutOfReach(page, step)) failures.set(list.name, page)
    return others.filter((other) => other.list !== list.name)
  }
  const found = await applyPage(deps, list, page, order)
  figures.set(list.name, added(figures.get(list.name) ?? noFigures, found))
  const offset = step.offset + page.rows
  if (page.isLast) return others
  if (offset < mostRows) return [{ ...step, offset }, ...others]
  cut.add(list.name)
  return others
}

/** A part that the provider does not reach back to ends the list: what is before it is older. */
function isOutOfReach({ consequence }: StatusApiError, { isOlder = false }: ListStep): boolean {
  return isOlder && (consequence === 'query' || consequence === 'out-of-reach')
}

const retryWaitsMs = [secondMs, 4 * secondMs]

async function pageOrFailure(
  { calls, clock }: ReadDependencies,
  list: ProviderList,
  { from, to, offset }: ListStep,
): Promise<ListPage | StatusApiError> {
  const query = { offset, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await calls.once(() => list.page(query))
    } catch (error) {
      if (!(error instanceof StatusApiError)) throw error
      const waitMs = retryWaitsMs[attempt]
      if (error.consequence !== 'transient' || waitMs === undefined) return error
      await clock.sleep(waitMs)
    }
  }
}

/** The figures of several pages, or lists, together. */
export function added(one: ListFigures, other: ListFigures): ListFigures {
  return {
    rows: one.rows + other.rows,
    added: one.added + other.added,
    known: one.known + other.known,
    still: one.still + other.still,
    unreadable: one.unreadable + other.unreadable,
  }
}
