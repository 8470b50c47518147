import pMap from 'p-map'
import {
  impliedStatus,
  isEngagement,
  isPending,
  nameOf,
  type Delivery,
  type DeliveryKey,
} from '../core/delivery.ts'
import type { DeliveryEvent } from '../core/event.ts'
import { requestDateStartMs } from '../core/instant.ts'
import { joined } from '../core/join.ts'
import { sentAtOf } from '../core/message.ts'
import { countOutcomes, outcomeOf, type MailOutcome, type OutcomeCounts } from '../core/outcome.ts'
import { missingEvents, type PolledDelivery } from '../core/polled-delivery.ts'
import { UnwritableError, type DeliveryReader, type DeliveryWriter } from '../ledger/ports.ts'
import type { StatusPage, UnreadableRow } from './ports.ts'
import type { Log } from '../runtime/ports.ts'
import { RunStopped } from './provider-calls.ts'
import type { UnreadableRows } from './unreadable-rows.ts'

interface Dependencies {
  readonly deliveries: Pick<DeliveryWriter, 'record'> & Pick<DeliveryReader, 'rowsOf'>
  readonly log: Log
  /** Keeps what could not be read, and counts it. */
  readonly unreadable: UnreadableRows
  /** Runs before each row is repaired, several times at once. Where another run has taken the lease it throws RunStopped. */
  readonly keepLease?: () => Promise<void>
}

/** Rows whose writes are under way at once. */
const concurrentRows = 8

/** Adds to rows the facts that polled pages report and the rows lack, and counts what that took. */
export class RowRepairs {
  readonly #deps: Dependencies
  /** For each delivery that a page reported: in which reading of a list it was last, 0 where in none. */
  readonly #seen = new Map<string, number>()
  /** Readings in which a delivery was reported twice. */
  readonly #unsteady = new Set<number>()
  #lists = 0
  readonly #settled = new Set<string>()
  readonly #stalenessMs: number[] = []
  readonly #outcomes: MailOutcome[] = []
  #discovered = 0
  #repaired = 0
  #turnedPending = 0
  #refused = 0
  #isLeaseLost = false

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** Deliveries that the ledger did not know. */
  get discovered(): number {
    return this.#discovered
  }

  /** Known deliveries that lacked a fact. */
  get repaired(): number {
    return this.#repaired
  }

  /** Pending deliveries that the pages settled. */
  get settled(): number {
    return this.#settled.size
  }

  /** Deliveries that are pending since the pages reported them. */
  get turnedPending(): number {
    return this.#turnedPending
  }

  /** For each outcome that the pages reported first: how long it had been known to the provider alone. */
  get stalenessMs(): readonly number[] {
    return this.#stalenessMs
  }

  /** The outcomes of mails that the pages reported first. */
  get outcomes(): OutcomeCounts {
    return countOutcomes(this.#outcomes)
  }

  /** Rows of which something could not be read. */
  get unreadable(): number {
    return this.#deps.unreadable.count
  }

  /** Events that the table refused for good. */
  get refused(): number {
    return this.#refused
  }

  /** Whether the pages settled this delivery. */
  hasSettled(key: DeliveryKey): boolean {
    return this.#settled.has(nameOf(key))
  }

  /** Whether a page reported this delivery already: a look-up right after it could report nothing new. */
  hasSeen(key: DeliveryKey): boolean {
    return this.#seen.has(nameOf(key))
  }

  /** Begins the reading of a list, whose pages are compared with each other. */
  beginList(): number {
    this.#lists += 1
    return this.#lists
  }

  /**
   * Whether a delivery was on two pages of the list: its order has changed between them, or a row was added in front. (Two
   * spellings of one address count as well.)
   */
  isUnsteady(list: number): boolean {
    return this.#unsteady.has(list)
  }

  /**
   * @param requestDate - the date whose list the page is of: when a row was sent, where nothing else shows it.
   * @param nowMs - when the page was received.
   * @param list - of which reading the page is; 0 where of none.
   * @param beforeSeveral - done before the first of several writes: a run that ends among them leaves a part undone.
   */
  async apply(
    page: StatusPage,
    requestDate: string,
    nowMs: number,
    list = 0,
    beforeSeveral?: () => Promise<void> | undefined,
  ): Promise<void> {
    if (page.unreadable.length > 0) {
      const fields = page.unreadable.map((row) => row.fields)
      this.#deps.log('rows unreadable', { rows: page.unreadable.length, fields })
    }
    const polled = Map.groupBy(page.deliveries, nameOf)
    const rows = await this.#deps.deliveries.rowsOf([...polled.values()].flatMap(([first]) => first ?? []))
    const known = new Map(rows.map((row) => [nameOf(row), row]))
    const repairs = [...polled].map(([name, polled]) => repairOf(known.get(name), polled, requestDate))
    const writes = repairs.flatMap(({ missing }) => missing).length + page.unreadable.length
    if (writes > 1) await beforeSeveral?.()
    await pMap(page.unreadable, (row) => this.#keepUnreadable(row, requestDate), {
      concurrency: concurrentRows,
    })
    await pMap(repairs, (repair) => this.#repair(repair, nowMs), { concurrency: concurrentRows })
    for (const name of polled.keys()) {
      if (list > 0 && this.#seen.get(name) === list) this.#unsteady.add(list)
      this.#seen.set(name, list)
    }
  }

  async #repair({ known, missing, row }: Repair, nowMs: number): Promise<void> {
    await this.#keepLease()
    let isWhole = true
    for (const { event, outcome } of missing) {
      // One that is refused does not stop the others: a complaint has to reach the suppressions whatever its row can hold.
      if (!(await this.#isWritten(event))) {
        isWhole = false
        continue
      }
      if (isOutcome(event)) this.#stalenessMs.push(nowMs - event.occurredAtMs)
      if (outcome !== undefined) this.#outcomes.push(outcome)
    }
    // A known row lacks no request: what was added is its region.
    const hasNews = known === undefined || missing.some(({ event }) => event.kind !== 'requested')
    if (isWhole && row !== undefined && hasNews) this.#count(known, row)
  }

  async #keepUnreadable(row: UnreadableRow, requestDate: string): Promise<void> {
    await this.#keepLease()
    await this.#deps.unreadable.keep(row, requestDate)
  }

  /** `false` where the table refuses it for good. */
  async #isWritten(event: DeliveryEvent): Promise<boolean> {
    try {
      await this.#deps.deliveries.record(event)
      return true
    } catch (error) {
      if (!(error instanceof UnwritableError)) throw error
      this.#refused += 1
      this.#deps.log('write refused', { message: event.message })
      return false
    }
  }

  /** What was received is written whoever has the lease: the next request finds out. */
  async #keepLease(): Promise<void> {
    if (this.#isLeaseLost) return
    try {
      await this.#deps.keepLease?.()
    } catch (error) {
      if (!(error instanceof RunStopped)) throw error
      this.#isLeaseLost = true
    }
  }

  #count(known: Delivery | undefined, row: Delivery): void {
    if (known === undefined) this.#discovered += 1
    else this.#repaired += 1
    const wasPending = known !== undefined && isPending(known.status)
    if (wasPending && !isPending(row.status)) this.#settled.add(nameOf(row))
    if (!wasPending && isPending(row.status)) this.#turnedPending += 1
  }
}

/** What a row lacks, and what it is with that. */
interface Repair {
  readonly known: Delivery | undefined
  readonly missing: readonly MissingRow[]
  readonly row: Delivery | undefined
}

interface MissingRow {
  readonly event: DeliveryEvent
  /** The outcome of the mail, where it was not known before. */
  readonly outcome: MailOutcome | undefined
}

/** @param polled - usually one; more where a message went to one address in two spellings. */
function repairOf(
  known: Delivery | undefined,
  polled: readonly PolledDelivery[],
  requestDate: string,
): Repair {
  const missing: MissingRow[] = []
  let row = known
  for (const delivery of polled) {
    for (const event of missingEvents(row, withSentAt(delivery, requestDate))) {
      missing.push({ event, outcome: isKnownAlready(row, event) ? undefined : outcomeOf(event) })
      row = joined(row, event)
    }
  }
  return { known, missing, row }
}

/** Whether the row has it in other words: the poll may add why a mail was dropped that a callback reported as dropped. */
function isKnownAlready(row: Delivery | undefined, event: DeliveryEvent): boolean {
  return row !== undefined && row.facts.has(event.kind) && row.status === impliedStatus(event)
}

/** Whether it reports the outcome of a mail, and when. */
function isOutcome(event: DeliveryEvent): event is DeliveryEvent & { readonly occurredAtMs: number } {
  return event.occurredAtMs !== undefined && event.kind !== 'requested' && !isEngagement(event.kind)
}

/** A row that does not show when it was sent was sent on the date under which it is listed. */
function withSentAt(polled: PolledDelivery, requestDate: string): PolledDelivery {
  const isDated = polled.sentAtMs !== undefined || sentAtOf(polled.message) !== undefined
  return isDated ? polled : { ...polled, sentAtMs: requestDateStartMs(requestDate) }
}
