import type { DeliveryReader, DeliveryWriter } from '../lib/ledger/ports.ts'
import type { LeaseByHand, PendingWriter, RunStore } from '../lib/reconcile/ports.ts'
import type { Clock } from '../lib/runtime/ports.ts'
import type { SuppressionReader, SuppressionWriter } from '../lib/suppressions/ports.ts'
import { inMemoryDeliveries } from './in-memory-ledger/deliveries.ts'
import { inMemoryRuns } from './in-memory-ledger/runs.ts'
import { inMemorySuppressions } from './in-memory-ledger/suppressions.ts'

/** What reconcile needs of a ledger. */
export interface Ledger {
  readonly deliveries: DeliveryWriter & PendingWriter & DeliveryReader
  readonly suppressions: SuppressionWriter & SuppressionReader
  readonly runs: RunStore & LeaseByHand
}

/** What the tables are set to. */
export interface LedgerLimits {
  readonly retentionDays: number
  readonly maxFactsInRow: number
  readonly maxEvidenceInRow: number
}

/** As the tables are set where nothing else is said. */
export const usualLimits: LedgerLimits = { retentionDays: 400, maxFactsInRow: 50, maxEvidenceInRow: 50 }

/**
 * A ledger inside this process that answers as the tables do (test/contracts), for simulations of millions of mails.
 * Each write takes effect at once and whole. It forgets nothing, and holds about half a kilobyte for each delivery.
 */
export function inMemoryLedger(clock: Clock, limits = usualLimits): Ledger {
  return {
    deliveries: inMemoryDeliveries(clock, limits),
    suppressions: inMemorySuppressions(limits.maxEvidenceInRow),
    runs: inMemoryRuns(),
  }
}
