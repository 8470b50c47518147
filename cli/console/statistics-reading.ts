import { sentenceOf } from '../command-error.ts'
import type { DayRange } from '../day-range.ts'
import type { OpenLedger } from '../open-ledger.ts'
import { Overview } from '../pages/overview.ts'
import { isWhole, scanDeliveries, scanFromStart, type ScanState } from '../scan-deliveries.ts'

/** Rows that are read before a page is shown: so small a table is counted at once. */
const rowsAtOnce = 5_000

const segments = 4

interface Reading {
  readonly range: DayRange
  readonly isOfWholeTable: boolean
  readonly state: ScanState
  readonly overview: Overview
  endedAtMs?: number
  problem?: string
}

/** How far the statistics of a range are. */
interface ReadingState {
  readonly overview: Overview
  readonly rows: number
  readonly isUnderWay: boolean
  /** Absent while it is not whole. */
  readonly countedAtMs?: number
  readonly problem?: string
}

/**
 * The statistics of the range that was asked for last. Reading the whole table is asked for once; the pages show how far it
 * is, and then its result until somebody counts again.
 */
export class StatisticsReading {
  readonly #ledger: OpenLedger
  #last: Reading | undefined
  #end: AbortController | undefined
  #underWay: Promise<void> | undefined
  /** One start after the other: of two at once the second ends the first. */
  #started: Promise<void> = Promise.resolve()

  constructor(ledger: OpenLedger) {
    this.#ledger = ledger
  }

  /** What is known of the range; `undefined` if nothing was read of it. */
  of({ from, to }: DayRange): ReadingState | undefined {
    const last = this.#last
    if (last === undefined || last.range.from !== from || last.range.to !== to) return undefined
    const { overview, state, endedAtMs, problem } = last
    return {
      overview,
      rows: state.rows,
      isUnderWay: this.#end !== undefined,
      ...(endedAtMs !== undefined && { countedAtMs: endedAtMs }),
      ...(problem !== undefined && { problem }),
    }
  }

  /** The range over which the whole table is being read now. */
  get counting(): DayRange | undefined {
    return this.#end !== undefined && this.#last?.isOfWholeTable ? this.#last.range : undefined
  }

  /** Counts a range anew where the table is small; ends after 5,000 rows where it is not. */
  async readAtOnce(range: DayRange): Promise<void> {
    await this.#start(range, rowsAtOnce)
    await this.#underWay
  }

  /** Begins to count a range over the whole table, in the background. */
  async begin(range: DayRange): Promise<void> {
    await this.#start(range, Infinity)
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.#end?.abort()
    await this.#underWay
  }

  #start(range: DayRange, mostRows: number): Promise<void> {
    this.#started = this.#started.then(() => this.#startNext(range, mostRows))
    return this.#started
  }

  async #startNext(range: DayRange, mostRows: number): Promise<void> {
    await this.stop()
    const reading: Reading = {
      range,
      isOfWholeTable: mostRows === Infinity,
      state: scanFromStart(mostRows === Infinity ? segments : 1),
      overview: new Overview(range),
    }
    this.#last = reading
    const end = new AbortController()
    this.#end = end
    this.#underWay = this.#read(reading, mostRows, end).finally(() => {
      this.#end = undefined
    })
  }

  async #read(reading: Reading, mostRows: number, end: AbortController): Promise<void> {
    const { store, clock } = this.#ledger
    const scanner = store.deliveryScanner(mostRows === Infinity ? {} : { rowsInPage: mostRows })
    try {
      await scanDeliveries(scanner, {
        state: reading.state,
        signal: end.signal,
        onPage: (deliveries) => {
          for (const delivery of deliveries) reading.overview.add(delivery)
        },
        onState: () => {
          if (reading.state.rows >= mostRows) end.abort()
        },
      })
      if (isWhole(reading.state)) reading.endedAtMs = clock.now()
    } catch (error) {
      reading.problem = sentenceOf(error)
    }
  }
}
