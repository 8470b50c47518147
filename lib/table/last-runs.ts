import { ScanCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { LastRun } from '../store/ports.ts'
import type { Item } from './pages.ts'

/** The first jobs of the table, each as its last run left it. What was changed by hand and cannot be read is left out. */
export async function lastRuns(
  client: DynamoDBClient,
  table: string,
  limit: number,
): Promise<readonly LastRun[]> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: table, Limit: limit }))
  return Items.flatMap((item) => lastRunOf(item) ?? [])
}

/** A row that holds no run of a job is none of these. */
function lastRunOf({ job, lastRunAt, leaseUntil, lastRun }: Item): LastRun | undefined {
  const [endedAtMs, leaseUntilMs] = [instantIn(lastRunAt), instantIn(leaseUntil)]
  if (job?.S === undefined || (endedAtMs === undefined && leaseUntilMs === undefined)) return undefined
  return {
    job: job.S,
    ...(endedAtMs !== undefined && { endedAtMs }),
    ...(leaseUntilMs !== undefined && { leaseUntilMs }),
    figures: new Map(
      Object.entries(lastRun?.M ?? {}).flatMap(([name, { N, S }]) => {
        const value = N ?? S
        return value === undefined ? [] : [[name, value] as const]
      }),
    ),
  }
}

function instantIn(value: AttributeValue | undefined): number | undefined {
  const instantMs = Date.parse(value?.S ?? '')
  return Number.isNaN(instantMs) ? undefined : instantMs
}
