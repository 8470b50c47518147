import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { stopReasons, type RunReader } from '../reconcile/ports.ts'
import { text } from './attributes.ts'

const instant = v.pipe(
  text,
  v.transform((text) => Date.parse(text)),
  v.finite(),
)

const storedRun = v.object({
  lastRunAt: v.exactOptional(instant),
  lastRun: v.exactOptional(
    v.object({
      M: v.object({
        stoppedBy: v.pipe(
          v.object({ S: v.picklist(stopReasons) }),
          v.transform(({ S }) => S),
        ),
      }),
    }),
  ),
  leaseUntil: v.exactOptional(instant),
})

/** Reads the row of one job. In a file of its own, since it reads: the function may only write to this table. */
export function runReader(client: DynamoDBClient, table: string, job: string): RunReader {
  return {
    async state() {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: table, Key: { job: { S: job } }, ConsistentRead: true }),
      )
      if (Item === undefined) return undefined
      const { lastRunAt, lastRun, leaseUntil } = v.parse(storedRun, Item)
      return {
        ...(lastRunAt !== undefined && { endedAtMs: lastRunAt }),
        ...(lastRun && { stoppedBy: lastRun.M.stoppedBy }),
        ...(leaseUntil !== undefined && { leaseUntilMs: leaseUntil }),
      }
    },
  }
}
