import { isPending } from '../core/delivery.ts'
import { unknownEvent } from '../core/polled-delivery.ts'
import { dueLookMs, isOutOfReach, isPastRetries } from '../core/schedule.ts'
import { UnwritableError } from '../ports.ts'
import { dated, pendingBatches, type DatedDelivery } from './pending.ts'
import type { Run } from './run.ts'

/** What closing left and did. */
interface Closing {
  /** Deliveries that stay pending. */
  readonly pending: number
  /** Soft bounces that nobody retries any more. */
  readonly settled: number
  /** Deliveries about which nobody can tell any more. */
  readonly unknown: number
  /** Whether the run's time ended before all were seen to. */
  readonly isTimeUp: boolean
}

/**
 * Closes what there is nothing more to ask about, and counts what stays pending. Where there is a poll it closes only if
 * the provider has answered this run: it checks the time of a request, and a clock that is wrong would close the mail of
 * today.
 */
export async function closePending(run: Run, hasLease: boolean): Promise<Closing> {
  const mayClose = hasLease && (run.polledProvider === undefined || run.calls.hasAnswered)
  const counts = { pending: 0, settled: 0, unknown: 0 }
  let isTimeUp = false
  for await (const batch of pendingBatches(run.deliveries)) {
    isTimeUp ||= mayClose && run.isTimeUp()
    if (!mayClose || isTimeUp) {
      counts.pending += batch.length
      continue
    }
    const datedBatch = await dated(run.deliveries, batch)
    counts.pending += batch.length - datedBatch.length
    for (const delivery of datedBatch) {
      isTimeUp ||= run.isTimeUp()
      counts[isTimeUp ? 'pending' : await close(run, delivery)] += 1
    }
  }
  return { ...counts, isTimeUp }
}

async function close(
  run: Run,
  { delivery, sentAtMs }: DatedDelivery,
): Promise<'pending' | 'settled' | 'unknown'> {
  if (delivery.status === 'soft-bounced') return closeSoftBounce(run, { delivery, sentAtMs })
  if (!isOutOfReach(sentAtMs, run.startedMs)) return 'pending'
  const [row] = await run.deliveries.rowsOf([delivery])
  if (!row || !isPending(row.status)) return 'pending'
  try {
    await run.deliveries.record(unknownEvent(row, sentAtMs, whyUnknown(run, row.provider)))
  } catch (error) {
    if (!(error instanceof UnwritableError)) throw error
    // A row that can take no more facts can still lose an attribute.
    run.log('write refused', { message: delivery.message })
    await run.deliveries.leavePending(delivery, delivery.status)
  }
  return 'unknown'
}

function whyUnknown(run: Run, provider: string): string {
  return provider === run.polledProvider
    ? 'out of reach of GetSendEmailStatus after 30 days'
    : `nothing told for 30 days, and ${provider} cannot be asked`
}

async function closeSoftBounce(
  run: Run,
  { delivery, sentAtMs }: DatedDelivery,
): Promise<'pending' | 'settled'> {
  if (!isPastRetries(sentAtMs, run.startedMs)) return 'pending'
  const { looksThroughMs, unansweredLooks } = run.checkpoint
  const window = { afterMs: looksThroughMs, throughMs: run.startedMs }
  const isLookAhead =
    delivery.provider === run.polledProvider &&
    (dueLookMs(delivery.status, sentAtMs, window) !== undefined || unansweredLooks.includes(delivery.message))
  if (isLookAhead && !isOutOfReach(sentAtMs, run.startedMs)) return 'pending'
  await run.deliveries.leavePending(delivery, delivery.status)
  return 'settled'
}
