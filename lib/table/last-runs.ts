import { ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { lastRunIn } from '../rows/run-row.ts'
import type { LastRun } from '../store/ports.ts'
import { plainRow } from './plain-row.ts'

/** The first jobs of the table, each as its last run left it. What was changed by hand and cannot be read is left out. */
export async function lastRuns(
  client: DynamoDBClient,
  table: string,
  limit: number,
): Promise<readonly LastRun[]> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: table, Limit: limit }))
  return Items.flatMap((item) => lastRunIn(plainRow(item)) ?? [])
}
