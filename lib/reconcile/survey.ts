import { nameOf, sentAtOfDelivery, type Delivery } from '../core/delivery.ts'
import { requestDateOf } from '../core/instant.ts'
import { isTaskKey, sentAtOf } from '../core/message.ts'
import {
  dueLookMs,
  dueLookTogetherMs,
  isHeardOf,
  isOutOfReach,
  isPastRetries,
  lookAgesMs,
} from '../core/schedule.ts'
import type { DeliveryReader, PendingDelivery } from '../ledger/ports.ts'
import { RunStopped } from './provider-calls.ts'
import type { Run } from './run.ts'

/** A pending delivery, and when it was sent. */
export interface DatedDelivery {
  readonly delivery: PendingDelivery
  readonly sentAtMs: number
}

/** A message with recipients whose look-up is due: all of them share one. */
export interface DueMessage {
  readonly message: string
  readonly sentAtMs: number
  /** When the first of them fell due. */
  readonly dueAtMs: number
  readonly deliveries: readonly PendingDelivery[]
}

/** What a run has found in the pending index. */
export interface Survey {
  /** How many are in it. */
  readonly count: number
  /** When the oldest was sent that is looked at, and is not due. */
  readonly oldestNotDueMs: number
  /** Longest due first, as many as a run can look up. */
  readonly due: readonly DueMessage[]
  /** The first that found no room there; absent where all did. */
  readonly leftOut: DueMessage | undefined
  /** How many messages of each date are due, those without room included. */
  readonly dueOfDate: ReadonlyMap<string, number>
  /** How many of them today's list may report where it is read on, oldest first. */
  readonly dueInTail: number
  /** Those about which nothing is left to ask, whatever the answers of this run; as many as a run can close. */
  readonly closable: readonly DatedDelivery[]
  /** How many more there are. */
  readonly closableLeftOut: number
}

/** Messages, and deliveries to close, that a run keeps in memory: more than it could ask about at 20 requests a second. */
const maxKept = 20_000

/** Goes once through the pending index. Throws {@link RunStopped} where the run's time ends before it does. */
export async function surveyPending(run: Run): Promise<Survey> {
  const survey = new SurveyUnderWay(run)
  for await (const batch of inBatches(run.deliveries.pending())) {
    await run.keepLease()
    await survey.add(batch)
    if (run.isTimeUp()) throw new RunStopped('time', 'The time for this run is used up.')
  }
  return survey.result()
}

type DueDelivery = DatedDelivery & { readonly dueAtMs: number }

class SurveyUnderWay {
  readonly #run: Run
  readonly #unanswered: ReadonlyMap<string, number>
  readonly #dueOfDate = new Map<string, number>()
  readonly #closable: DatedDelivery[] = []
  #due = new Map<string, DueMessage>()
  #leftOut: DueMessage | undefined
  #dueInTail = 0
  #count = 0
  #oldestNotDueMs = Infinity
  #closableLeftOut = 0

  constructor(run: Run) {
    this.#run = run
    this.#unanswered = new Map(run.checkpoint.unansweredLooks.map((message, place) => [message, place]))
  }

  async add(pending: readonly PendingDelivery[]): Promise<void> {
    const batch = pending.filter((delivery) => this.#run.isOurs(delivery))
    this.#count += batch.length
    const isDay = requestDateOf(this.#run.startedMs) !== this.#run.checkpoint.closedSilentOn
    const looked = batch.filter((delivery) => isDay || isAskable(this.#run, delivery))
    const dated = await datedOf(this.#run.deliveries, looked)
    const { closable = [], open = [] } = Object.groupBy(dated, (one) =>
      isClosable(this.#run, one) ? 'closable' : 'open',
    )
    const kept = closable.slice(0, maxKept - this.#closable.length)
    this.#closable.push(...kept)
    this.#closableLeftOut += closable.length - kept.length
    const askable = open.filter(
      ({ delivery }) => isAskable(this.#run, delivery) && lookAgesMs(delivery.status).length > 0,
    )
    const due = await worthAsking(
      this.#run,
      askable.flatMap((one) => {
        const dueAtMs = this.#dueAtMs(one)
        return dueAtMs === undefined ? [] : [{ ...one, dueAtMs }]
      }),
    )
    for (const one of due) this.#join(one)
    if (this.#due.size >= 2 * maxKept) this.#keepLongestDue()
    const areDue = new Set(due.map(({ delivery }) => delivery))
    const notDueMs = askable.flatMap(({ delivery, sentAtMs }) => (areDue.has(delivery) ? [] : sentAtMs))
    this.#oldestNotDueMs = Math.min(this.#oldestNotDueMs, ...notDueMs)
  }

  result(): Survey {
    return {
      count: this.#count,
      due: this.#keepLongestDue(),
      leftOut: this.#leftOut,
      dueOfDate: this.#dueOfDate,
      dueInTail: this.#dueInTail,
      oldestNotDueMs: this.#oldestNotDueMs,
      closable: this.#closable,
      closableLeftOut: this.#closableLeftOut,
    }
  }

  #dueAtMs({ delivery, sentAtMs }: DatedDelivery): number | undefined {
    const { startedMs, checkpoint } = this.#run
    // Looked up again after all others, so that it delays none; what failed last comes last.
    const place = this.#unanswered.get(delivery.message)
    if (place !== undefined) return startedMs + 1 + place
    const { looksThroughMs, looksThroughMessage } = checkpoint
    const afterMs = delivery.message <= looksThroughMessage ? looksThroughMs + 1 : looksThroughMs
    const dueLook = this.#run.lookUpsBy === 'emailId' ? dueLookTogetherMs : dueLookMs
    return dueLook(delivery.status, sentAtMs, { afterMs, throughMs: startedMs })
  }

  #join({ delivery, sentAtMs, dueAtMs }: DueDelivery): void {
    const { message } = delivery
    const known = this.#due.get(message)
    if (!known) this.#countDue(sentAtMs)
    this.#due.set(message, {
      message,
      sentAtMs,
      dueAtMs: Math.min(dueAtMs, known?.dueAtMs ?? Infinity),
      deliveries: [...(known?.deliveries ?? []), delivery],
    })
  }

  #countDue(sentAtMs: number): void {
    const requestDate = requestDateOf(sentAtMs)
    this.#dueOfDate.set(requestDate, (this.#dueOfDate.get(requestDate) ?? 0) + 1)
    const { tail } = this.#run.checkpoint
    if (requestDate === tail.requestDate && sentAtMs > tail.throughMs) this.#dueInTail += 1
  }

  #keepLongestDue(): readonly DueMessage[] {
    const sorted = [...this.#due.values()].sort(byDue)
    const kept = sorted.slice(0, maxKept)
    for (const { sentAtMs } of sorted.slice(maxKept)) {
      this.#oldestNotDueMs = Math.min(this.#oldestNotDueMs, sentAtMs)
    }
    this.#leftOut = [this.#leftOut, sorted[maxKept]].filter((one) => one !== undefined).sort(byDue)[0]
    this.#due = new Map(kept.map((message) => [message.message, message]))
    return kept
  }
}

/** In the order in which they fell due; of one instant, in the order of the messages. */
function byDue(one: DueMessage, other: DueMessage): number {
  return one.dueAtMs - other.dueAtMs || (one.message < other.message ? -1 : 1)
}

/** A task is not a message, and another provider's mail is not in this list. */
function isAskable(run: Run, { provider, message }: PendingDelivery): boolean {
  return provider === run.polledProvider && !isTaskKey(message)
}

function isClosable(run: Run, { delivery, sentAtMs }: DatedDelivery): boolean {
  return delivery.status === 'soft-bounced'
    ? isPastRetries(sentAtMs, run.startedMs)
    : isOutOfReach(sentAtMs, run.startedMs)
}

/**
 * Without the deferred ones that callbacks reported lately, and those that another region's list is known to have: one read of
 * rows instead of a look-up each.
 */
async function worthAsking(run: Run, due: readonly DueDelivery[]): Promise<readonly DueDelivery[]> {
  const toRead = due.filter(({ delivery }) => run.region !== undefined || delivery.status === 'deferred')
  if (toRead.length === 0) return due
  const rows = await run.deliveries.rowsOf(toRead.map(({ delivery }) => delivery))
  const byName = new Map(rows.map((row) => [nameOf(row), row]))
  return due.filter((one) => {
    const row = byName.get(nameOf(one.delivery))
    return row === undefined || !(isElsewhere(run, row) || isReportedLately(one, row))
  })
}

function isElsewhere({ region }: Run, { columns }: Delivery): boolean {
  return region !== undefined && (columns.get('region') ?? region) !== region
}

function isReportedLately({ delivery, sentAtMs, dueAtMs }: DueDelivery, row: Delivery): boolean {
  return delivery.status === 'deferred' && isHeardOf(lastDeferredAt(row), sentAtMs, dueAtMs)
}

function lastDeferredAt({ facts }: Delivery): number {
  return Math.max(0, ...(facts.get('deferred') ?? []).map(({ occurredAtMs }) => occurredAtMs ?? 0))
}

/** What one read of rows takes. */
const batchSize = 100

/** As many at once as one read of rows takes. */
export async function* inBatches(
  pending: AsyncIterable<PendingDelivery>,
): AsyncIterable<readonly PendingDelivery[]> {
  let batch: PendingDelivery[] = []
  for await (const delivery of pending) {
    batch.push(delivery)
    if (batch.length < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** When each was sent: its message's key shows it, or else its row is read. One without an instant is left out. */
export async function datedOf(
  deliveries: Pick<DeliveryReader, 'rowsOf'>,
  batch: readonly PendingDelivery[],
): Promise<readonly DatedDelivery[]> {
  const keyed = batch.map((delivery) => ({ delivery, sentAtMs: sentAtOf(delivery.message) }))
  const undated = keyed.filter(({ sentAtMs }) => sentAtMs === undefined)
  const rows = undated.length === 0 ? [] : await deliveries.rowsOf(undated.map(({ delivery }) => delivery))
  const reportedMs = new Map(rows.map((row) => [nameOf(row), sentAtOfDelivery(row)]))
  return keyed.flatMap(({ delivery, sentAtMs = reportedMs.get(nameOf(delivery)) }) =>
    sentAtMs === undefined ? [] : [{ delivery, sentAtMs }],
  )
}
