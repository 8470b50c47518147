import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { firstItems } from '../core/first-items.ts'
import { nameOf, problemPartitionsOf, type Delivery, type DeliveryKey } from '../core/delivery.ts'
import type { DeliveryReader, DeliveryScanner, Page, ProblemReader } from '../ledger/ports.ts'
import {
  deliveryOf,
  isBeside,
  pendingOf,
  problemOf,
  readable,
  wholeDeliveries as wholeDeliveriesOf,
} from '../rows/delivery-row.ts'
import type { Row } from '../rows/row.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { MostRows, PageSize } from '../store/ports.ts'
import { approximateRows, batchGetItems, queryItems, scanItems, scanPages, type Item } from './pages.ts'
import { plainRow } from './plain-row.ts'
import { isTombstone } from './tombstone-row.ts'

export interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * Reads deliveries, with the facts that did not fit into their row. A row that was changed by hand and cannot be read
 * is logged and left out, so that it does not hide the others. An expired row is left out too, since DynamoDB may take
 * days to delete it.
 */
export function deliveryReader(from: Dependencies & MostRows): DeliveryReader {
  const { client, table, clock, log, mostRows = Infinity, onCut } = from
  const deps = { clock, log }
  const cut = (items: AsyncIterable<Item>) => firstItems(items, mostRows, onCut)
  return {
    async rowsOf(keys) {
      // DynamoDB refuses a batch with a duplicate key, and an index may return a row twice while it is written.
      const distinct = new Map(keys.map((key) => [nameOf(key), key]))
      const items = await batchGetItems(
        client,
        table,
        clock,
        [...distinct.values()].map((key) => ({
          recipient: { S: key.recipient },
          message: { S: key.message },
        })),
      )
      return Array.fromAsync(readable(rowsIn(items), deliveryOf, deps))
    },
    ofRecipient: (recipient) => wholeDeliveries(cut(itemsOf({ client, table }, recipient)), deps),
    async ofMessage(messageId) {
      const keys = queryItems(client, {
        TableName: table,
        IndexName: 'byMessage',
        KeyConditionExpression: 'messageId = :m',
        ExpressionAttributeValues: { ':m': { S: messageId } },
      })
      const deliveries: Delivery[] = []
      for await (const key of cut(keys)) {
        deliveries.push(
          ...(await deliveriesWithKey(from, { recipient: keyOf(key).recipient, message: messageId })),
        )
      }
      return deliveries
    },
    pending: () =>
      readable(rowsIn(scanItems(client, { TableName: table, IndexName: 'pending' })), pendingOf, deps),
  }
}

function itemsOf(
  { client, table }: Pick<Dependencies, 'client' | 'table'>,
  recipient: string,
  messagePrefix?: string,
): AsyncIterable<Item> {
  return queryItems(client, {
    TableName: table,
    KeyConditionExpression:
      messagePrefix === undefined ? 'recipient = :r' : 'recipient = :r AND begins_with(message, :m)',
    ExpressionAttributeValues: {
      ':r': { S: recipient },
      ...(messagePrefix !== undefined && { ':m': { S: messagePrefix } }),
    },
  })
}

/** The delivery of this key with what is kept beside its row; none if there is none. */
export async function deliveriesWithKey(
  from: Dependencies,
  { recipient, message }: DeliveryKey,
): Promise<readonly Delivery[]> {
  const items = beginningWith(message, itemsOf(from, recipient, message))
  const found = await wholeDeliveries(items, from)
  return found.filter((delivery) => delivery.message === message)
}

/** The items of a query by the beginning of a message, of which its own row is the first; nothing is read where it is not there. */
async function* beginningWith(message: string, items: AsyncIterable<Item>): AsyncIterable<Item> {
  let isFirst = true
  for await (const item of items) {
    if (isFirst && item.message?.S !== message) return
    isFirst = false
    yield item
  }
}

/** The deliveries of these items, with what is kept beside their rows. */
export function wholeDeliveries(
  items: AsyncIterable<Item> | Iterable<Item>,
  deps: Pick<Dependencies, 'clock' | 'log'>,
): Promise<readonly Delivery[]> {
  return wholeDeliveriesOf(rowsIn(items), deps)
}

/** The rows of these items. Tombstones stand in the same table and are no deliveries. */
async function* rowsIn(items: AsyncIterable<Item> | Iterable<Item>): AsyncIterable<Row> {
  for await (const item of items) if (!isTombstone(item)) yield plainRow(item)
}

/** Reads the index of problems, one shard after the other. */
export function problemReader({ client, table, clock, log }: Dependencies): ProblemReader {
  return {
    async *problemsOf(day) {
      for (const partition of problemPartitionsOf(day)) {
        const items = queryItems(client, {
          TableName: table,
          IndexName: 'problems',
          KeyConditionExpression: 'problemDay = :d',
          ExpressionAttributeValues: { ':d': { S: partition } },
          ScanIndexForward: false,
        })
        yield* readable(rowsIn(items), problemOf, { clock, log })
      }
    },
  }
}

const tableKey = ['recipient', 'message']

/** Reads all deliveries by pages of a megabyte. */
export function deliveryScanner(from: Dependencies & PageSize): DeliveryScanner {
  return {
    approximateRows: () => approximateRows(from.client, from.table),
    pages: (position, segment) =>
      scanPages(from, { key: tableKey, position, segment }, (items) =>
        Array.fromAsync(readable(rowsIn(items.filter((item) => !isBeside(item))), deliveryOf, from)),
      ),
    async *wholePages(position, segment) {
      for await (const { items, isLast } of inWholes(
        scanPages(from, { key: tableKey, position, segment }, (page) => page),
      )) {
        const last = items.at(-1)
        // Nothing of the page is whole: its end is where the next one goes on, and no position to begin from.
        if (last === undefined) continue
        const { recipient, message } = keyOf(last)
        const key = { recipient: { S: recipient }, message: { S: message } }
        yield {
          items: await wholeDeliveries(items, from),
          rows: items.length,
          ...(!isLast && { next: JSON.stringify(key) }),
        }
      }
    },
  }
}

/** The items of pages in the order of the table, where what is beside a row comes with the row: the rest waits for the next page. */
export async function* inWholes(
  pages: AsyncIterable<Page<Item>>,
): AsyncIterable<{ readonly items: readonly Item[]; readonly isLast: boolean }> {
  let carried: readonly Item[] = []
  for await (const page of pages) {
    const isLast = page.next === undefined
    const items = [...carried, ...page.items]
    const end = isLast ? items.length : endOfWhole(items)
    carried = items.slice(end)
    yield { items: items.slice(0, end), isLast }
  }
}

/**
 * How many of these items, in the order of the table, belong to deliveries of which nothing can follow: what is beside a row
 * sorts behind it, and of the same recipient only a message whose key begins with that row's can come in between.
 */
function endOfWhole(items: readonly Item[]): number {
  const last = items.at(-1)
  if (last === undefined) return 0
  const { recipient, message } = keyOf(last)
  const isOpen = (item: Item) => {
    const key = keyOf(item)
    return (
      key.recipient === recipient && message.startsWith(item.factOf?.S ?? item.columnsOf?.S ?? key.message)
    )
  }
  return items.findIndex(isOpen)
}

/** The key of an item; both parts are keys of the table, so every item has them. */
export function keyOf({ recipient, message }: Item): DeliveryKey {
  return { recipient: recipient?.S ?? '', message: message?.S ?? '' }
}
