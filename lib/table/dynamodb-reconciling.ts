import type { ReconcileStore } from '../store/ports.ts'
import { inboundEraser, quarantineEraser } from './body-eraser.ts'
import { deliveryEraser } from './delivery-eraser.ts'
import { deliveryReader } from './delivery-reader.ts'
import { leaseByHand, runStore } from './lease-and-checkpoint.ts'
import { quarantineGauge } from './quarantine-gauge.ts'
import { quarantineStore } from './quarantine-store.ts'
import { suppressionEraser } from './suppression-eraser.ts'
import { suppressionBatches } from './suppression-reader.ts'
import { tombstones } from './tombstones.ts'
import { dynamoDbWrites, type DynamoDbTables } from './dynamodb-writes.ts'

export function dynamoDbReconciling(on: DynamoDbTables): ReconcileStore {
  const { client, tables, clock, log } = on
  return {
    ...dynamoDbWrites(on),
    deliveryReader: (most) => deliveryReader({ client, table: tables.deliveries, clock, log, ...most }),
    suppressionBatches: () => suppressionBatches({ client, table: tables.suppressions, clock }),
    quarantineStore: () => quarantineStore({ client, table: tables.quarantine, clock, log }),
    quarantineGauge: () => quarantineGauge(client, tables.quarantine),
    runStore: (job, goesOnFrom) => runStore(client, tables.reconciliation, job, clock, goesOnFrom),
    leaseByHand: (job) => leaseByHand(client, tables.reconciliation, job),
    erasableTables: () => ({
      deliveries: deliveryEraser({ client, table: tables.deliveries }),
      suppressions: suppressionEraser({ client, table: tables.suppressions, clock }),
      inbound: inboundEraser({ client, table: tables.inbound }),
      quarantine: quarantineEraser({ client, table: tables.quarantine }),
    }),
    tombstones: () => tombstones({ client, table: tables.deliveries, clock }),
  }
}
