import type { MostRows, ReconcileStore } from '../store/ports.ts'
import { deliveryReader } from './delivery-reader.ts'
import { erasableTables } from './erasers.ts'
import { removeExpired } from './expired-rows.ts'
import { leaseByHand, runStore } from './lease-and-checkpoint.ts'
import { postgresWrites, type PostgresDeployment } from './postgres-writes.ts'
import { quarantineGauge, quarantineStore } from './quarantine-store.ts'
import { tablesIn } from './schema.ts'
import { suppressionBatches } from './suppression-rows.ts'
import { tombstones } from './tombstones.ts'

export function postgresReconciling(on: PostgresDeployment) {
  const { database, schema, clock, log } = on
  const store = tablesIn(database, schema)
  return {
    ...postgresWrites(on),
    deliveryReader: (most: MostRows = {}) => deliveryReader({ ...most, store, clock, log }),
    suppressionBatches: () => suppressionBatches(store),
    quarantineStore: () => quarantineStore({ store, clock, log }),
    quarantineGauge: () => quarantineGauge(store),
    runStore: (job: string, goesOnFrom?: string) => runStore(store, job, clock, goesOnFrom),
    leaseByHand: (job: string) => leaseByHand(store, job),
    erasableTables: () => erasableTables(store),
    tombstones: () => tombstones(store, clock),
    /** Deletes of each table at most so many rows that have expired, and returns how many that were. */
    removeExpired: (mostOfEach: number) => removeExpired(store, clock.now(), mostOfEach),
  } satisfies ReconcileStore & Record<string, unknown>
}
