import {
  DeleteItemCommand,
  PutItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { formatInstant, secondMs } from '../core/instant.ts'
import { mostTombstones, type Tombstone, type Tombstones } from '../erase/ports.ts'
import type { Clock } from '../runtime/ports.ts'
import { text } from './attributes.ts'
import { isExpired } from './expiry.ts'
import { Expression } from './expression.ts'
import { queryItems } from './pages.ts'
import { tombstonePartition } from './tombstone-row.ts'
import { tryUpdate, undefinedIfConditionFailed } from './try-update.ts'

interface Dependencies {
  readonly client: DynamoDBClient
  /** The deliveries table. */
  readonly table: string
  readonly clock: Pick<Clock, 'now'>
}

const instant = v.pipe(
  text,
  v.transform((text) => Date.parse(text)),
  v.finite(),
)

const row = v.object({
  message: text,
  erasedAt: instant,
  expiresAt: v.object({ N: v.pipe(v.string(), v.digits()) }),
  suppression: v.optional(text, { S: 'kept' }),
  waiting: v.optional(v.object({ SS: v.array(v.string()) }), { SS: [] }),
})

/** Tombstones in the deliveries table. One that is not readable ends the reading: nobody may take it for lifted. */
export function tombstones({ client, table, clock }: Dependencies): Tombstones {
  return {
    async put({ recipient, erasedAtMs, endsAtMs, isSuppressionKept, waiting }) {
      const Item: Record<string, AttributeValue> = {
        ...keyOf(recipient),
        erasedAt: { S: formatInstant(erasedAtMs) },
        expiresAt: { N: String(Math.ceil(endsAtMs / secondMs)) },
        suppression: { S: isSuppressionKept ? 'kept' : 'removed' },
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
        if (isExpired(item, clock.now())) continue
        const { message, erasedAt, expiresAt, suppression, waiting } = v.parse(row, item)
        found.push({
          recipient: message,
          erasedAtMs: erasedAt,
          endsAtMs: Number(expiresAt.N) * secondMs,
          isSuppressionKept: suppression !== 'removed',
          waiting: waiting.SS.toSorted(),
        })
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
