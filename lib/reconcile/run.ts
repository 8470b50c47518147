import { addDays, minuteMs, requestDateOf, secondMs } from '../core/instant.ts'
import { sentAtOf } from '../core/message.ts'
import type { PolledDelivery } from '../core/polled-delivery.ts'
import { callbackGraceMs } from '../core/schedule.ts'
import type { DeliveryReader, DeliveryWriter } from '../ledger/ports.ts'
import { StatusApiError } from './ports.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { QuarantineWriter } from '../quarantine/ports.ts'
import type { PendingWriter, RunStore, StatusApi, StatusPage, StatusQuery } from './ports.ts'
import { writeCheckpoint, type Checkpoint, type ReadCheckpoint } from './checkpoint.ts'
import { ProviderCalls, RunStopped, type CallBudget } from './provider-calls.ts'
import { RowRepairs } from './repair-rows.ts'
import { UnreadableRows } from './unreadable-rows.ts'

export interface RunDependencies {
  /** Absent where no poll is set up: then a run only closes what nobody will tell of any more. */
  readonly statusApi: StatusApi | undefined
  readonly deliveries: DeliveryWriter & PendingWriter & Pick<DeliveryReader, 'rowsOf' | 'pending'>
  /** Keeps rows of the poll that could not be read. */
  readonly quarantine: Pick<QuarantineWriter, 'keep'>
  readonly runs: RunStore
  readonly clock: Clock
  readonly log: Log
  /** Names this run in the lease; no two runs share it. */
  readonly owner: string
  /** Whether the sender tells the ledger of each mail: then there is nothing to discover. */
  readonly areSendsRecorded: boolean
  /** Whether somebody waits for what the run finds: then today's list is read at once. Default: not. */
  readonly isByHand?: boolean
}

/** How long a run that dies keeps others out. Longer than a request with all its retries. */
export const leaseMs = 2 * minuteMs

/** Kept of a run's time for writing down what it did. */
const closingReserveMs = 5 * secondMs

/** What a run that has lost its lease says of itself. */
export const lostLease = 'Another run has taken the lease; this one wrote no checkpoint after that.'

/** Rows of a full page of the provider's list. */
export const pageRows = 100

/** What the provider will never tell. */
const nothing: StatusPage = { deliveries: [], unreadable: [], rows: 0, isLast: true }

/** What the parts of one run share: how they ask, how far the run has come, and its hold on the lease. */
export class Run {
  readonly startedMs: number
  /** Mails that were sent later are left alone: their callbacks may still be on their way. */
  readonly throughMs: number
  /** Whose deliveries can be asked about; absent where no poll is set up. */
  readonly polledProvider: string | undefined
  readonly areSendsRecorded: boolean
  readonly isByHand: boolean
  readonly deliveries: RunDependencies['deliveries']
  readonly calls: ProviderCalls
  readonly repairs: RowRepairs
  /** The dates for whose lists look-ups have waited since an earlier run. */
  readonly datesBegunForDue: ReadonlySet<string>
  /** Moves only past what is applied. */
  checkpoint: Checkpoint
  /** Lists that turned out to be in another order than they had seemed, or in none. */
  orderChanges = 0
  /** Closed lists of which rows may not have been read, since they would not keep still. */
  unsteadyLists = 0
  /** The checkpoint as it was stored; `undefined` where there was none to go on from. */
  readonly #begunWith: Checkpoint | undefined
  readonly #deps: RunDependencies
  readonly #deadlineMs: number
  #leaseUntilMs: number
  /** The extension under way, for all who wait for one. */
  #keeping: Promise<void> | undefined

  constructor(
    deps: RunDependencies,
    budget: CallBudget,
    { checkpoint, known }: Pick<ReadCheckpoint, 'checkpoint' | 'known'>,
    startedMs: number,
  ) {
    this.startedMs = startedMs
    this.throughMs = startedMs - callbackGraceMs
    this.polledProvider = deps.statusApi?.provider
    this.areSendsRecorded = deps.areSendsRecorded
    this.isByHand = deps.isByHand ?? false
    this.deliveries = deps.deliveries
    this.checkpoint = checkpoint
    this.#begunWith = known
    const forDue = checkpoint.openSweeps.filter(({ isForDue }) => isForDue === true)
    this.datesBegunForDue = new Set(forDue.map(({ requestDate }) => requestDate))
    this.#deps = deps
    this.#deadlineMs = budget.deadlineMs
    this.#leaseUntilMs = startedMs + leaseMs
    this.repairs = new RowRepairs({
      deliveries: deps.deliveries,
      log: deps.log,
      unreadable: new UnreadableRows(deps.statusApi && { ...deps, provider: deps.statusApi.provider }),
      keepLease: () => this.keepLease(),
    })
    this.calls = new ProviderCalls({
      statusApi: deps.statusApi,
      clock: deps.clock,
      budget,
      lastCallAtMs: checkpoint.lastCallAtMs,
      beforeCall: () => this.keepLease(),
    })
  }

  /**
   * Asks for a page and brings its rows up to it. One question's failure is its own: `unanswered`.
   * @param list - of which reading of a list the page is, where it is held against the others of it
   */
  async apply(query: StatusQuery, list = 0): Promise<StatusPage | 'unanswered'> {
    const page = await this.#pageUnlessFailed(query)
    if (page === 'unanswered') return page
    const others = this.checkpoint.unwrittenPages.filter((other) => !isSame(other, query))
    await this.repairs.apply(
      sentThrough(page, this.throughMs),
      query.requestDate,
      this.#deps.clock.now(),
      list,
      () => {
        this.checkpoint = { ...this.checkpoint, unwrittenPages: [...others, query] }
        return this.save()
      },
    )
    this.checkpoint = { ...this.checkpoint, unwrittenPages: others }
    return page
  }

  /**
   * Asks again for the pages that an earlier run was told and did not come to write down whole: what it did write may have
   * settled all for which anybody would ask again.
   */
  async finishPages(): Promise<void> {
    for (const query of this.checkpoint.unwrittenPages) await this.apply(query)
  }

  /** Writes the checkpoint and extends the lease. Throws {@link RunStopped} where another run has taken it. */
  async save(): Promise<void> {
    const untilMs = this.#deps.clock.now() + leaseMs
    const isHeld = await this.#deps.runs.save(this.#deps.owner, this.storedCheckpoint(), untilMs)
    if (!isHeld) throw new RunStopped('lease', lostLease)
    this.#leaseUntilMs = untilMs
  }

  /**
   * Extends the lease where half of it is over: for every loop that may take its time. Throws {@link RunStopped} where another
   * run has taken it.
   */
  async keepLease(): Promise<void> {
    // A save that was answered late has kept nothing: done again, it is refused where another run has taken over.
    while (this.#leaseUntilMs - this.#deps.clock.now() < leaseMs / 2) {
      this.#keeping ??= this.save().finally(() => {
        this.#keeping = undefined
      })
      await this.#keeping
    }
  }

  /**
   * What the next run goes on from. Of a run that the provider has not answered, no more than which looks stay unanswered,
   * since its clock may be wrong. `undefined`: what is stored stays as it is.
   */
  storedCheckpoint(): string | undefined {
    const { lastCallAtMs } = this.calls
    const mayMove = this.polledProvider === undefined || this.calls.hasAnswered
    if (mayMove) return writeCheckpoint({ ...this.checkpoint, lastCallAtMs })
    const { unansweredLooks } = this.checkpoint
    if (this.#begunWith) return writeCheckpoint({ ...this.#begunWith, unansweredLooks, lastCallAtMs })
    return unansweredLooks.length === 0
      ? undefined
      : writeCheckpoint({ version: 2, unansweredLooks, lastCallAtMs })
  }

  /**
   * Asks one question where the ledger is new and there was none to ask: it begins once an answer has confirmed the clock,
   * and not when the first callback is lost, since dates before its beginning are not swept.
   */
  async confirmClock(): Promise<void> {
    if (this.#begunWith || this.calls.calls > 0) return
    await this.apply({ requestDate: addDays(requestDateOf(this.startedMs), -1), offset: 0 })
  }

  /**
   * Whether the date's list ends before the offset. `false` where that is refused: an offset beyond the end may be, and what
   * is wrong with the settings shows at the next question.
   */
  async isShorterThan(requestDate: string, offset: number): Promise<boolean | 'unanswered'> {
    try {
      const page = await this.apply({ requestDate, offset })
      return page === 'unanswered' ? page : page.rows === 0
    } catch (error) {
      if (error instanceof RunStopped && error.stoppedBy === 'settings') return false
      throw error
    }
  }

  isTimeUp(): boolean {
    return this.#deps.clock.now() > this.#deadlineMs - closingReserveMs
  }

  log(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#deps.log(event, fields)
  }

  async #pageUnlessFailed(query: StatusQuery): Promise<StatusPage | 'unanswered'> {
    try {
      return await this.calls.page(query)
    } catch (error) {
      if (!(error instanceof StatusApiError)) throw error
      this.log('question unanswered', { problem: error.message })
      // A page of a list that is refused is not the end of the list.
      const isOver = error.consequence === 'out-of-reach' || query.messageId !== undefined
      return isOver && error.consequence !== 'transient' ? nothing : 'unanswered'
    }
  }
}

function isSame(page: StatusQuery, other: StatusQuery): boolean {
  return (
    page.requestDate === other.requestDate &&
    page.offset === other.offset &&
    page.messageId === other.messageId
  )
}

/** What the page tells of mails that were sent up to the instant, and of those that do not say when. */
export function sentThrough(page: StatusPage, throughMs: number): StatusPage {
  return {
    ...page,
    deliveries: page.deliveries.filter((delivery) => (listedSentAt(delivery) ?? 0) <= throughMs),
    unreadable: page.unreadable.filter(({ sentAtMs = 0 }) => sentAtMs <= throughMs),
  }
}

/** Whether any row of the page is about a mail: that there is none is a row, too. */
export function hasReported({ deliveries, unreadable }: StatusPage): boolean {
  return deliveries.length + unreadable.length > 0
}

/** When a listed delivery was sent, as far as its row tells. */
export function listedSentAt({ sentAtMs, message }: PolledDelivery): number | undefined {
  return sentAtMs ?? sentAtOf(message)
}
