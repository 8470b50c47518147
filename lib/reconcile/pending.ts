import { nameOf, sentAtOfDelivery } from '../core/delivery.ts'
import { sentAtOf } from '../core/message.ts'
import type { DeliveryReader, PendingDelivery } from '../ports.ts'

/** A pending delivery, and when it was sent. */
export interface DatedDelivery {
  readonly delivery: PendingDelivery
  readonly sentAtMs: number
}

/** What one read of rows takes. */
const batchSize = 100

/** The pending index, in batches. */
export async function* pendingBatches(
  deliveries: Pick<DeliveryReader, 'pending'>,
): AsyncIterable<readonly PendingDelivery[]> {
  let batch: PendingDelivery[] = []
  for await (const delivery of deliveries.pending()) {
    batch.push(delivery)
    if (batch.length < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** When each was sent: its message's key tells, or else its row is read. One that tells no instant is left out. */
export async function dated(
  deliveries: Pick<DeliveryReader, 'rowsOf'>,
  batch: readonly PendingDelivery[],
): Promise<readonly DatedDelivery[]> {
  const undated = batch.filter(({ message }) => sentAtOf(message) === undefined)
  const rows = undated.length === 0 ? [] : await deliveries.rowsOf(undated)
  const toldMs = new Map(rows.map((row) => [nameOf(row), sentAtOfDelivery(row)]))
  return batch.flatMap((delivery) => {
    const sentAtMs = sentAtOf(delivery.message) ?? toldMs.get(nameOf(delivery))
    return sentAtMs === undefined ? [] : [{ delivery, sentAtMs }]
  })
}
