import {
  DeleteItemCommand,
  PutItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import { formatInstant } from '../core/instant.ts'
import { mostTombstones, type Tombstone, type Tombstones } from '../erase/ports.ts'
import { isExpired } from '../rows/expiry.ts'
import { tombstoneColumns, tombstoneIn } from '../rows/tombstone-row.ts'
import type { Clock } from '../runtime/ports.ts'
import { Expression } from './expression.ts'
import { queryItems } from './pages.ts'
import { plainRow } from './plain-row.ts'
import { tombstonePartition } from './tombstone-row.ts'
import { tryUpdate, undefinedIfConditionFailed } from './try-update.ts'

interface Dependencies {
  readonly client: DynamoDBClient
  /** The deliveries table. */
  readonly table: string
  readonly clock: Pick<Clock, 'now'>
}

/** Tombstones in the deliveries table. One that is not readable ends the reading: nobody may take it for lifted. */
export function tombstones({ client, table, clock }: Dependencies): Tombstones {
  return {
    async put(tombstone) {
      const { recipient, waiting } = tombstone
      const { erasedAt, expiresAt, suppression } = tombstoneColumns(tombstone)
      const Item: Record<string, AttributeValue> = {
        ...keyOf(recipient),
        erasedAt: { S: erasedAt },
        expiresAt: { N: String(expiresAt) },
        suppression: { S: suppression },
        ...(waiting.length > 0 && { waiting: { SS: [...waiting] } }),
      }
      await client.send(new PutItemCommand({ TableName: table, Item }))
    },
    async live() {
      const items = queryItems(client, {
        TableName: table,
        KeyConditionExpression: 'recipient = :erased',
        ExpressionAttributeValues: { ':erased': { S: tombstonePartition } },
        ConsistentRead: true,
      })
      const found: Tombstone[] = []
      for await (const item of items) {
        const row = plainRow(item)
        if (isExpired(row, clock.now())) continue
        found.push(tombstoneIn(item.message?.S ?? '', row, `the partition ${tombstonePartition} of ${table}`))
        if (found.length === mostTombstones) break
      }
      return found
    },
    async wait({ recipient, erasedAtMs }, waiting) {
      const expression = new Expression()
      expression.require(`${expression.name('erasedAt')} = ${expression.string(formatInstant(erasedAtMs))}`)
      if (waiting.length > 0) expression.set('waiting', { SS: [...waiting] })
      else expression.remove('waiting')
      await tryUpdate({ client, table }, keyOf(recipient), expression)
    },
    async lift(recipient) {
      const command = new DeleteItemCommand({
        TableName: table,
        Key: keyOf(recipient),
        ConditionExpression: 'attribute_exists(erasedAt)',
      })
      return (await undefinedIfConditionFailed(client.send(command))) !== undefined
    },
  }
}

function keyOf(recipient: string): { recipient: AttributeValue; message: AttributeValue } {
  return { recipient: { S: tombstonePartition }, message: { S: recipient } }
}
