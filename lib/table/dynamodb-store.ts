import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Clock, Log } from '../runtime/ports.ts'
import type { QueryStore, ReconcileStore, Store, TableNames, WriteStore } from '../store/ports.ts'
import { inboundEraser, quarantineEraser } from './body-eraser.ts'
import { deliveryEraser } from './delivery-eraser.ts'
import { deliveryFinder } from './delivery-finder.ts'
import { deliveriesWithKey, deliveryReader, deliveryScanner, problemReader } from './delivery-reader.ts'
import { deliveryWriter } from './delivery-writer.ts'
import { tablePlace } from './described-table.ts'
import { inboundMailReader } from './inbound-reader.ts'
import { inboundMailWriter } from './inbound-writer.ts'
import { lastRuns } from './last-runs.ts'
import { leaseByHand, runReader, runStore } from './lease-and-checkpoint.ts'
import { otherIdReader } from './other-id-reader.ts'
import { approximateSize } from './pages.ts'
import { quarantineGauge } from './quarantine-gauge.ts'
import { quarantineStore } from './quarantine-store.ts'
import { quarantineWriter } from './quarantine-writer.ts'
import { rawRow } from './raw-row.ts'
import { readMeter } from './read-meter.ts'
import { suppressionEraser } from './suppression-eraser.ts'
import { suppressionBatches, suppressionReader, suppressionScanner } from './suppression-reader.ts'
import { suppressionWriter } from './suppression-writer.ts'
import { tombstones } from './tombstones.ts'

/** The tables of one deployment in DynamoDB. */
export interface DynamoDbTables {
  readonly client: DynamoDBClient
  readonly tables: TableNames
  readonly clock: Clock
  readonly log: Log
}

// One function for each part of the ports, so that a bundle holds no more than its function uses.

export function dynamoDbWrites({
  client,
  tables,
  clock,
}: Pick<DynamoDbTables, 'client' | 'tables' | 'clock'>): WriteStore {
  return {
    deliveryWriter: (options) => deliveryWriter({ client, table: tables.deliveries, clock, ...options }),
    suppressionWriter: () => suppressionWriter({ client, table: tables.suppressions }),
    inboundWriter: (options) => inboundMailWriter({ client, table: tables.inbound, clock, ...options }),
    quarantineWriter: (options) => quarantineWriter({ client, table: tables.quarantine, clock, ...options }),
  }
}

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

export function dynamoDbQueries({ client, tables, clock, log }: DynamoDbTables): QueryStore {
  return {
    deliveryFinder: () => deliveryFinder({ client, table: tables.deliveries, clock, log }),
    suppressionReader: () => suppressionReader({ client, table: tables.suppressions }),
  }
}

/** Everything in DynamoDB that is kept of one deployment. */
export function dynamoDbStore(on: DynamoDbTables): Store {
  const { client, tables, clock, log } = on
  const deliveries = { client, table: tables.deliveries, clock, log }
  return {
    ...dynamoDbReconciling(on),
    ...dynamoDbQueries(on),
    kind: 'dynamodb',
    tables,
    deliveriesWithKey: (key) => deliveriesWithKey(deliveries, key),
    problemReader: () => problemReader(deliveries),
    deliveryScanner: (size) => deliveryScanner({ ...deliveries, ...size }),
    otherIdReader: () => otherIdReader(deliveries),
    suppressionScanner: (size) => suppressionScanner({ client, table: tables.suppressions, clock, ...size }),
    inboundReader: () => inboundMailReader({ client, table: tables.inbound, clock, log }),
    runReader: (job) => runReader(client, tables.reconciliation, job),
    lastRuns: (limit) => lastRuns(client, tables.reconciliation, limit),
    rawRow: ({ recipient, message }) => rawRow(client, tables.deliveries, { recipient, message }),
    size: () => approximateSize(client, tables.deliveries),
    place: () => tablePlace(client, tables.deliveries),
    readMeter: () => readMeter(client),
  }
}
