import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { InboundMailReader, StoredInboundMail } from '../ledger/ports.ts'
import { inboundHeadOf } from '../rows/inbound-row.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { queryItems, scanItems, type Item } from './pages.ts'
import { headReader, plainRows } from './head-reader.ts'
import { readParts } from './parts.ts'

const byAnswered = 'byAnswered'

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly clock: Clock
  readonly log: Log
}

/** Reads inbound mails. A row that cannot be read is logged and left out; an expired one is left out too. */
export function inboundMailReader({ client, table, clock, log }: Dependencies): InboundMailReader {
  const heads = headReader({ client, table, indexName: byAnswered, read: inboundHeadOf, clock, log })
  async function* mailsOf(items: AsyncIterable<Item>): AsyncIterable<StoredInboundMail> {
    for await (const { mail } of heads.readable(plainRows(items))) yield mail
  }
  return {
    all: () => mailsOf(scanItems(client, { TableName: table, IndexName: byAnswered })),
    answering: (message) =>
      mailsOf(
        queryItems(client, {
          TableName: table,
          IndexName: byAnswered,
          KeyConditionExpression: 'answers = :message',
          ExpressionAttributeValues: { ':message': { S: message } },
        }),
      ),
    async mail(given) {
      const head = await heads.find(given)
      if (head === undefined) return undefined
      const { mail, kept } = head
      const content =
        'content' in kept
          ? kept.content
          : new TextDecoder().decode(await readParts(client, table, mail.id, kept.parts))
      return { ...mail, content }
    },
  }
}
