import { isPending, sentAtOfDelivery } from './core/delivery.ts'
import { minuteMs, requestDateOf, secondMs } from './core/instant.ts'
import { isTaskKey, sentAtOf } from './core/message.ts'
import { unknownEvent } from './core/polled-delivery.ts'
import { dueLookMs, isOutOfReach, isPastRetries } from './core/schedule.ts'
import { dueSweeps, oldestDateInReach, possibleRequestDates, type Sweep } from './core/sweep-plan.ts'
import {
  StatusApiError,
  UnwritableError,
  type Clock,
  type DeliveryReader,
  type DeliveryWriter,
  type Log,
  type PendingDelivery,
  type PendingWriter,
  type RunFigures,
  type RunStore,
  type StatusApi,
  type StatusPage,
  type StatusQuery,
} from './ports.ts'
import { ProviderCalls, RunStopped, type CallBudget } from './provider-calls.ts'
import { readCheckpoint, writeCheckpoint, type Checkpoint } from './reconcile-checkpoint.ts'
import { nameOf, RowRepairs } from './repair-rows.ts'

export interface ReconcileDependencies {
  readonly statusApi: StatusApi
  readonly deliveries: DeliveryWriter & PendingWriter & Pick<DeliveryReader, 'rowsOf' | 'pending'>
  readonly runs: RunStore
  readonly clock: Clock
  readonly log: Log
  /** Names this run in the lease; no two runs share it. */
  readonly owner: string
  /** Days after which a date's whole list is read again. */
  readonly sweepAgesDays: readonly number[]
}

/** A closed date at once, and three times for what happens late: complaints, unsubscribes, opens. */
export const defaultSweepAgesDays = [1, 3, 7, 29]

/** How long a run that dies keeps others out. Longer than a request with all its retries. */
const leaseMs = 2 * minuteMs
/** Look-ups after which the checkpoint is written: what a run that dies has to ask again. */
const looksPerCheckpoint = 25
/** Look-ups without an answer that are asked again at the next run. More than that is not about the question. */
const maxUnansweredLooks = 20
/** Kept of a run's time for writing down what it did. */
const closingReserveMs = 5 * secondMs

export interface RunReport {
  readonly figures: RunFigures
  /** Why the run ended early, where it did. */
  readonly problem?: string
}

/**
 * One pass: what was never heard of, what is still unsettled, what nobody can tell any more. Every step can be cut short
 * and done again: facts are joins, and the checkpoint moves only past what is applied.
 */
export async function reconcile(on: ReconcileDependencies, budget: CallBudget): Promise<RunReport> {
  const nowMs = on.clock.now()
  const held = await on.runs.acquire(on.owner, nowMs, nowMs + leaseMs)
  if (!held) return { figures: { ...noFigures, pending: await countPending(on), stoppedBy: 'lease' } }
  const { checkpoint, isReadable } = readCheckpoint(held.checkpoint, on.sweepAgesDays, nowMs)
  if (!isReadable) on.log('checkpoint unreadable', { consequence: 'reading begins anew' })
  const run = new Run(on, budget, checkpoint, nowMs)
  const report = await run.toItsEnd()
  on.log('reconciled', {
    ...report.figures,
    ...(report.problem !== undefined && { problem: report.problem }),
  })
  return report
}

const noFigures = { calls: 0, rows: 0, discovered: 0, repaired: 0, settled: 0, unknown: 0, pending: 0 }

async function countPending(on: ReconcileDependencies): Promise<number> {
  return (await Array.fromAsync(on.deliveries.pending())).length
}

/** A message with recipients whose look is due: all of them share one look-up. */
interface DueMessage {
  readonly message: string
  readonly sentAtMs: number
  readonly dueAtMs: number
}

/** A pending delivery, and when it was sent: its message's key tells, or else its row had to be read. */
interface DatedDelivery {
  readonly delivery: PendingDelivery
  readonly sentAtMs: number
}

class Run {
  readonly #on: ReconcileDependencies
  readonly #calls: ProviderCalls
  readonly #repairs: RowRepairs
  readonly #startedMs: number
  readonly #deadlineMs: number
  #checkpoint: Checkpoint
  #leaseUntilMs: number
  #unknown = 0
  #softBouncesSettled = 0

  constructor(on: ReconcileDependencies, budget: CallBudget, checkpoint: Checkpoint, startedMs: number) {
    this.#on = on
    this.#checkpoint = checkpoint
    this.#startedMs = startedMs
    this.#deadlineMs = budget.deadlineMs
    this.#leaseUntilMs = startedMs + leaseMs
    this.#repairs = new RowRepairs(on)
    this.#calls = new ProviderCalls({
      statusApi: on.statusApi,
      clock: on.clock,
      budget,
      lastCallAtMs: checkpoint.lastCallAtMs,
      beforeCall: () => this.#keepLease(),
    })
  }

  async toItsEnd(): Promise<RunReport> {
    const stopped = await this.#ask()
    const { pending, isTimeUp } = await this.#closePending(stopped?.stoppedBy !== 'lease')
    const figures: RunFigures = {
      calls: this.#calls.calls,
      rows: this.#calls.rows,
      discovered: this.#repairs.discovered,
      repaired: this.#repairs.repaired,
      settled: this.#repairs.settled + this.#softBouncesSettled,
      unknown: this.#unknown,
      pending,
      stoppedBy: stopped?.stoppedBy ?? (isTimeUp ? 'time' : 'done'),
    }
    const isStillHeld = await this.#on.runs.release(this.#on.owner, this.#stored(), figures)
    if (!isStillHeld) return { figures: { ...figures, stoppedBy: 'lease' }, problem: lostLease }
    return { figures, ...(stopped && { problem: stopped.message }) }
  }

  /** A provider that keeps failing ends the part in which it does, so that stuck dates cannot starve look-ups. */
  async #ask(): Promise<RunStopped | undefined> {
    let stopped: RunStopped | undefined
    for (const part of [() => this.#readTail(), () => this.#sweepClosedDates(), () => this.#lookAtDue()]) {
      stopped = (await untilStopped(part)) ?? stopped
      if (stopped && stopped.stoppedBy !== 'provider') break
    }
    return stopped
  }

  /** Today's list, onward from where the last run ended. */
  async #readTail(): Promise<void> {
    const today = requestDateOf(this.#startedMs)
    const { tail } = this.#checkpoint
    const from = tail.requestDate === today ? tail : { requestDate: today, offset: 0 }
    await this.#sweep(from, (reached) => {
      this.#checkpoint = { ...this.#checkpoint, tail: reached }
    })
  }

  /** Whole lists of dates that have closed. A date that fails goes behind the others and is read on at the next run. */
  async #sweepClosedDates(): Promise<void> {
    const { sweptAges, due } = dueSweeps(this.#checkpoint.sweptAges, this.#startedMs)
    const oldest = oldestDateInReach(this.#startedMs)
    const open = this.#checkpoint.openSweeps.filter((sweep) => sweep.requestDate >= oldest)
    // A date under way is not begun again while it is: what it has read lately it has read.
    const begun = due.filter((date) => !open.some((sweep) => sweep.requestDate === date))
    const all = [...open, ...begun.map((requestDate) => ({ requestDate, offset: 0 }))]
    const failed: Sweep[] = []
    const saveSweeps = (openSweeps: readonly Sweep[]) => {
      this.#checkpoint = { ...this.#checkpoint, sweptAges: [...sweptAges], openSweeps: [...openSweeps] }
    }
    saveSweeps(all)
    for (const [index, sweep] of all.entries()) {
      const others = all.slice(index + 1)
      let reached: Sweep = sweep
      const isComplete = await this.#sweep(sweep, (next) => {
        reached = next
        saveSweeps([next, ...others, ...failed])
      })
      if (!isComplete) failed.push(reached)
      saveSweeps([...others, ...failed])
    }
    await this.#save()
  }

  /** Reads a list page by page, and calls `reached` with each page applied. `false` where a page stayed unanswered. */
  async #sweep(from: Sweep, reached: (sweep: Sweep) => void): Promise<boolean> {
    let { offset } = from
    for (;;) {
      const page = await this.#pageUnlessFailed({ requestDate: from.requestDate, offset })
      if (page === 'unanswered') return false
      await this.#repairs.apply(page, from.requestDate)
      offset += page.rows
      reached({ requestDate: from.requestDate, offset })
      if (page.isLast) return true
      await this.#save()
    }
  }

  /** One question's failure is its own. What the provider will never tell is an empty page. */
  async #pageUnlessFailed(query: StatusQuery): Promise<StatusPage | 'unanswered'> {
    try {
      return await this.#calls.page(query)
    } catch (error) {
      if (!(error instanceof StatusApiError)) throw error
      this.#on.log('question unanswered', { problem: error.message })
      return error.consequence === 'transient' ? 'unanswered' : nothing
    }
  }

  /**
   * Pending deliveries whose look is due, longest due first; then those that got no answer last time. Each counts by its
   * latest due look, so everything due up to the next one's instant is done once this one is.
   */
  async #lookAtDue(): Promise<void> {
    const due = await this.#dueMessages()
    const stillDue = new Set(due.map(({ message }) => message))
    let unanswered = this.#checkpoint.unansweredLooks.filter((message) => stillDue.has(message))
    for (const [index, { message, sentAtMs }] of due.entries()) {
      const isAnswered = await this.#lookUp(message, sentAtMs)
      unanswered = unanswered.filter((other) => other !== message)
      if (!isAnswered) unanswered.push(message)
      // Not passed, so not lost: the next run begins with it.
      if (unanswered.length > maxUnansweredLooks) throw new RunStopped('provider', tooManyUnanswered)
      const nextDueMs = due[index + 1]?.dueAtMs ?? this.#startedMs + 1
      this.#checkpoint = { ...this.#checkpoint, unansweredLooks: unanswered, looksThroughMs: nextDueMs - 1 }
      if (index % looksPerCheckpoint === looksPerCheckpoint - 1) await this.#save()
    }
    this.#checkpoint = { ...this.#checkpoint, unansweredLooks: unanswered, looksThroughMs: this.#startedMs }
  }

  async #dueMessages(): Promise<readonly DueMessage[]> {
    const window = { afterMs: this.#checkpoint.looksThroughMs, throughMs: this.#startedMs }
    const due = new Map<string, DueMessage>()
    for await (const batch of batchesOf(this.#on.deliveries.pending())) {
      const askable = batch.filter(
        (delivery) => !isTaskKey(delivery.message) && !this.#repairs.hasSeen(delivery),
      )
      for (const { delivery, sentAtMs } of await this.#dated(askable)) {
        const { message, status } = delivery
        const isUnanswered = this.#checkpoint.unansweredLooks.includes(message)
        const dueAtMs = isUnanswered ? this.#startedMs + 1 : dueLookMs(status, sentAtMs, window)
        if (dueAtMs === undefined || isOutOfReach(sentAtMs, this.#startedMs)) continue
        const known = due.get(message)
        due.set(message, { message, sentAtMs, dueAtMs: Math.min(dueAtMs, known?.dueAtMs ?? Infinity) })
      }
      this.#requireTime()
    }
    return [...due.values()].sort((a, b) => a.dueAtMs - b.dueAtMs || (a.message < b.message ? -1 : 1))
  }

  /** `false` where the question stayed unanswered. */
  async #lookUp(message: string, sentAtMs: number): Promise<boolean> {
    for (const requestDate of possibleRequestDates(sentAtMs)) {
      let offset = 0
      for (;;) {
        const page = await this.#pageUnlessFailed({ requestDate, offset, messageId: message })
        if (page === 'unanswered') return false
        await this.#repairs.apply(page, requestDate)
        offset += page.rows
        if (page.isLast) break
      }
      if (offset > 0) return true
    }
    return true
  }

  /**
   * Closes what there is nothing more to ask about, and counts what stays pending. It closes only where the provider has
   * answered this run: it checks the time of a request, and a clock that is wrong would close the mail of today.
   */
  async #closePending(hasLease: boolean): Promise<{ pending: number; isTimeUp: boolean }> {
    const mayClose = hasLease && this.#calls.hasAnswered
    let pending = 0
    let isTimeUp = false
    for await (const batch of batchesOf(this.#on.deliveries.pending())) {
      pending += batch.length
      isTimeUp ||= mayClose && this.#isTimeUp()
      if (!mayClose || isTimeUp) continue
      for (const dated of await this.#dated(batch)) {
        isTimeUp ||= this.#isTimeUp()
        if (!isTimeUp && (await this.#closes(dated))) pending -= 1
      }
    }
    return { pending, isTimeUp }
  }

  async #closes({ delivery, sentAtMs }: DatedDelivery): Promise<boolean> {
    if (delivery.status === 'soft-bounced') return this.#closesSoftBounce(delivery, sentAtMs)
    if (!isOutOfReach(sentAtMs, this.#startedMs)) return false
    const [row] = await this.#on.deliveries.rowsOf([delivery])
    if (!row || !isPending(row.status)) return false
    try {
      await this.#on.deliveries.record(unknownEvent(row, sentAtMs))
    } catch (error) {
      if (!(error instanceof UnwritableError)) throw error
      // A row that can take no more facts can still lose an attribute.
      this.#on.log('write refused', { message: delivery.message })
      await this.#on.deliveries.leavePending(delivery, delivery.status)
    }
    this.#unknown += 1
    return true
  }

  async #closesSoftBounce(delivery: PendingDelivery, sentAtMs: number): Promise<boolean> {
    const window = { afterMs: this.#checkpoint.looksThroughMs, throughMs: this.#startedMs }
    const isLookAhead =
      dueLookMs(delivery.status, sentAtMs, window) !== undefined ||
      this.#checkpoint.unansweredLooks.includes(delivery.message)
    const isInReach = !isOutOfReach(sentAtMs, this.#startedMs)
    if (!isPastRetries(sentAtMs, this.#startedMs) || (isInReach && isLookAhead)) return false
    await this.#on.deliveries.leavePending(delivery, delivery.status)
    this.#softBouncesSettled += 1
    return true
  }

  /** When each was sent: its message's key tells, or else its row has to be read. */
  async #dated(deliveries: readonly PendingDelivery[]): Promise<readonly DatedDelivery[]> {
    const undated = deliveries.filter(({ message }) => sentAtOf(message) === undefined)
    const rows = undated.length === 0 ? [] : await this.#on.deliveries.rowsOf(undated)
    const toldMs = new Map(rows.map((row) => [nameOf(row), sentAtOfDelivery(row)]))
    return deliveries.flatMap((delivery) => {
      const sentAtMs = sentAtOf(delivery.message) ?? toldMs.get(nameOf(delivery))
      return sentAtMs === undefined ? [] : [{ delivery, sentAtMs }]
    })
  }

  #isTimeUp(): boolean {
    return this.#on.clock.now() > this.#deadlineMs - closingReserveMs
  }

  #requireTime(): void {
    if (this.#isTimeUp()) throw new RunStopped('time', 'The time for this run is used up.')
  }

  async #keepLease(): Promise<void> {
    if (this.#leaseUntilMs - this.#on.clock.now() < leaseMs / 2) await this.#save()
  }

  async #save(): Promise<void> {
    const untilMs = this.#on.clock.now() + leaseMs
    if (!(await this.#on.runs.save(this.#on.owner, this.#stored(), untilMs)))
      throw new RunStopped('lease', lostLease)
    this.#leaseUntilMs = untilMs
  }

  #stored(): string {
    return writeCheckpoint({ ...this.#checkpoint, lastCallAtMs: this.#calls.lastCallAtMs })
  }
}

const nothing: StatusPage = { deliveries: [], unreadable: [], rows: 0, isLast: true }
const tooManyUnanswered = `More than ${maxUnansweredLooks} look-ups stay unanswered.`
const lostLease = 'Another run has taken the lease; this one wrote no checkpoint after that.'

/** Rows of the index that are dated together: what one BatchGetItem takes. */
const batchSize = 100

async function* batchesOf<T>(items: AsyncIterable<T>): AsyncIterable<readonly T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

async function untilStopped(work: () => Promise<void>): Promise<RunStopped | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (error instanceof RunStopped) return error
    throw error
  }
}
