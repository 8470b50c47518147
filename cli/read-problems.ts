import pMap from 'p-map'
import type { Delivery, DeliveryKey } from '../lib/core/delivery.ts'
import { sentDayOfDelivery } from '../lib/core/figures.ts'
import type { ProblemDelivery } from '../lib/ledger/ports.ts'
import type { OpenLedger } from './open-ledger.ts'

/** DynamoDB's bound on one BatchGetItem. */
const keysInBatch = 100

const concurrentBatches = 4

interface ProblemsToRead {
  /** YYYY-MM-DD in UTC+8. */
  readonly days: readonly string[]
  /** Whose rows are read, by what the index shows. */
  readonly isMeant: (problem: ProblemDelivery) => boolean
  readonly onRow: (delivery: Delivery) => void
  /** After each day, and after the mails whose key shows none. */
  readonly onDay?: () => void
  readonly signal?: AbortSignal
}

/** Reads the index of problems, and then the rows, a hundred at a time. Ends after those under way if the signal says so. */
export async function readProblems(
  { store }: OpenLedger,
  { days, isMeant, onRow, onDay, signal }: ProblemsToRead,
): Promise<void> {
  const index = store.problemReader()
  const reader = store.deliveryReader()
  const inRange = new Set(days)
  // Of some messages the key does not show the day: their rows do.
  for (const day of [...days, undefined]) {
    await pMap(
      inBatches(index.problemsOf(day), isMeant, signal),
      async (keys) => {
        for (const delivery of await reader.rowsOf(keys)) {
          if (day !== undefined || inRange.has(sentDayOfDelivery(delivery) ?? '')) onRow(delivery)
        }
      },
      { concurrency: concurrentBatches },
    )
    if (signal?.aborted) return
    onDay?.()
  }
}

async function* inBatches(
  problems: AsyncIterable<ProblemDelivery>,
  isMeant: (problem: ProblemDelivery) => boolean,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly DeliveryKey[]> {
  let batch: DeliveryKey[] = []
  for await (const problem of problems) {
    const isRead = isMeant(problem)
    if (signal?.aborted) return
    if (!isRead) continue
    batch.push(problem)
    if (batch.length < keysInBatch) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
