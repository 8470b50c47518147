import { callbackGraceMs } from '../../core/schedule.ts'
import { possibleRequestDates } from '../../core/sweep-plan.ts'
import { StatusApiError, type StatusQuery } from '../ports.ts'
import type { Clock } from '../../runtime/ports.ts'
import type { DatedDelivery } from '../survey.ts'
import type { ProviderCalls } from '../provider-calls.ts'
import type { RowRepairs } from '../repair-rows.ts'
import { hasReported, sentThrough } from '../run.ts'

interface Dependencies {
  readonly calls: ProviderCalls
  readonly repairs: RowRepairs
  readonly clock: Clock
  /** Called after every page that was applied. */
  readonly onPage: () => void
}

/** How far one date was read. */
export interface Reading {
  /** Rows of its list that are applied. */
  offset: number
  /** Why not all that is to be known of it is applied; absent where it is. */
  problem?: string
}

/**
 * Brings the rows of one date up to its whole list, and then asks about the pending deliveries of which no page told: that a
 * list lacks them proves nothing. What stays unanswered becomes the reading's `problem`. The reading says how far it came
 * where the run ends amid it, too.
 */
export async function readDate(
  deps: Dependencies,
  requestDate: string,
  unsettled: readonly DatedDelivery[],
  reading: Reading,
): Promise<void> {
  try {
    await readList(deps, { requestDate, offset: 0 }, (offset) => {
      reading.offset = offset
    })
  } catch (error) {
    if (!(error instanceof StatusApiError)) throw error
    reading.problem = error.message
    return
  }
  const unanswered = await lookUpUnseen(deps, unsettled)
  if (unanswered !== undefined) reading.problem = unanswered
}

/** Applies a list page by page; `reached` learns how many rows are applied. Answers whether any told of a mail. */
async function readList(
  { calls, repairs, clock, onPage }: Dependencies,
  query: StatusQuery,
  reached: (offset: number) => void,
): Promise<boolean> {
  let { offset } = query
  let isReported = false
  for (;;) {
    const page = await calls.page({ ...query, offset })
    const nowMs = clock.now()
    await repairs.apply(sentThrough(page, nowMs - callbackGraceMs), query.requestDate, nowMs)
    offset += page.rows
    isReported ||= hasReported(page)
    reached(offset)
    onPage()
    if (page.isLast) return isReported
  }
}

/** Answers what the last look-up without an answer failed by, and how many did. */
async function lookUpUnseen(
  deps: Dependencies,
  unsettled: readonly DatedDelivery[],
): Promise<string | undefined> {
  const unseen = unsettled.filter(({ delivery }) => !deps.repairs.hasSeen(delivery))
  const sentAtByMessage = new Map(unseen.map(({ delivery, sentAtMs }) => [delivery.message, sentAtMs]))
  let unanswered = 0
  let problem = ''
  for (const [message, sentAtMs] of sentAtByMessage) {
    try {
      await lookUp(deps, message, sentAtMs)
    } catch (error) {
      if (!(error instanceof StatusApiError)) throw error
      // Any other refusal is this message's own: there is nothing to be known of it.
      if (error.consequence !== 'transient') continue
      unanswered += 1
      problem = error.message
    }
  }
  const what = `${unanswered} pending ${unanswered === 1 ? 'message' : 'messages'}`
  return unanswered === 0 ? undefined : `${what} got no answer. ${problem}`
}

/** Asks under each date under which the message may stand, until one tells of it. */
async function lookUp(deps: Dependencies, message: string, sentAtMs: number): Promise<void> {
  for (const requestDate of possibleRequestDates(sentAtMs)) {
    const isReported = await readList(deps, { requestDate, offset: 0, messageId: message }, () => undefined)
    if (isReported) return
  }
}
