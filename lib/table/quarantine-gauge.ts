import { ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { QuarantineGauge } from '../quarantine/ports.ts'

/**
 * Counts by the index `open`, which holds only the keys of unresolved rows. One page is enough: it holds a megabyte,
 * which is thousands of keys, and beyond that no exact number is needed.
 */
export function quarantineGauge(client: DynamoDBClient, table: string): QuarantineGauge {
  return {
    async open() {
      const { Count = 0 } = await client.send(
        new ScanCommand({ TableName: table, IndexName: 'open', Select: 'COUNT' }),
      )
      return Count
    },
  }
}
