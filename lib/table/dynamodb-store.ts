import type { Store } from '../store/ports.ts'
import { deliveriesWithKey, deliveryScanner, problemReader } from './delivery-reader.ts'
import { tablePlace } from './described-table.ts'
import { inboundMailReader } from './inbound-reader.ts'
import { lastRuns } from './last-runs.ts'
import { runReader } from './lease-and-checkpoint.ts'
import { otherIdReader } from './other-id-reader.ts'
import { approximateSize } from './pages.ts'
import { rawRow } from './raw-row.ts'
import { readMeter } from './read-meter.ts'
import { suppressionScanner } from './suppression-reader.ts'
import { dynamoDbQueries } from './dynamodb-queries.ts'
import { dynamoDbReconciling } from './dynamodb-reconciling.ts'
import type { DynamoDbTables } from './dynamodb-writes.ts'

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
