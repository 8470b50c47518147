import pMap from 'p-map'
import {
  impliedStatus,
  isPending,
  sentAtOfDelivery,
  type Delivery,
  type DeliveryKey,
} from './core/delivery.ts'
import { minuteMs, requestDateOf } from './core/instant.ts'
import { isTaskKey, sentAtOf } from './core/message.ts'
import { lackingEvents, unknownEvent, type PolledDelivery } from './core/polled-delivery.ts'
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
} from './ports.ts'
import { ProviderCalls, RunStopped, type CallBudget } from './provider-calls.ts'
import { readCheckpoint, writeCheckpoint, type Checkpoint } from './reconcile-checkpoint.ts'

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
const concurrentWrites = 8
/** Look-ups after which the checkpoint is written: what a run that dies has to ask again. */
const looksPerCheckpoint = 25

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
  dueAtMs: number
}

class Run {
  readonly #on: ReconcileDependencies
  readonly #calls: ProviderCalls
  readonly #startedMs: number
  #checkpoint: Checkpoint
  #leaseUntilMs: number
  #discovered = 0
  #repaired = 0
  #unknown = 0
  readonly #settled = new Set<string>()

  constructor(on: ReconcileDependencies, budget: CallBudget, checkpoint: Checkpoint, startedMs: number) {
    this.#on = on
    this.#checkpoint = checkpoint
    this.#startedMs = startedMs
    this.#leaseUntilMs = startedMs + leaseMs
    this.#calls = new ProviderCalls({
      statusApi: on.statusApi,
      clock: on.clock,
      budget,
      lastCallAtMs: checkpoint.lastCallAtMs,
      beforeCall: () => this.#keepLease(),
    })
  }

  async toItsEnd(): Promise<RunReport> {
    const stopped = await this.#untilStopped(async () => {
      await this.#readTail()
      await this.#sweepClosedDates()
      await this.#lookAtDue()
    })
    if (stopped?.stoppedBy !== 'lease') await this.#giveUp()
    const figures: RunFigures = {
      calls: this.#calls.calls,
      rows: this.#calls.rows,
      discovered: this.#discovered,
      repaired: this.#repaired,
      settled: this.#settled.size,
      unknown: this.#unknown,
      pending: await countPending(this.#on),
      stoppedBy: stopped?.stoppedBy ?? 'done',
    }
    const isStillHeld = await this.#on.runs.release(this.#on.owner, this.#stored(), figures)
    if (!isStillHeld) return { figures: { ...figures, stoppedBy: 'lease' }, problem: lostLease }
    return { figures, ...(stopped && { problem: stopped.message }) }
  }

  async #untilStopped(work: () => Promise<void>): Promise<RunStopped | undefined> {
    try {
      await work()
      return undefined
    } catch (error) {
      if (error instanceof RunStopped) return error
      throw error
    }
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

  /** Whole lists of dates that have closed. A date that fails keeps its place and lets the others pass. */
  async #sweepClosedDates(): Promise<void> {
    const { sweptAges, due } = dueSweeps(this.#checkpoint.sweptAges, this.#startedMs)
    const oldest = oldestDateInReach(this.#startedMs)
    const open = this.#checkpoint.openSweeps.filter((sweep) => sweep.requestDate >= oldest)
    const begun = due
      .filter((date) => !open.some((sweep) => sweep.requestDate === date && sweep.offset === 0))
      .map((date) => ({ requestDate: date, offset: 0 }))
    this.#checkpoint = { ...this.#checkpoint, sweptAges: [...sweptAges], openSweeps: [...open, ...begun] }
    for (const sweep of this.#checkpoint.openSweeps) {
      let current = sweep
      const replace = (next: readonly Sweep[]) => {
        const openSweeps = this.#checkpoint.openSweeps.flatMap((other) =>
          other === current ? next : [other],
        )
        this.#checkpoint = { ...this.#checkpoint, openSweeps }
      }
      const isComplete = await this.#sweep(sweep, (reached) => {
        replace([reached])
        current = reached
      })
      if (isComplete) replace([])
    }
    await this.#save()
  }

  /** Reads a list page by page, and calls `reached` with each page applied. `false` where a page stayed unanswered. */
  async #sweep(from: Sweep, reached: (sweep: Sweep) => void): Promise<boolean> {
    let { offset } = from
    for (;;) {
      const page = await this.#pageUnlessFailed({ requestDate: from.requestDate, offset })
      if (!page) return false
      await this.#apply(page)
      offset += page.rows
      reached({ requestDate: from.requestDate, offset })
      if (page.isLast) return true
      await this.#save()
    }
  }

  /** One question's failure is its own; `undefined` then. A date out of reach has nothing more to tell. */
  async #pageUnlessFailed(query: Parameters<StatusApi['page']>[0]): Promise<StatusPage | undefined> {
    try {
      return await this.#calls.page(query)
    } catch (error) {
      if (!(error instanceof StatusApiError)) throw error
      if (error.consequence === 'out-of-reach')
        return { deliveries: [], unreadable: [], rows: 0, isLast: true }
      this.#on.log('question unanswered', { problem: error.message })
      return undefined
    }
  }

  /** Pending deliveries whose look is due, longest due first. */
  async #lookAtDue(): Promise<void> {
    const due = await this.#dueMessages()
    // A look that failed is passed only once a later one succeeds: then it was about the question, not the provider.
    for (const [index, message] of due.entries()) {
      if (!(await this.#lookUp(message))) continue
      const nextDueMs = due[index + 1]?.dueAtMs ?? this.#startedMs + 1
      this.#checkpoint = { ...this.#checkpoint, looksThroughMs: nextDueMs - 1 }
      if (index % looksPerCheckpoint === looksPerCheckpoint - 1) await this.#save()
    }
    if (due.length === 0) this.#checkpoint = { ...this.#checkpoint, looksThroughMs: this.#startedMs }
  }

  async #dueMessages(): Promise<readonly DueMessage[]> {
    const window = { afterMs: this.#checkpoint.looksThroughMs, throughMs: this.#startedMs }
    const due = new Map<string, DueMessage>()
    for await (const { delivery, sentAtMs } of this.#pendingWithSentAt()) {
      if (isTaskKey(delivery.message) || isOutOfReach(sentAtMs, this.#startedMs)) continue
      const dueAtMs = dueLookMs(delivery.status, sentAtMs, window)
      if (dueAtMs === undefined) continue
      const known = due.get(delivery.message)
      if (known) known.dueAtMs = Math.min(known.dueAtMs, dueAtMs)
      else due.set(delivery.message, { message: delivery.message, sentAtMs, dueAtMs })
    }
    return [...due.values()].sort((a, b) => a.dueAtMs - b.dueAtMs || (a.message < b.message ? -1 : 1))
  }

  /** `false` where the question stayed unanswered. */
  async #lookUp({ message, sentAtMs }: DueMessage): Promise<boolean> {
    for (const requestDate of possibleRequestDates(sentAtMs)) {
      let offset = 0
      for (;;) {
        const page = await this.#pageUnlessFailed({ requestDate, offset, messageId: message })
        if (!page) return false
        await this.#apply(page)
        offset += page.rows
        if (page.isLast) break
      }
      if (offset > 0) return true
    }
    return true
  }

  /** What is left when there is nothing more to ask: `unknown`, with the reason, or a soft bounce for good. */
  async #giveUp(): Promise<void> {
    for await (const { delivery, sentAtMs, row } of this.#pendingWithSentAt()) {
      if (delivery.status === 'soft-bounced') {
        const isLookedAt =
          dueLookMs('soft-bounced', sentAtMs, {
            afterMs: this.#checkpoint.looksThroughMs,
            throughMs: this.#startedMs,
          }) === undefined
        if (isPastRetries(sentAtMs, this.#startedMs) && isLookedAt) {
          await this.#on.deliveries.settleSoftBounce(delivery)
          this.#settled.add(keyOf(delivery))
        }
      } else if (isOutOfReach(sentAtMs, this.#startedMs)) {
        const known = row ?? (await this.#rowOf(delivery))
        if (!known) continue
        await this.#on.deliveries.record(unknownEvent(known, sentAtMs))
        this.#unknown += 1
      }
    }
  }

  /** The pending index, and when each was sent: the message's own key tells, or else its row has to be read. */
  async *#pendingWithSentAt(): AsyncIterable<{
    delivery: PendingDelivery
    sentAtMs: number
    row?: Delivery
  }> {
    for await (const delivery of this.#on.deliveries.pending()) {
      if (this.#settled.has(keyOf(delivery))) continue
      const sentAtMs = sentAtOf(delivery.message)
      if (sentAtMs !== undefined) {
        yield { delivery, sentAtMs }
        continue
      }
      const row = await this.#rowOf(delivery)
      const toldMs = row && sentAtOfDelivery(row)
      if (row && toldMs !== undefined) yield { delivery, sentAtMs: toldMs, row }
    }
  }

  async #rowOf(key: DeliveryKey): Promise<Delivery | undefined> {
    const [row] = await this.#on.deliveries.rowsOf([{ recipient: key.recipient, message: key.message }])
    return row
  }

  /** Brings the rows of one page up to what it tells. */
  async #apply(page: StatusPage): Promise<void> {
    if (page.unreadable.length > 0)
      this.#on.log('rows unreadable', { rows: page.unreadable.length, fields: page.unreadable })
    const polled = new Map(page.deliveries.map((delivery) => [keyOf(delivery), delivery]))
    const rows = await this.#on.deliveries.rowsOf([...polled.values()])
    const known = new Map(rows.map((row) => [keyOf(row), row]))
    await pMap(polled, ([key, delivery]) => this.#bringUp(known.get(key), delivery), {
      concurrency: concurrentWrites,
    })
  }

  async #bringUp(known: Delivery | undefined, polled: PolledDelivery): Promise<void> {
    const events = lackingEvents(known, polled)
    try {
      for (const event of events) await this.#on.deliveries.record(event)
    } catch (error) {
      if (!(error instanceof UnwritableError)) throw error
      this.#on.log('write refused', { error: error.name })
      return
    }
    if (events.length === 0) return
    if (known === undefined) this.#discovered += 1
    else this.#repaired += 1
    const isSettled = events.some((event) => !isPending(impliedStatus(event)))
    if (known && isPending(known.status) && isSettled) this.#settled.add(keyOf(known))
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

const lostLease = 'Another run has taken the lease; this one wrote no checkpoint after that.'

function keyOf({ recipient, message }: DeliveryKey): string {
  return `${recipient} ${message}`
}
