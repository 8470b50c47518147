import type { ProviderCalls } from '../provider-calls.ts'
import { nothing, type PageReader } from '../page-reader.ts'
import { lookUp, lookUpBatches } from '../look-up.ts'
import type { DeliveryReader } from '../../ledger/ports.ts'
import type { StatusApi } from '../ports.ts'
import type { RowRepairs } from '../repair-rows.ts'
import type { DatedDelivery } from '../survey.ts'

interface Dependencies {
  readonly calls: ProviderCalls
  readonly repairs: RowRepairs
  readonly reader: PageReader
  readonly deliveries: Pick<DeliveryReader, 'rowsOf'>
  readonly lookUpsBy: StatusApi['lookUpsBy']
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
  deps: Dependencies,
  requestDate: string,
  unsettled: readonly DatedDelivery[],
  reading: Reading,
): Promise<void> {
  const { calls, repairs, reader } = deps
  for await (const page of reader.pages({ requestDate, offset: 0 })) {
    if (page === 'unanswered' || page === nothing) {
      reading.problem = calls.lastProblem
      return
    }
    reading.offset += page.rows
  }
  const unseen = unsettled.filter(({ delivery }) => !repairs.hasSeen(delivery))
  const messages = [...Map.groupBy(unseen, ({ delivery }) => delivery.message)].map(([message, dated]) => {
    const [{ sentAtMs }] = dated as [DatedDelivery]
    return { message, sentAtMs, deliveries: dated.map(({ delivery }) => delivery) }
  })
  let unanswered = 0
  for (const batch of lookUpBatches(deps.lookUpsBy, messages)) {
    if (await lookUp(deps, batch)) continue
    unanswered += batch.length
    const what = `${unanswered} pending ${unanswered === 1 ? 'message' : 'messages'}`
    reading.problem = `${what} got no answer. ${calls.lastProblem}`
  }
}
