import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Clock, Log } from '../runtime/ports.ts'
import type { TableNames, WriteStore } from '../store/ports.ts'
import { deliveryWriter } from './delivery-writer.ts'
import { inboundMailWriter } from './inbound-writer.ts'
import { quarantineWriter } from './quarantine-writer.ts'
import { suppressionWriter } from './suppression-writer.ts'

// A file for each part of the ports, so that a bundle holds no more than its function uses.

/** The tables of one deployment in DynamoDB. */
export interface DynamoDbTables {
  readonly client: DynamoDBClient
  readonly tables: TableNames
  readonly clock: Clock
  readonly log: Log
}

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
