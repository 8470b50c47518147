import type { DeliveryKey } from '../core/delivery.ts'
import type { PageSize, Store, TableNames } from '../store/ports.ts'
import { makeTables } from './created-tables.ts'
import { deliveriesWithKey, deliveryScanner, otherIdReader, problemReader } from './delivery-reader.ts'
import { describedTables, placeOf } from './described-tables.ts'
import { inboundMailReader } from './inbound-reader.ts'
import { lastRuns, runReader } from './lease-and-checkpoint.ts'
import { approximateSize } from './pages.ts'
import { postgresQueries } from './postgres-queries.ts'
import { postgresReconciling } from './postgres-reconciling.ts'
import type { PostgresDeployment } from './postgres-writes.ts'
import { rawRow } from './raw-row.ts'
import { metered } from './read-meter.ts'
import { requireRowsInSight } from './rows-in-sight.ts'
import { tablesIn } from './schema.ts'
import { suppressionScanner } from './suppression-rows.ts'

/** Everything in PostgreSQL that is kept of one deployment. */
export type PostgresStore = ReturnType<typeof openPostgres>

/** It connects to nothing yet. Throws where the prefix can name no schema. */
export function openPostgres(deployment: PostgresDeployment) {
  const { schema, clock, log } = deployment
  const { database, meter } = metered(deployment.database)
  const on = { ...deployment, database }
  const store = tablesIn(database, schema)
  const reading = { store, clock, log }
  return {
    ...postgresReconciling(on),
    ...postgresQueries(on),
    kind: 'postgresql',
    tables: namesIn(schema),
    deliveriesWithKey: (key: DeliveryKey) => deliveriesWithKey(reading, key),
    problemReader: () => problemReader(reading),
    deliveryScanner: (size: PageSize = {}) => deliveryScanner({ ...reading, ...size }),
    /** @param bounds - `maxFound`: default 500 */
    otherIdReader: (bounds: { readonly maxFound?: number } = {}) => otherIdReader({ ...reading, ...bounds }),
    suppressionScanner: (size: PageSize = {}) => suppressionScanner(store, size),
    inboundReader: () => inboundMailReader(reading),
    runReader: (job: string) => runReader(store, job),
    lastRuns: (limit: number) => lastRuns(store, limit),
    rawRow: (key: DeliveryKey) => rawRow(store, key),
    size: () => approximateSize(store, 'deliveries'),
    place: () => placeOf(store),
    readMeter: () => meter,
    /** What PostgreSQL says of each table, by name; a table that is not there is absent. */
    describedTables: () => describedTables(store, schema),
    /** Resolves if the role sees the rows of the tables that it may read: a role without a policy finds nothing, and no error. */
    requireRowsInSight: () => requireRowsInSight(store),
    /** Makes what there is not yet of schema, tables and columns, and closes them to others. */
    createTables: () => makeTables(database, schema),
  } satisfies Store & Record<string, unknown>
}

function namesIn(schema: string): TableNames {
  return {
    deliveries: `${schema}.deliveries`,
    suppressions: `${schema}.suppressions`,
    inbound: `${schema}.inbound`,
    quarantine: `${schema}.quarantine`,
    reconciliation: `${schema}.reconciliation`,
  }
}
