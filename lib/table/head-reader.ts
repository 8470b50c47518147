import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Reading } from '../rows/delivery-row.ts'
import { isExpired } from '../rows/expiry.ts'
import { readHeads, type HeadReader } from '../rows/heads.ts'
import type { Row } from '../rows/row.ts'
import { scanItems, type Item } from './pages.ts'
import { plainRow } from './plain-row.ts'

interface Heads<Head> extends Reading {
  readonly client: DynamoDBClient
  readonly table: string
  /** The index that holds the heads and no parts, if any. */
  readonly indexName?: string
  readonly read: (row: Row) => Head
}

/** Reads the heads of a table or of its index. */
export function headReader<Head>(of: Heads<Head>): HeadReader<Head> {
  return readHeads({
    ...of,
    async rowOf(id) {
      const { Item: item } = await of.client.send(
        new GetItemCommand({ TableName: of.table, Key: { id: { S: id } }, ConsistentRead: true }),
      )
      return item && plainRow(item)
    },
    async idsBeginningWith(digits) {
      const items = scanItems(of.client, {
        TableName: of.table,
        ...(of.indexName !== undefined && { IndexName: of.indexName }),
        FilterExpression: 'begins_with(id, :digits) AND attribute_not_exists(partOf)',
        ProjectionExpression: 'id, expiresAt',
        ExpressionAttributeValues: { ':digits': { S: digits } },
      })
      const found = await Array.fromAsync(items)
      return found
        .filter((item) => !isExpired(plainRow(item), of.clock.now()))
        .flatMap((item) => item.id?.S ?? [])
    },
  })
}

export async function* plainRows(items: AsyncIterable<Item>): AsyncIterable<Row> {
  for await (const item of items) yield plainRow(item)
}
