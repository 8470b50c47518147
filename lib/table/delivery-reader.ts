import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  isStatus,
  nameOf,
  problemPartitionsOf,
  type Delivery,
  type DeliveryKey,
  type Status,
} from '../core/delivery.ts'
import { firstItems } from '../core/first-items.ts'
import { eventKinds, type EventKind } from '../core/event.ts'
import { byTime, parseFact, shortenedFact, type Fact } from '../core/fact.ts'
import type {
  DeliveryReader,
  DeliveryScanner,
  Page,
  ProblemDelivery,
  ProblemReader,
} from '../ledger/ports.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { MostRows, PageSize } from '../store/ports.ts'
import { isExpired } from './expiry.ts'
import { idIndexes } from './id-indexes.ts'
import { approximateRows, batchGetItems, queryItems, scanItems, scanPages, type Item } from './pages.ts'
import { isTombstone } from './tombstone-row.ts'

/** Attributes of a row that are not columns of its message. */
const ownAttributes: ReadonlySet<string> = new Set<string>([
  'recipient',
  'message',
  'messageId',
  'provider',
  'status',
  'statusRank',
  'pending',
  'problemDay',
  idIndexes.ownId.attribute,
  idIndexes.rfcMessageId.attribute,
  'expiresAt',
  'columnsOf',
])

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
      return Array.fromAsync(readable(items, deliveryOf, deps))
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
          ...(await deliveriesWithKey(from, { recipient: text(key, 'recipient'), message: messageId })),
        )
      }
      return deliveries
    },
    pending: () =>
      readable(
        scanItems(client, { TableName: table, IndexName: 'pending' }),
        (item) => ({ ...keyOf(item), status: statusOf(item), provider: text(item, 'provider') }),
        deps,
      ),
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
export async function wholeDeliveries(
  items: AsyncIterable<Item> | Iterable<Item>,
  deps: Pick<Dependencies, 'clock' | 'log'>,
): Promise<readonly Delivery[]> {
  const read = await Array.fromAsync(
    readable(items, (item) => (isBeside(item) ? besideOf(item) : deliveryOf(item)), deps),
  )
  const beside = Map.groupBy(
    read.flatMap((one) => ('besideRowOf' in one ? [one] : [])),
    (one) => nameOf({ recipient: one.recipient, message: one.besideRowOf }),
  )
  return read.flatMap((one) => ('besideRowOf' in one ? [] : [withBeside(one, beside.get(nameOf(one)) ?? [])]))
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
        yield* readable(items, problemOf, { clock, log })
      }
    },
  }
}

function problemOf(item: Item): ProblemDelivery {
  const { template, fromDomain } = item
  return {
    ...keyOf(item),
    status: statusOf(item),
    provider: text(item, 'provider'),
    ...(template?.S !== undefined && { template: template.S }),
    ...(fromDomain?.S !== undefined && { fromDomain: fromDomain.S }),
  }
}

/** Reads all deliveries by pages of a megabyte. */
export function deliveryScanner(from: Dependencies & PageSize): DeliveryScanner {
  return {
    approximateRows: () => approximateRows(from.client, from.table),
    pages: (position, segment) =>
      scanPages(from, { position, segment }, (items) =>
        Array.fromAsync(
          readable(
            items.filter((item) => !isBeside(item)),
            deliveryOf,
            from,
          ),
        ),
      ),
    async *wholePages(position, segment) {
      for await (const { items, isLast } of inWholes(
        scanPages(from, { position, segment }, (page) => page),
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

async function* readable<T>(
  items: AsyncIterable<Item> | Iterable<Item>,
  read: (item: Item) => T,
  { clock, log }: Pick<Dependencies, 'clock' | 'log'>,
): AsyncIterable<T> {
  for await (const item of items) {
    if (isTombstone(item) || isExpired(item, clock.now())) continue
    try {
      yield read(item)
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) throw error
      log('row unreadable', { message: item.message?.S, problem: error.message })
    }
  }
}

/** What did not fit into its delivery's row and is in one of its own: a fact, or columns and names. */
type Beside = { readonly recipient: string; readonly besideRowOf: string } & (
  { readonly kind: EventKind; readonly fact: Fact } | Pick<Delivery, 'columns' | 'spellings' | 'emailIds'>
)

/** Whether an item holds what did not fit into the row of its delivery. */
export function isBeside(item: Item): boolean {
  return 'factOf' in item || 'columnsOf' in item
}

function besideOf(item: Item): Beside {
  const recipient = text(item, 'recipient')
  if (!('factOf' in item)) return { recipient, besideRowOf: text(item, 'columnsOf'), ...columnsIn(item) }
  const kind = eventKinds.find((known) => known === text(item, 'kind'))
  if (kind === undefined) throw new UnreadableRowError('kind: expected one that this version knows')
  return { recipient, besideRowOf: text(item, 'factOf'), kind, fact: parseFact(kind, text(item, 'fact')) }
}

function columnsIn(item: Item): Pick<Delivery, 'columns' | 'spellings' | 'emailIds'> {
  const columns = Object.entries(item).flatMap(([name, value]) =>
    value.S === undefined || ownAttributes.has(name) ? [] : [[name, value.S] as const],
  )
  return {
    spellings: membersOf(item, 'spellings'),
    emailIds: membersOf(item, 'emailIds'),
    columns: sortedByName(columns),
  }
}

function sortedByName(columns: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  return new Map([...columns].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function deliveryOf(item: Item): Delivery {
  const facts = eventKinds.flatMap((kind) => {
    const lines = membersOf(item, kind)
    return lines.length === 0
      ? []
      : [[kind, lines.map((line) => parseFact(kind, line)).sort(byTime)] as const]
  })
  return {
    ...keyOf(item),
    provider: text(item, 'provider'),
    status: statusOf(item),
    facts: new Map(facts),
    ...columnsIn(item),
  }
}

/**
 * @param beside - in the order of their keys: if they contradict each other, the first by key is used, whichever
 * arrived first.
 */
function withBeside(delivery: Delivery, beside: readonly Beside[]): Delivery {
  if (beside.length === 0) return delivery
  const ofColumns = beside.flatMap((one) => ('fact' in one ? [] : [one]))
  const besideByKind = Map.groupBy(
    beside.flatMap((one) => ('fact' in one ? [one] : [])),
    ({ kind }) => kind,
  )
  const facts = new Map<EventKind, readonly Fact[]>()
  for (const kind of eventKinds) {
    const whole = (besideByKind.get(kind) ?? []).map(({ fact }) => fact)
    const all = united(kind, delivery.facts.get(kind) ?? [], whole)
    if (all.length > 0) facts.set(kind, all)
  }
  const all = [delivery, ...ofColumns]
  return {
    ...delivery,
    facts,
    spellings: unionOf(all.map(({ spellings }) => spellings)),
    emailIds: unionOf(all.map(({ emailIds }) => emailIds)),
    columns: sortedByName(new Map(all.toReversed().flatMap(({ columns }) => [...columns]))),
  }
}

function unionOf(sets: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(sets.flat())].sort()
}

/** A fact that is kept whole beside its row replaces its shortened form. */
function united(kind: EventKind, inRow: readonly Fact[], whole: readonly Fact[]): readonly Fact[] {
  const texts = new Set(whole.map((fact) => fact.text))
  const standIns = new Set(whole.map((fact) => shortenedFact(kind, fact)).filter((text) => !texts.has(text)))
  const distinct = new Map(
    [...inRow.filter((fact) => !standIns.has(fact.text)), ...whole].map((fact) => [fact.text, fact]),
  )
  return [...distinct.values()].sort(byTime)
}

function membersOf(item: Item, set: string): readonly string[] {
  return (item[set]?.SS ?? []).toSorted()
}

export function keyOf(item: Item): DeliveryKey {
  return { recipient: text(item, 'recipient'), message: text(item, 'message') }
}

/** A row that does not hold what this version writes. */
class UnreadableRowError extends Error {}

function statusOf(item: Item): Status {
  const status = text(item, 'status')
  if (isStatus(status)) return status
  throw new UnreadableRowError(`status: expected one that this version knows, got '${status}'`)
}

function text(item: Item, attribute: string): string {
  const value = item[attribute]?.S
  if (value !== undefined) return value
  throw new UnreadableRowError(`${attribute}: expected a string, got nothing or another type`)
}
