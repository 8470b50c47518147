import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { inboundColumns } from '../core/inbound-mail.ts'
import type { InboundMailReader, StoredInboundMail } from '../ledger/ports.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { count, text } from './attributes.ts'
import { answersNothing } from './inbound-writer.ts'
import { queryItems, scanItems, type Item } from './pages.ts'
import { headReader } from './head-reader.ts'
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
  const heads = headReader({ client, table, indexName: byAnswered, read: headOf, clock, log })
  async function* mailsOf(items: AsyncIterable<Item>): AsyncIterable<StoredInboundMail> {
    for await (const { mail } of heads.readable(items)) yield mail
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

interface Head {
  readonly mail: StoredInboundMail
  readonly kept: { readonly content: string } | { readonly parts: number }
}

const texts = v.pipe(
  v.object({ SS: v.array(v.string()) }),
  v.transform(({ SS }) => SS.toSorted()),
)

const row = v.object({
  id: text,
  provider: text,
  recipient: text,
  answers: text,
  answeredRecipient: v.exactOptional(text),
  receivedAt: texts,
  rawMessageUrls: v.optional(texts, { SS: [] }),
})

const keptContent = v.union([v.object({ content: text }), v.object({ parts: count })])

function headOf(item: Item): Head {
  const { answers, ...head } = v.parse(row, item)
  const columns = inboundColumns.flatMap((column) => {
    const value = item[column]?.S
    return value === undefined ? [] : [[column, value] as const]
  })
  return {
    mail: { ...head, ...(answers !== answersNothing && { answers }), columns: new Map(columns) },
    kept: v.parse(keptContent, item),
  }
}
