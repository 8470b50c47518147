import { isTaskKey } from '../core/message.ts'
import { dueLookMs, isOutOfReach } from '../core/schedule.ts'
import { possibleRequestDates } from '../core/sweep-plan.ts'
import type { PendingDelivery } from '../ports.ts'
import { dated, pendingBatches } from './pending.ts'
import { RunStopped } from './provider-calls.ts'
import type { Run } from './run.ts'

/** Look-ups after which the checkpoint is written: what a run that dies has to ask again. */
const looksPerCheckpoint = 25
/** Look-ups without an answer that are asked again at the next run. More than that is not about the question. */
const maxUnansweredLooks = 20

/** A message with recipients whose look is due: all of them share one look-up. */
interface DueMessage {
  readonly message: string
  readonly sentAtMs: number
  readonly dueAtMs: number
}

/**
 * Asks about pending deliveries whose look is due, longest due first; then about those that got no answer last time. Each
 * counts by its latest due look, so everything due before the next one's instant is done once this one is.
 */
export async function lookAtDue(run: Run): Promise<void> {
  const due = await dueMessages(run)
  const stillDue = new Set(due.map(({ message }) => message))
  let unanswered = run.checkpoint.unansweredLooks.filter((message) => stillDue.has(message))
  for (const [index, { message, sentAtMs }] of due.entries()) {
    const isAnswered = await lookUp(run, message, sentAtMs)
    unanswered = unanswered.filter((other) => other !== message)
    if (!isAnswered) unanswered.push(message)
    // Not passed, so not lost: the next run begins with it.
    if (unanswered.length > maxUnansweredLooks) {
      throw new RunStopped('provider', `More than ${maxUnansweredLooks} look-ups stay unanswered.`)
    }
    const nextDueMs = due[index + 1]?.dueAtMs ?? run.startedMs + 1
    run.checkpoint = { ...run.checkpoint, unansweredLooks: unanswered, looksThroughMs: nextDueMs - 1 }
    if (index % looksPerCheckpoint === looksPerCheckpoint - 1) await run.save()
  }
  run.checkpoint = { ...run.checkpoint, unansweredLooks: unanswered, looksThroughMs: run.startedMs }
}

async function dueMessages(run: Run): Promise<readonly DueMessage[]> {
  const { looksThroughMs, unansweredLooks } = run.checkpoint
  const window = { afterMs: looksThroughMs, throughMs: run.startedMs }
  const due = new Map<string, DueMessage>()
  for await (const batch of pendingBatches(run.deliveries)) {
    const askable = batch.filter((delivery) => isAskable(run, delivery))
    for (const { delivery, sentAtMs } of await dated(run.deliveries, askable)) {
      const { message, status } = delivery
      const isUnanswered = unansweredLooks.includes(message)
      const dueAtMs = isUnanswered ? run.startedMs + 1 : dueLookMs(status, sentAtMs, window)
      if (dueAtMs === undefined || isOutOfReach(sentAtMs, run.startedMs)) continue
      const known = due.get(message)
      due.set(message, { message, sentAtMs, dueAtMs: Math.min(dueAtMs, known?.dueAtMs ?? Infinity) })
    }
    if (run.isTimeUp()) throw new RunStopped('time', 'The time for this run is used up.')
  }
  return [...due.values()].sort((a, b) => a.dueAtMs - b.dueAtMs || (a.message < b.message ? -1 : 1))
}

/** A list of this run may have just told; a task is not a message, and another provider's mail is not in this list. */
function isAskable(run: Run, delivery: PendingDelivery): boolean {
  const isPolled = delivery.provider === run.polledProvider
  return isPolled && !run.repairs.hasSeen(delivery) && !isTaskKey(delivery.message)
}

/** `false` where the question stayed unanswered. */
async function lookUp(run: Run, message: string, sentAtMs: number): Promise<boolean> {
  for (const requestDate of possibleRequestDates(sentAtMs)) {
    let offset = 0
    for (;;) {
      const page = await run.apply({ requestDate, offset, messageId: message })
      if (page === 'unanswered') return false
      offset += page.rows
      if (page.isLast) break
    }
    if (offset > 0) return true
  }
  return true
}
