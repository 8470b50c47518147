import {
  BatchGetItemCommand,
  DescribeTableCommand,
  paginateQuery,
  paginateScan,
  type AttributeValue,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  type KeysAndAttributes,
  type QueryCommandInput,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb'

import type { Page, Segment } from '../ledger/ports.ts'
import { positionOf } from '../rows/position.ts'
import type { Clock } from '../runtime/ports.ts'
import type { PageSize } from '../store/ports.ts'

export type Item = Readonly<Record<string, AttributeValue>>

const maxBackoffMs = 1_000

/** DynamoDB's own bound on one BatchGetItem. */
const maxBatchKeys = 100

/** The pages of a query, as {@link scanPages} has those of a table. */
export async function* queryPages(
  client: DynamoDBClient,
  input: QueryCommandInput,
): AsyncIterable<Page<Item>> {
  for await (const { Items = [], LastEvaluatedKey } of paginateQuery({ client }, input)) {
    const next = LastEvaluatedKey && { next: JSON.stringify(LastEvaluatedKey) }
    yield { items: Items, rows: Items.length, ...next }
  }
}

/** Every item of a query, page after page. */
export async function* queryItems(client: DynamoDBClient, input: QueryCommandInput): AsyncIterable<Item> {
  for await (const { items } of queryPages(client, input)) yield* items
}

/** Every item of a scan, page after page. */
export async function* scanItems(client: DynamoDBClient, input: ScanCommandInput): AsyncIterable<Item> {
  for await (const page of paginateScan({ client }, input)) yield* page.Items ?? []
}

interface Scan {
  /** The attributes that name a row, all of them text. */
  readonly key: readonly string[]
  readonly position?: string | undefined
  readonly segment?: Segment | undefined
}

/**
 * Reads a table by pages of a megabyte, from the position returned with an earlier page.
 * @throws where the position is none of a table with this key
 */
export async function* scanPages<T>(
  { client, table, rowsInPage }: { client: DynamoDBClient; table: string } & PageSize,
  { key, position, segment }: Scan,
  read: (items: readonly Item[]) => readonly T[] | Promise<readonly T[]>,
): AsyncIterable<Page<T>> {
  const like = Object.fromEntries(key.map((name) => [name, { S: '' }]))
  const from = position === undefined ? {} : { ExclusiveStartKey: positionOf(position, like) }
  const part = segment && { Segment: segment.segment, TotalSegments: segment.of }
  const input = { TableName: table, Limit: rowsInPage, ...part, ...from }
  for await (const { Items = [], LastEvaluatedKey } of paginateScan({ client }, input)) {
    const next = LastEvaluatedKey && { next: JSON.stringify(LastEvaluatedKey) }
    yield { items: await read(Items), rows: Items.length, ...next }
  }
}

/** How many rows a table has, as DynamoDB counts them every few hours. */
export async function approximateRows(client: DynamoDBClient, table: string): Promise<number> {
  return (await approximateSize(client, table)).rows
}

/** How many rows a table has and how many bytes they take, as DynamoDB counts them every few hours. */
export async function approximateSize(
  client: DynamoDBClient,
  table: string,
): Promise<{ readonly rows: number; readonly bytes: number }> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }))
  return { rows: Table?.ItemCount ?? 0, bytes: Table?.TableSizeBytes ?? 0 }
}

/** The items of these keys that exist. Unprocessed keys are requested again until all are read. */
export async function batchGetItems(
  client: DynamoDBClient,
  table: string,
  clock: Clock,
  keys: readonly Record<string, AttributeValue>[],
  projection: Pick<KeysAndAttributes, 'ProjectionExpression' | 'ExpressionAttributeNames'> = {},
): Promise<readonly Item[]> {
  const items: Item[] = []
  for (let from = 0; from < keys.length; from += maxBatchKeys) {
    let asked: BatchGetItemCommandOutput['UnprocessedKeys'] = {
      [table]: { Keys: keys.slice(from, from + maxBatchKeys), ConsistentRead: true, ...projection },
    }
    for (let tries = 0; asked !== undefined && Object.keys(asked).length > 0; tries += 1) {
      if (tries > 0) await clock.sleep(Math.min(maxBackoffMs, 25 * 2 ** tries))
      const answer: BatchGetItemCommandOutput = await client.send(
        new BatchGetItemCommand({ RequestItems: asked }),
      )
      items.push(...(answer.Responses?.[table] ?? []))
      asked = answer.UnprocessedKeys
    }
  }
  return items
}
