import { requestDateOf } from '../../core/instant.ts'
import { isTaskKey } from '../../core/message.ts'
import type { DeliveryReader } from '../../ledger/ports.ts'
import { datedOf, inBatches, type DatedDelivery } from '../survey.ts'

/**
 * The pending deliveries that the provider can be asked about, by the date under which it would list them: of its own, and
 * of a message, since a task is none.
 * @param beforeBatch - runs before each hundred or so of all that is pending; what it throws ends the search.
 */
export async function unsettledByDate(
  dates: readonly string[],
  provider: string,
  deliveries: Pick<DeliveryReader, 'rowsOf' | 'pending'>,
  beforeBatch: () => Promise<void>,
): Promise<ReadonlyMap<string, readonly DatedDelivery[]>> {
  const byDate = new Map<string, DatedDelivery[]>(dates.map((date) => [date, []]))
  for await (const batch of inBatches(deliveries.pending())) {
    await beforeBatch()
    const askable = batch.filter((delivery) => delivery.provider === provider && !isTaskKey(delivery.message))
    for (const unsettled of await datedOf(deliveries, askable)) {
      byDate.get(requestDateOf(unsettled.sentAtMs))?.push(unsettled)
    }
  }
  return byDate
}
