import type { ProviderCalls } from '../provider-calls.ts'
import { nothing, type PageReader } from '../page-reader.ts'
import type { RowRepairs } from '../repair-rows.ts'
import type { DatedDelivery } from '../survey.ts'

interface Dependencies {
  readonly calls: ProviderCalls
  readonly repairs: RowRepairs
  readonly reader: PageReader
}

/** How far one date was read. */
export interface Reading {
  /** Rows of its list that are applied. */
  offset: number
  /** Why the date is not complete; absent where it is. */
  problem?: string
}

/**
 * Repairs the rows of one date by its whole list, and then looks up the pending deliveries that no page reported: that a list
 * lacks them proves nothing. What stays unanswered becomes the reading's `problem`. The reading shows how far it came where the
 * run ends amid it, too.
 */
export async function readDate(
  { calls, repairs, reader }: Dependencies,
  requestDate: string,
  unsettled: readonly DatedDelivery[],
  reading: Reading,
): Promise<void> {
  for await (const page of reader.pages({ requestDate, offset: 0 })) {
    if (page === 'unanswered' || page === nothing) {
      reading.problem = calls.lastProblem
      return
    }
    reading.offset += page.rows
  }
  const unseen = unsettled.filter(({ delivery }) => !repairs.hasSeen(delivery))
  const sentAtByMessage = new Map(unseen.map(({ delivery, sentAtMs }) => [delivery.message, sentAtMs]))
  let unanswered = 0
  for (const [message, sentAtMs] of sentAtByMessage) {
    if (await reader.lookUp({ message, sentAtMs })) continue
    unanswered += 1
    const messages = `${unanswered} pending ${unanswered === 1 ? 'message' : 'messages'}`
    reading.problem = `${messages} got no answer. ${calls.lastProblem}`
  }
}
