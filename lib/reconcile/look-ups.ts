import { requestDateOf } from '../core/instant.ts'
import { possibleRequestDates } from '../core/sweep-plan.ts'
import type { DueMessage } from './pending.ts'
import { RunStopped } from './provider-calls.ts'
import type { Run } from './run.ts'
import { readOnward } from './tail.ts'

/** Look-ups after which the checkpoint is written: what a run that dies has to ask again. */
const looksPerCheckpoint = 25
/** Look-ups without an answer that are asked again at the next run. More than that is not about the question. */
const maxUnansweredLooks = 20

/** Rows of a page of the provider's list. */
const pageRows = 100
/** From so many due messages of one date it is worth a call to find out whether its list is shorter. */
const worthProbing = 10

/**
 * Settles what is due: of each date by its list, where that takes fewer calls, and by look-ups otherwise. Look-ups are
 * taken longest due first. Each message counts by its latest due look, so everything due before the next one's instant is
 * done once this one is.
 */
export async function lookAtDue(run: Run, due: readonly DueMessage[]): Promise<void> {
  const byDate = Map.groupBy(due, ({ sentAtMs }) => requestDateOf(sentAtMs))
  for (const [requestDate, ofDate] of byDate) {
    const left = ofDate.filter((message) => !isTold(run, message))
    if (left.length >= worthProbing) await readListOf(run, requestDate, left)
  }
  await lookUpEach(run, due)
}

/** Whether a list of this run told of all its recipients: asking again at once could tell nothing else. */
function isTold(run: Run, { deliveries }: DueMessage): boolean {
  return deliveries.every((delivery) => run.repairs.hasSeen(delivery))
}

/** Reads the date's list if its rest has fewer pages than messages are due: a page that far ahead tells. */
async function readListOf(run: Run, requestDate: string, due: readonly DueMessage[]): Promise<void> {
  const { tail } = run.checkpoint
  const isTail = tail.requestDate === requestDate
  const from = isTail && tail.order === 'oldest-first' ? tail.offset : 0
  const probe = await run.apply({ requestDate, offset: from + due.length * pageRows })
  if (probe === 'unanswered' || probe.rows > 0) return
  const isEnough = () => due.every((message) => isTold(run, message))
  if (isTail) await readOnward(run, isEnough)
  const left = due.filter((message) => !isTold(run, message))
  const start = isTail ? from : due.length * pageRows
  if (left.length * pageRows >= start) await readUpTo(run, requestDate, start, isEnough)
}

/** Reads the list from its beginning to the offset, or until it is enough. */
async function readUpTo(
  run: Run,
  requestDate: string,
  endOffset: number,
  isEnough: () => boolean,
): Promise<void> {
  for (let offset = 0; offset < endOffset && !isEnough();) {
    const page = await run.apply({ requestDate, offset })
    if (page === 'unanswered' || page.isLast) return
    offset += page.rows
  }
}

async function lookUpEach(run: Run, due: readonly DueMessage[]): Promise<void> {
  const stillDue = new Set(due.map(({ message }) => message))
  let unanswered = run.checkpoint.unansweredLooks.filter((message) => stillDue.has(message))
  let lookUps = 0
  for (const [index, message] of due.entries()) {
    const isToldAlready = isTold(run, message)
    const isAnswered = isToldAlready || (await lookUp(run, message))
    unanswered = unanswered.filter((other) => other !== message.message)
    if (!isAnswered) unanswered.push(message.message)
    // Not passed, so not lost: the next run begins with it.
    if (unanswered.length > maxUnansweredLooks) {
      throw new RunStopped('provider', `More than ${maxUnansweredLooks} look-ups stay unanswered.`)
    }
    const nextDueMs = due[index + 1]?.dueAtMs ?? run.startedMs + 1
    run.checkpoint = { ...run.checkpoint, unansweredLooks: unanswered, looksThroughMs: nextDueMs - 1 }
    lookUps += isToldAlready ? 0 : 1
    if (!isToldAlready && lookUps % looksPerCheckpoint === 0) await run.save()
  }
  run.checkpoint = { ...run.checkpoint, unansweredLooks: unanswered, looksThroughMs: run.startedMs }
}

/** `false` where the question stayed unanswered. */
async function lookUp(run: Run, { message, sentAtMs }: DueMessage): Promise<boolean> {
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
