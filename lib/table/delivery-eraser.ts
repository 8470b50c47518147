import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { parseFact } from '../core/fact.ts'
import type { DeliveryEraser, KeptDelivery } from '../erase/ports.ts'
import { inWholes } from './delivery-reader.ts'
import { queryPages, type Item } from './pages.ts'

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
      for await (const { items } of inWholes(pages)) yield* deliveriesIn(items)
    },
    async remove(recipient, { rows }) {
      for (const message of rows) {
        const Key = { recipient: { S: recipient }, message: { S: message } }
        await client.send(new DeleteItemCommand({ TableName: table, Key }))
      }
    },
  }
}

/** What is beside a row may be there before it, and after it where a removal was interrupted. */
function deliveriesIn(items: readonly Item[]): readonly KeptDelivery[] {
  const byMessage = Map.groupBy(items, (item) => item.factOf?.S ?? item.columnsOf?.S ?? keyOf(item))
  return [...byMessage].map(([message, rows]) => {
    const requestedAtMs = earliest(rows.flatMap(requestsIn))
    return {
      message,
      ...(requestedAtMs !== undefined && { requestedAtMs }),
      // Its own row last.
      rows: rows.map(keyOf).sort((one, other) => Number(one === message) - Number(other === message)),
    }
  })
}

function keyOf(item: Item): string {
  return item.message?.S ?? ''
}

function requestsIn(item: Item): readonly number[] {
  const beside = item.kind?.S === 'requested' && item.fact?.S !== undefined ? [item.fact.S] : []
  const lines = [...(item.requested?.SS ?? []), ...beside]
  return lines.flatMap((line) => parseFact('requested', line).occurredAtMs ?? [])
}

function earliest(instants: readonly number[]): number | undefined {
  return instants.length === 0 ? undefined : instants.reduce((one, other) => Math.min(one, other))
}
