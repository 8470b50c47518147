import { addDays, requestDateOf, secondMs } from '../core/instant.ts'
import { callbackGraceMs } from '../core/schedule.ts'
import { sweepCallsPerDay } from '../core/sweep-plan.ts'
import type { DeliveryReader, DeliveryWriter, PendingDelivery } from '../ledger/ports.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { QuarantineWriter } from '../quarantine/ports.ts'
import type { PendingWriter, RunStore, StatusApi, StatusQuery } from './ports.ts'
import { writeCheckpoint, type Checkpoint, type ReadCheckpoint } from './checkpoint.ts'
import { Lease, leaseMs } from './lease.ts'
import { PageReader } from './page-reader.ts'
import { ProviderCalls, type CallBudget } from './provider-calls.ts'
import { RowRepairs } from './repair-rows.ts'
import { UnreadableRows } from './unreadable-rows.ts'

export interface RunDependencies {
  /** Absent where no poll is set up: then a run only closes deliveries of which no news can come any more. */
  readonly statusApi: StatusApi | undefined
  readonly deliveries: DeliveryWriter & PendingWriter & Pick<DeliveryReader, 'rowsOf' | 'pending'>
  /** Keeps rows of the poll that could not be read. */
  readonly quarantine: Pick<QuarantineWriter, 'keep'>
  readonly runs: RunStore
  readonly clock: Clock
  readonly log: Log
  /** Names this run in the lease; no two runs share it. */
  readonly owner: string
  /** Whether the sender reports each mail to the ledger: then there is nothing to discover. */
  readonly areSendsRecorded: boolean
  /**
   * Days after which a date's whole list is read again, as somebody set them. Otherwise they are the default ones, and fewer where
   * the sweeps of a day do not fit into their part of the pace.
   */
  readonly sweepAgesDays?: readonly number[] | undefined
  /** Whether another run takes care of deliveries of this provider. Default: none does. */
  readonly isPolledElsewhere?: (provider: string) => boolean
  /** Whether somebody waits for what the run finds: then today's list is read at once. Default: not. */
  readonly isByHand?: boolean
}

/** Kept of a run's time for recording what it did. */
const closingReserveMs = 5 * secondMs

/** What the parts of one run share: how they read the provider's lists, how far the run is, and its lease. */
export class Run {
  readonly startedMs: number
  /** How old the provider's answers may be. */
  readonly staleMs: number
  /** Up to when the provider's answers are surely current: until now, where none of today's list can be a repeated one. */
  readonly listedMs: number
  /** Mails that were sent later are left alone: their callbacks may still be on their way. */
  readonly throughMs: number
  /** Whose deliveries can be asked about; absent where no poll is set up. */
  readonly polledProvider: string | undefined
  readonly lookUpsBy: StatusApi['lookUpsBy']
  /** Where several regions' lists are read: whose this run reads. */
  readonly region: string | undefined
  readonly areSendsRecorded: boolean
  readonly sweepAgesDays: readonly number[] | undefined
  /** The calls that sweeps may take on a day, where nobody set their ages. */
  readonly sweepCallsPerDay: number
  readonly isByHand: boolean
  readonly deliveries: RunDependencies['deliveries']
  readonly calls: ProviderCalls
  readonly repairs: RowRepairs
  readonly reader: PageReader
  /** The dates for whose lists look-ups have waited since an earlier run. */
  readonly datesBegunForDue: ReadonlySet<string>
  /** Lists whose order turned out to differ from what it had seemed to be, or that have none. */
  orderChanges = 0
  /** Closed lists of which rows may not have been read, since their order kept changing. */
  unsteadyLists = 0
  #checkpoint: Checkpoint
  /** The checkpoint as it was stored; `undefined` where there was none to go on from. */
  readonly #begunWith: Checkpoint | undefined
  readonly #deps: RunDependencies
  readonly #budget: CallBudget
  readonly #lease: Lease

  constructor(
    deps: RunDependencies,
    budget: CallBudget,
    { checkpoint, known }: Pick<ReadCheckpoint, 'checkpoint' | 'known'>,
    startedMs: number,
  ) {
    const { statusApi, deliveries, clock, log } = deps
    this.startedMs = startedMs
    this.staleMs = statusApi?.staleMs ?? 0
    const isRepeatable = startedMs - checkpoint.tail.askedAtMs < this.staleMs
    this.listedMs = isRepeatable ? startedMs - this.staleMs : startedMs
    this.throughMs = this.listedMs - callbackGraceMs
    this.polledProvider = statusApi?.provider
    this.lookUpsBy = statusApi?.lookUpsBy ?? 'message'
    this.region = statusApi?.isOneOfSeveral ? statusApi.region : undefined
    this.areSendsRecorded = deps.areSendsRecorded
    this.sweepAgesDays = deps.sweepAgesDays
    this.sweepCallsPerDay = sweepCallsPerDay(budget.requestsPerSecond, budget.listsAtPace ?? 1)
    this.isByHand = deps.isByHand ?? false
    this.deliveries = deliveries
    this.#checkpoint = checkpoint
    this.#begunWith = known
    const forDue = checkpoint.openSweeps.filter(({ isForDue }) => isForDue === true)
    this.datesBegunForDue = new Set(forDue.map(({ requestDate }) => requestDate))
    this.#deps = deps
    this.#budget = budget
    this.#lease = new Lease(clock, startedMs + leaseMs, (untilMs) =>
      deps.runs.save(deps.owner, this.storedCheckpoint(), untilMs),
    )
    const keepLease = () => this.keepLease()
    const unreadable = new UnreadableRows(statusApi && { ...deps, statusApi })
    this.repairs = new RowRepairs({ deliveries, log, unreadable, keepLease })
    const { lastCallAtMs } = checkpoint
    this.calls = new ProviderCalls({ statusApi, clock, budget, lastCallAtMs, beforeCall: keepLease })
    this.reader = new PageReader({
      calls: this.calls,
      repairs: this.repairs,
      clock,
      log,
      throughMs: () => this.throughMs,
      unwritten: {
        begin: (query) => {
          // Of deliveries that a look-up names itself, those that are not written are looked up again.
          if (query.emailIds || query.recipient !== undefined) return Promise.resolve()
          this.advance({ unwrittenPages: [...this.#unwrittenBeside(query), query] })
          return this.save()
        },
        end: (query) => {
          this.advance({ unwrittenPages: this.#unwrittenBeside(query) })
        },
      },
    })
  }

  /** How far the run is. */
  get checkpoint(): Checkpoint {
    return this.#checkpoint
  }

  /** The one place where the checkpoint changes. It moves only past what is applied; {@link save} stores it. */
  advance(reached: Partial<Checkpoint>): void {
    this.#checkpoint = { ...this.#checkpoint, ...reached }
  }

  /** Stores the checkpoint and renews the lease. Throws `RunStopped` where another run has taken it. */
  save(): Promise<void> {
    return this.#lease.renew()
  }

  /** Renews the lease where it needs to be: for every loop that may take its time. Throws as {@link save} does. */
  keepLease(): Promise<void> {
    return this.#lease.keep()
  }

  /**
   * Reads again the pages that an earlier run received and did not write whole: what it did write may have settled every
   * delivery for which a look-up would be due.
   */
  async finishPages(): Promise<void> {
    for (const query of this.#checkpoint.unwrittenPages) await this.reader.page(query)
  }

  /**
   * Makes one request where the ledger is new and there was nothing to ask: the ledger begins once an answer has confirmed the
   * clock, and not when the first callback is lost, since dates before its beginning are not swept.
   */
  async confirmClock(): Promise<void> {
    if (this.#begunWith || this.calls.calls > 0) return
    await this.reader.page({ requestDate: addDays(requestDateOf(this.startedMs), -1), offset: 0 })
  }

  /**
   * What the next run goes on from. Of a run that the provider has not answered, only which look-ups stay unanswered, since
   * its clock may be wrong. `undefined`: what is stored stays as it is.
   */
  storedCheckpoint(): string | undefined {
    const { lastCallAtMs } = this.calls
    const mayMove = this.polledProvider === undefined || this.calls.hasAnswered
    if (mayMove) return writeCheckpoint({ ...this.#checkpoint, lastCallAtMs })
    const { unansweredLooks } = this.#checkpoint
    if (this.#begunWith) return writeCheckpoint({ ...this.#begunWith, unansweredLooks, lastCallAtMs })
    return unansweredLooks.length === 0
      ? undefined
      : writeCheckpoint({ version: 2, unansweredLooks, lastCallAtMs })
  }

  /** Whether this run takes care of the delivery. */
  isOurs({ provider }: PendingDelivery): boolean {
    return !(this.#deps.isPolledElsewhere?.(provider) ?? false)
  }

  /** What the provider calls its poll; absent where no poll is set up. */
  get pollName(): string | undefined {
    return this.#deps.statusApi?.name
  }

  isTimeUp(): boolean {
    const { deadlineMs, stop } = this.#budget
    return (stop?.aborted ?? false) || this.#deps.clock.now() > deadlineMs - closingReserveMs
  }

  log(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#deps.log(event, fields)
  }

  #unwrittenBeside({ requestDate, offset, messageId }: StatusQuery): Checkpoint['unwrittenPages'] {
    return this.#checkpoint.unwrittenPages.filter(
      (page) => page.requestDate !== requestDate || page.offset !== offset || page.messageId !== messageId,
    )
  }
}
