import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { LeaseByHand } from '../reconcile/ports.ts'
import { Expression } from './expression.ts'
import { tryUpdate } from './try-update.ts'

/**
 * The lease of one job, for a run by hand. In a file of its own, since it reads: the function may only write to this table.
 */
export function leaseByHand(client: DynamoDBClient, table: string, job: string): LeaseByHand {
  const key = { job: { S: job } }
  return {
    async endsAtMs() {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true }),
      )
      const until = Item?.leaseUntil?.S
      return until === undefined ? undefined : Date.parse(until)
    },
    async releaseLease(owner) {
      const expression = new Expression()
      expression.require(`${expression.name('leaseOwner')} = ${expression.string(owner)}`)
      expression.remove('leaseOwner')
      expression.remove('leaseUntil')
      await tryUpdate({ client, table }, key, expression)
    },
  }
}
