import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { isStatus, type Delivery, type DeliveryKey, type Status } from '../core/delivery.ts'
import { eventKinds, type EventKind } from '../core/event.ts'
import { byTime, parseFact, type Fact } from '../core/fact.ts'
import type { DeliveryReader } from '../ports.ts'
import { batchGetItems, queryItems, scanItems, type Item } from './pages.ts'

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
])

/** Reads deliveries back, with the facts that found no room in their row. */
export function deliveryReader(client: DynamoDBClient, table: string): DeliveryReader {
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
  return {
    async rowsOf(keys) {
      const items = await batchGetItems(
        client,
        table,
        keys.map((key) => ({ recipient: { S: key.recipient }, message: { S: key.message } })),
      )
      return items.map((item) => deliveryOf(item, []))
    },
    async ofRecipient(recipient) {
      return deliveriesOf(await Array.fromAsync(itemsOf(recipient)))
    },
    async ofMessage(messageId) {
      const keys = queryItems(client, {
        TableName: table,
        IndexName: 'byMessage',
        KeyConditionExpression: 'messageId = :m',
        ExpressionAttributeValues: { ':m': { S: messageId } },
      })
      const deliveries: Delivery[] = []
      for await (const key of keys) {
        const items = await Array.fromAsync(itemsOf(text(key, 'recipient'), messageId))
        deliveries.push(...deliveriesOf(items).filter((delivery) => delivery.message === messageId))
      }
      return deliveries
    },
    async *pending() {
      for await (const item of scanItems(client, { TableName: table, IndexName: 'pending' })) {
        yield { ...keyOf(item), status: statusOf(item) }
      }
    },
  }
}

/** Puts rows and the fact rows that sort below them together. */
function deliveriesOf(items: readonly Item[]): readonly Delivery[] {
  const factItems = items.filter((item) => 'factOf' in item)
  return items
    .filter((item) => !('factOf' in item))
    .map((item) =>
      deliveryOf(
        item,
        factItems.filter((factItem) => text(factItem, 'factOf') === text(item, 'message')),
      ),
    )
}

function deliveryOf(item: Item, factItems: readonly Item[]): Delivery {
  const facts = new Map<EventKind, readonly Fact[]>()
  for (const kind of eventKinds) {
    const aside = factItems
      .filter((factItem) => text(factItem, 'kind') === kind)
      .map((factItem) => text(factItem, 'fact'))
    const ofKind = factsOf(kind, item[kind]?.SS ?? [], aside)
    if (ofKind.length > 0) facts.set(kind, ofKind)
  }
  const columns = Object.entries(item).flatMap(([name, value]) =>
    value.S === undefined || ownAttributes.has(name) ? [] : [[name, value.S] as const],
  )
  return {
    ...keyOf(item),
    provider: text(item, 'provider'),
    status: statusOf(item),
    facts,
    columns: new Map(columns.sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** A fact that is kept whole in a row of its own takes the place of its shorter stand-in. */
function factsOf(kind: EventKind, inRow: readonly string[], aside: readonly string[]): readonly Fact[] {
  const whole = aside.map((fact) => parseFact(kind, fact))
  const isStandIn = (fact: Fact) =>
    fact.text.includes('…') &&
    whole.some((other) => other.identity === fact.identity && other.text !== fact.text)
  const short = inRow.map((fact) => parseFact(kind, fact)).filter((fact) => !isStandIn(fact))
  const distinct = new Map([...short, ...whole].map((fact) => [fact.text, fact]))
  return [...distinct.values()].sort(byTime)
}

function keyOf(item: Item): DeliveryKey {
  return { recipient: text(item, 'recipient'), message: text(item, 'message') }
}

function statusOf(item: Item): Status {
  const status = text(item, 'status')
  if (isStatus(status)) return status
  throw new TypeError(
    `A row's status is '${status}', which this version does not know. Deploy the newer version.`,
  )
}

function text(item: Item, attribute: string): string {
  const value = item[attribute]?.S
  if (value !== undefined) return value
  throw new TypeError(`A row of the deliveries table lacks '${attribute}', or it is not a string.`)
}
