import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { DeliveryEraser } from '../erase/ports.ts'
import { keptDeliveriesIn } from '../rows/kept-deliveries.ts'
import { inWholes } from './delivery-reader.ts'
import { queryPages } from './pages.ts'
import { plainRow } from './plain-row.ts'

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
}

/** Removes deliveries with all of their rows, whatever these hold: a row changed by hand is erased like any other. */
export function deliveryEraser({ client, table }: Dependencies): DeliveryEraser {
  return {
    async *ofRecipient(recipient) {
      const pages = queryPages(client, {
        TableName: table,
        KeyConditionExpression: 'recipient = :r',
        ExpressionAttributeValues: { ':r': { S: recipient } },
        ConsistentRead: true,
      })
      for await (const { items } of inWholes(pages)) yield* keptDeliveriesIn(items.map(plainRow))
    },
    async remove(recipient, { rows }) {
      for (const message of rows) {
        const Key = { recipient: { S: recipient }, message: { S: message } }
        await client.send(new DeleteItemCommand({ TableName: table, Key }))
      }
    },
  }
}
