import { datesToRead } from './dates.ts'
import { takeLease } from './lease.ts'
import { expectedCalls, estimateOf, type Made, type Estimate } from './estimate.ts'
import { readDate, type Reading } from './read-date.ts'
import { unsettledByDate } from './unsettled.ts'
import { addedBetween, CountedWrites, withoutWriting, type FactCounts } from './writes.ts'
import type { DeliveryReader, DeliveryWriter } from '../../ledger/ports.ts'
import type { QuarantineWriter } from '../../quarantine/ports.ts'
import type { LeaseByHand, RunStore, StatusApi, VolumeReport } from '../ports.ts'
import type { Clock, Log } from '../../runtime/ports.ts'
import { ProviderCalls, RunStopped } from '../provider-calls.ts'
import { callbackGraceMs } from '../../core/schedule.ts'
import type { Lease } from '../lease.ts'
import { PageReader } from '../page-reader.ts'
import { RowRepairs } from '../repair-rows.ts'
import { UnreadableRows } from '../unreadable-rows.ts'

export interface BackfillDependencies {
  readonly statusApi: StatusApi
  /** Absent where the provider reports none: then there is no estimate. */
  readonly volumes?: VolumeReport
  readonly deliveries: Pick<DeliveryWriter, 'record'> & Pick<DeliveryReader, 'rowsOf' | 'pending'>
  /** Keeps rows that could not be read. */
  readonly quarantine: Pick<QuarantineWriter, 'keep'>
  readonly runs: Pick<RunStore, 'acquire'> & LeaseByHand
  readonly clock: Clock
  readonly log: Log
  /** Names this run in the lease; no two runs share it. */
  readonly owner: string
}

/** What somebody asks for. */
export interface BackfillOrder {
  /** YYYY-MM-DD in UTC+8; the first and the last date to be read. */
  readonly from: string
  readonly to: string
  /** Asks and compares as ever, and writes nothing. */
  readonly isDryRun: boolean
  readonly requestsPerSecond: number
  /** Ends it before its next call; what is applied stays applied. */
  readonly signal: AbortSignal
  /** Called once, before the first list is asked for. */
  readonly onEstimate: (estimate: Estimate) => void
  /** Called after every page and every date. */
  readonly onProgress: (progress: BackfillProgress) => void
}

export interface BackfillProgress extends Made {
  /** How many calls there will have been in the end, as far as that is known by now. */
  readonly expectedCalls: number | undefined
}

/** What was done; in a dry run, what would have been. */
export interface BackfillFigures {
  /** Requests made to the provider. */
  readonly calls: number
  /** Rows that the provider's pages held. */
  readonly rows: number
  /** Deliveries that the ledger did not know. */
  readonly discovered: number
  /** Known deliveries that lacked a fact. */
  readonly repaired: number
  /** Pending deliveries that the pages settled. */
  readonly settled: number
  /** Rows of which something could not be read. */
  readonly unreadable: number
  /** Facts that rows lacked. */
  readonly added: FactCounts
}

/** The result for one date. */
interface DateReport extends BackfillFigures {
  readonly requestDate: string
  /** Rows of its list that were applied. */
  readonly offset: number
  /** Why the date is not complete; absent where it is. */
  readonly problem?: string
}

export interface BackfillReport {
  /** The dates that were begun, in order. */
  readonly dates: readonly DateReport[]
  /** The dates that were not begun. */
  readonly unread: readonly string[]
  /** All dates, and the calls by which the volume was asked for. */
  readonly total: BackfillFigures
  /** Why it ended before its last date, where it did. */
  readonly stopped?: { readonly by: RunStopped['stoppedBy'] | 'interrupt'; readonly problem: string }
}

/**
 * Reads the provider's whole list of every date, oldest first, and repairs the rows by it. Like every pass it can be cut
 * short and done again: facts are joins. It works under the lease of the scheduled runs, and leaves their checkpoint and
 * figures alone.
 * @throws DatesRefused, LeaseBusy - before anything was asked.
 */
export async function backfill(deps: BackfillDependencies, order: BackfillOrder): Promise<BackfillReport> {
  const dates = datesToRead(order.from, order.to, deps.clock.now())
  const lease = await takeLease(deps)
  const run = new BackfillRun(deps, order, lease)
  try {
    return await run.read(dates)
  } finally {
    await run.waitOutPace()
    await deps.runs.releaseLease(deps.owner)
  }
}

/** Somebody wants it to end. */
class Interrupted extends Error {}

class BackfillRun {
  readonly #deps: BackfillDependencies
  readonly #order: BackfillOrder
  readonly #calls: ProviderCalls
  readonly #writes: CountedWrites
  readonly #repairs: RowRepairs
  /** Keeps the lease; throws where the run may not go on. */
  readonly #goOn: () => Promise<void>

  constructor(deps: BackfillDependencies, order: BackfillOrder, lease: Lease) {
    this.#deps = deps
    this.#order = order
    this.#writes = new CountedWrites(order.isDryRun ? withoutWriting(deps.deliveries) : deps.deliveries)
    this.#repairs = new RowRepairs({
      deliveries: this.#writes,
      log: deps.log,
      unreadable: new UnreadableRows(order.isDryRun ? undefined : deps),
      keepLease: () => lease.keep(),
    })
    this.#goOn = async () => {
      if (order.signal.aborted) throw new Interrupted('Interrupted.')
      await lease.keep()
    }
    this.#calls = new ProviderCalls({
      statusApi: deps.statusApi,
      clock: deps.clock,
      budget: { deadlineMs: Infinity, maxCalls: Infinity, requestsPerSecond: order.requestsPerSecond },
      // The run that had the lease before may have asked a moment ago.
      lastCallAtMs: deps.clock.now(),
      beforeCall: this.#goOn,
    })
  }

  /** Reads the dates until the last, or until the run has to end. */
  async read(dates: readonly string[]): Promise<BackfillReport> {
    const reports: DateReport[] = []
    const stopped = await endOf(this.#readEach(dates, reports))
    const unread = dates.slice(reports.length)
    return { dates: reports, unread, total: this.#figures(), ...(stopped && { stopped }) }
  }

  /** The next run knows nothing of our last call, so it gets the lease once it may ask. */
  async waitOutPace(): Promise<void> {
    await this.#calls.waitOut()
  }

  /** @param reports - grows by every date that is begun, the one amid which the run has to end included. */
  async #readEach(dates: readonly string[], reports: DateReport[]): Promise<void> {
    const { volumes, statusApi, deliveries } = this.#deps
    const estimate = await estimateOf(dates, volumes, this.#calls)
    this.#order.onEstimate(estimate)
    const callsBefore = this.#calls.calls
    const report = (callsForDate: number) => {
      const made = { calls: this.#calls.calls - callsBefore, callsForDate, datesDone: reports.length }
      this.#order.onProgress({ ...made, expectedCalls: expectedCalls(estimate, made) })
    }
    // What cannot be looked up is searched for in vain.
    const unsettled =
      statusApi.lookUpsBy === 'nothing'
        ? new Map<string, never>()
        : await unsettledByDate(dates, statusApi.provider, deliveries, this.#goOn)
    for (const requestDate of dates) {
      const before = this.#figures()
      const reading: Reading = { offset: 0 }
      const reader = this.#reader(() => {
        report(this.#calls.calls - before.calls)
      })
      try {
        const deps = {
          calls: this.#calls,
          repairs: this.#repairs,
          reader,
          deliveries,
          lookUpsBy: statusApi.lookUpsBy,
        }
        await readDate(deps, requestDate, unsettled.get(requestDate) ?? [], reading)
      } catch (error) {
        reading.problem = error instanceof Error ? error.message : typeof error
        throw error
      } finally {
        const figures = figuresBetween(before, this.#figures())
        const problem = [reading.problem, this.#unreadProblem(figures)].filter((why) => why !== undefined)
        const whole = { ...reading, ...(problem.length > 0 && { problem: problem.join(' ') }) }
        if (figures.calls > 0) reports.push({ requestDate, ...figures, ...whole })
      }
      report(0)
    }
  }

  #reader(onPage: () => void): PageReader {
    const { clock, log } = this.#deps
    const throughMs = () => clock.now() - callbackGraceMs
    return new PageReader({ calls: this.#calls, repairs: this.#repairs, clock, log, throughMs, onPage })
  }

  #unreadProblem({ unreadable }: BackfillFigures): string | undefined {
    if (unreadable === 0) return undefined
    const rows = unreadable === 1 ? '1 row' : `${unreadable} rows`
    const where = this.#order.isDryRun ? '' : ': see `ledger quarantine list`'
    return `${rows} could not be read whole${where}.`
  }

  #figures(): BackfillFigures {
    const { discovered, repaired, settled, unreadable } = this.#repairs
    const { calls, rows } = this.#calls
    return { calls, rows, discovered, repaired, settled, unreadable, added: this.#writes.added }
  }
}

/** Why the reading has to end before its last date; `undefined` where it did not have to. */
async function endOf(reading: Promise<void>): Promise<BackfillReport['stopped']> {
  try {
    await reading
    return undefined
  } catch (error) {
    if (error instanceof Interrupted) return { by: 'interrupt', problem: error.message }
    if (error instanceof RunStopped) return { by: error.stoppedBy, problem: error.message }
    throw error
  }
}

function figuresBetween(before: BackfillFigures, after: BackfillFigures): BackfillFigures {
  return {
    calls: after.calls - before.calls,
    rows: after.rows - before.rows,
    discovered: after.discovered - before.discovered,
    repaired: after.repaired - before.repaired,
    settled: after.settled - before.settled,
    unreadable: after.unreadable - before.unreadable,
    added: addedBetween(before.added, after.added),
  }
}
