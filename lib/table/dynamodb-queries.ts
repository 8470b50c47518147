import type { QueryStore } from '../store/ports.ts'
import { deliveryFinder } from './delivery-finder.ts'
import { suppressionReader } from './suppression-reader.ts'
import type { DynamoDbTables } from './dynamodb-writes.ts'

export function dynamoDbQueries({ client, tables, clock, log }: DynamoDbTables): QueryStore {
  return {
    deliveryFinder: () => deliveryFinder({ client, table: tables.deliveries, clock, log }),
    suppressionReader: () => suppressionReader({ client, table: tables.suppressions }),
  }
}
