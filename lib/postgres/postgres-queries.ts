import type { QueryStore } from '../store/ports.ts'
import { deliveryFinder } from './delivery-finder.ts'
import type { PostgresDeployment } from './postgres-writes.ts'
import { tablesIn } from './schema.ts'
import { suppressionReader } from './suppression-rows.ts'

export function postgresQueries({ database, schema, clock, log }: PostgresDeployment) {
  const store = tablesIn(database, schema)
  return {
    /** @param bounds - `maxRows`: default 8,192 */
    deliveryFinder: (bounds: { readonly maxRows?: number } = {}) =>
      deliveryFinder({ ...bounds, store, clock, log }),
    suppressionReader: () => suppressionReader(store),
  } satisfies QueryStore
}
