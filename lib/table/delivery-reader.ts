import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { isStatus, nameOf, type Delivery, type DeliveryKey, type Status } from '../core/delivery.ts'
import { eventKinds, type EventKind } from '../core/event.ts'
import { byTime, parseFact, shortenedFact, type Fact } from '../core/fact.ts'
import type { DeliveryReader, DeliveryScanner } from '../ledger/ports.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { isExpired } from './expiry.ts'
import {
  approximateRows,
  batchGetItems,
  queryItems,
  scanItems,
  scanPages,
  type Item,
  type PageSize,
} from './pages.ts'

/** Attributes of a row that are not columns of its message. */
const ownAttributes: ReadonlySet<string> = new Set([
  'recipient',
  'message',
  'messageId',
  'provider',
  'status',
  'statusRank',
  'pending',
  'expiresAt',
  'columnsOf',
])

interface Dependencies {
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
export function deliveryReader({ client, table, clock, log }: Dependencies): DeliveryReader {
  const deps = { clock, log }
  const itemsOf = (recipient: string, messagePrefix?: string) =>
    queryItems(client, {
      TableName: table,
      KeyConditionExpression:
        messagePrefix === undefined ? 'recipient = :r' : 'recipient = :r AND begins_with(message, :m)',
      ExpressionAttributeValues: {
        ':r': { S: recipient },
        ...(messagePrefix !== undefined && { ':m': { S: messagePrefix } }),
      },
    })
  const deliveriesOf = async (items: AsyncIterable<Item>): Promise<readonly Delivery[]> => {
    const read = await Array.fromAsync(
      readable(items, (item) => (isBeside(item) ? besideOf(item) : deliveryOf(item)), deps),
    )
    const beside = Map.groupBy(
      read.flatMap((one) => ('besideRowOf' in one ? [one] : [])),
      (one) => one.besideRowOf,
    )
    return read.flatMap((one) =>
      'besideRowOf' in one ? [] : [withBeside(one, beside.get(one.message) ?? [])],
    )
  }
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
    ofRecipient: (recipient) => deliveriesOf(itemsOf(recipient)),
    async ofMessage(messageId) {
      const keys = queryItems(client, {
        TableName: table,
        IndexName: 'byMessage',
        KeyConditionExpression: 'messageId = :m',
        ExpressionAttributeValues: { ':m': { S: messageId } },
      })
      const deliveries: Delivery[] = []
      for await (const key of keys) {
        const found = await deliveriesOf(itemsOf(text(key, 'recipient'), messageId))
        deliveries.push(...found.filter((delivery) => delivery.message === messageId))
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

/** Reads all deliveries by pages of a megabyte. */
export function deliveryScanner(from: Dependencies & PageSize): DeliveryScanner {
  return {
    approximateRows: () => approximateRows(from.client, from.table),
    pages: (position) =>
      scanPages(from, position, (items) =>
        Array.fromAsync(
          readable(
            items.filter((item) => !isBeside(item)),
            deliveryOf,
            from,
          ),
        ),
      ),
  }
}

async function* readable<T>(
  items: AsyncIterable<Item> | Iterable<Item>,
  read: (item: Item) => T,
  { clock, log }: Pick<Dependencies, 'clock' | 'log'>,
): AsyncIterable<T> {
  for await (const item of items) {
    if (isExpired(item, clock.now())) continue
    try {
      yield read(item)
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) throw error
      log('row unreadable', { message: item.message?.S, problem: error.message })
    }
  }
}

/** What did not fit into its delivery's row and is in one of its own: a fact, or columns and names. */
type Beside = { readonly besideRowOf: string } & (
  { readonly kind: EventKind; readonly fact: Fact } | Pick<Delivery, 'columns' | 'spellings' | 'emailIds'>
)

function isBeside(item: Item): boolean {
  return 'factOf' in item || 'columnsOf' in item
}

function besideOf(item: Item): Beside {
  if (!('factOf' in item)) return { besideRowOf: text(item, 'columnsOf'), ...columnsIn(item) }
  const kind = eventKinds.find((known) => known === text(item, 'kind'))
  if (kind === undefined) throw new UnreadableRowError('kind: expected one that this version knows')
  return { besideRowOf: text(item, 'factOf'), kind, fact: parseFact(kind, text(item, 'fact')) }
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

function keyOf(item: Item): DeliveryKey {
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
