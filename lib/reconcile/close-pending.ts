import { isPending } from '../core/delivery.ts'
import { requestDateOf } from '../core/instant.ts'
import { unknownEvent } from '../core/polled-delivery.ts'
import { UnwritableError } from '../ledger/ports.ts'
import type { DatedDelivery, Survey } from './survey.ts'
import type { Run } from './run.ts'

type ToClose = Pick<Survey, 'closable' | 'closableLeftOut'>

/** What closing did. */
export interface Closing {
  /** Soft bounces that nobody retries any more. */
  readonly settled: number
  /** Deliveries about which no news can come any more. */
  readonly unknown: number
  /** How many are still to be closed. */
  readonly left: number
}

export const closedNothing: Closing = { settled: 0, unknown: 0, left: 0 }

/**
 * Closes what there is nothing more to ask about. Where there is a poll it closes only if the provider has answered this
 * run: it checks the time of a request, and a clock that is wrong would close the mail of today. Throws `RunStopped`
 * where another run has taken the lease.
 */
export async function closePending(run: Run, { closable, closableLeftOut }: ToClose): Promise<Closing> {
  const mayClose = run.polledProvider === undefined || run.calls.hasAnswered
  if (!mayClose) return closedNothing
  const counts = { settled: 0, unknown: 0 }
  for (const [done, one] of closable.entries()) {
    if (run.isTimeUp()) return { ...counts, left: closable.length - done + closableLeftOut }
    await run.keepLease()
    const closed = await close(run, one)
    if (closed !== 'pending') counts[closed] += 1
  }
  // Deliveries without a poll are searched again while any of them is left.
  if (closableLeftOut === 0) run.advance({ closedSilentOn: requestDateOf(run.startedMs) })
  return { ...counts, left: closableLeftOut }
}

async function close(
  run: Run,
  { delivery, sentAtMs }: DatedDelivery,
): Promise<'pending' | 'settled' | 'unknown'> {
  if (run.repairs.hasSettled(delivery)) return 'pending'
  if (delivery.status === 'soft-bounced') {
    await run.deliveries.leavePending(delivery, delivery.status)
    return 'settled'
  }
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
    ? `out of reach of ${run.pollName ?? 'the poll'} after 30 days`
    : `nothing reported for 30 days, and ${provider} cannot be asked`
}
