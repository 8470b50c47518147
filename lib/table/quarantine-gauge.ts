import { ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { QuarantineGauge } from '../quarantine/ports.ts'

/**
 * Counts by the index `open`, which holds the keys of unresolved rows and nothing else. One page is enough: it holds a
 * megabyte, which is thousands of keys, and whoever sees that thousands wait needs no exact number.
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
