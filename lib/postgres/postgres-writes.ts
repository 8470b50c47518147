import type { Clock, Log } from '../runtime/ports.ts'
import type { SetLimits } from '../rows/suppression-row.ts'
import type { WriteStore } from '../store/ports.ts'
import type { Database } from './database.ts'
import { deliveryWriter } from './delivery-writer.ts'
import { inboundMailWriter } from './inbound-writer.ts'
import { quarantineWriter } from './quarantine-writer.ts'
import { tablesIn } from './schema.ts'
import { suppressionWriter } from './suppression-writer.ts'

// A file for each part of the ports, so that a bundle holds no more than its function uses.

/** The tables of one deployment in PostgreSQL. */
export interface PostgresDeployment {
  readonly database: Database
  /** The schema in which they are: the deployment's prefix. */
  readonly schema: string
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

/** It connects to nothing yet. Throws where the prefix can name no schema. */
export function postgresWrites({ database, schema, clock }: Omit<PostgresDeployment, 'log'>) {
  const store = tablesIn(database, schema)
  type Settings<Name extends 'deliveryWriter' | 'inboundWriter' | 'quarantineWriter'> = Parameters<
    WriteStore[Name]
  >[0]
  return {
    /** @param settings - `maxFactsInRow`: default 50 */
    deliveryWriter: (settings: Settings<'deliveryWriter'> & { readonly maxFactsInRow?: number }) =>
      deliveryWriter({ ...settings, store, clock }),
    suppressionWriter: (limits: Partial<SetLimits> = {}) => suppressionWriter({ store, limits }),
    inboundWriter: (settings: Settings<'inboundWriter'>) => inboundMailWriter({ ...settings, store, clock }),
    quarantineWriter: (settings: Settings<'quarantineWriter'>) =>
      quarantineWriter({ ...settings, store, clock }),
  } satisfies WriteStore
}
