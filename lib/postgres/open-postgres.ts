import type { Clock, Log } from '../runtime/ports.ts'
import type { IndexedIds } from '../rows/id-indexes.ts'
import type { SetLimits } from '../rows/suppression-row.ts'
import type { Database } from './database.ts'
import {
  deliveriesWithKey,
  deliveryFinder,
  deliveryReader,
  deliveryScanner,
  otherIdReader,
  problemReader,
} from './delivery-reader.ts'
import { deliveryWriter } from './delivery-writer.ts'
import { describedTables } from './described-store.ts'
import { erasableTables } from './erasers.ts'
import { removeExpired } from './expiry.ts'
import { inboundMailReader, inboundMailWriter } from './inbound.ts'
import { leaseByHand, runReader, runStore } from './lease-and-checkpoint.ts'
import { approximateSize } from './pages.ts'
import { quarantineGauge, quarantineStore, quarantineWriter } from './quarantine.ts'
import { rawRow, rawRows } from './raw-row.ts'
import { schemaStatements, storeIn, type TableName } from './schema.ts'
import { suppressionReader, suppressionScanner } from './suppression-rows.ts'
import { suppressionWriter } from './suppression-writer.ts'
import { tombstones } from './tombstones.ts'

interface Deployment {
  readonly database: Database
  /** Of the deployment: its TABLE_PREFIX. */
  readonly schema: string
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

/** How long rows of a table stay. */
interface Retention {
  readonly retentionDays: number
}

/** The ports of one deployment's tables in PostgreSQL, each as lib/table has it for DynamoDB. It connects to nothing yet. */
export function openPostgres({ database, schema, clock, log }: Deployment) {
  const store = storeIn(database, schema)
  const reading = { store, clock, log }
  return {
    deliveryWriter: (
      settings: Retention & { readonly maxFactsInRow?: number; readonly indexedIds?: IndexedIds },
    ) => deliveryWriter({ ...settings, store, clock }),
    deliveryReader: (bounds: { readonly mostRows?: number; readonly onCut?: () => void } = {}) =>
      deliveryReader({ ...reading, ...bounds }),
    deliveriesWithKey: (key: Parameters<typeof deliveriesWithKey>[1]) => deliveriesWithKey(reading, key),
    deliveryScanner: (rowsInPage?: number) => deliveryScanner({ ...reading, rowsInPage }),
    deliveryFinder: (bounds: { readonly maxRows?: number } = {}) => deliveryFinder({ ...reading, ...bounds }),
    otherIdReader: (bounds: { readonly maxFound?: number } = {}) => otherIdReader({ ...reading, ...bounds }),
    problemReader: () => problemReader(reading),
    suppressionWriter: (limits: Partial<SetLimits> = {}) => suppressionWriter({ store, limits }),
    suppressionReader: () => suppressionReader(store),
    suppressionScanner: (rowsInPage?: number) => suppressionScanner(store, rowsInPage),
    inboundMailWriter: (settings: Retention) => inboundMailWriter({ ...settings, store, clock }),
    inboundMailReader: () => inboundMailReader(reading),
    quarantineWriter: (settings: Retention & { readonly maxBytesPerDay?: number }) =>
      quarantineWriter({ ...settings, store, clock }),
    quarantineStore: () => quarantineStore(reading),
    quarantineGauge: () => quarantineGauge(store),
    /** @param goesOnFrom - the job whose checkpoint is used as long as this one has none */
    runStore: (job: string, goesOnFrom?: string) => runStore(store, job, clock, goesOnFrom),
    runReader: (job: string) => runReader(store, job),
    leaseByHand: (job: string) => leaseByHand(store, job),
    erasableTables: () => erasableTables(store),
    tombstones: () => tombstones(store, clock),
    /** Deletes of each table at most so many rows that have expired, and returns how many that were. */
    removeExpired: (mostOfEach: number) => removeExpired(store, clock.now(), mostOfEach),
    rawRow: (table: TableName, key: Readonly<Record<string, string>>) => rawRow(store, table, key),
    rawRows: (table: TableName, limit: number) => rawRows(store, table, limit),
    approximateSize: (table: TableName) => approximateSize(store, table),
    describedTables: () => describedTables(store, schema),
    /** Makes what there is not yet of schema, tables and indexes, and closes them to others. */
    async createTables() {
      for (const statement of schemaStatements(schema)) await database.write(statement)
    },
  }
}

export type OpenPostgres = ReturnType<typeof openPostgres>
