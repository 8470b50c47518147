import {
  DeleteItemCommand,
  GetItemCommand,
  paginateScan,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import type { BodyEraser, BodyRow, InboundEraser, KeptHead, QuarantineEraser } from '../erase/ports.ts'
import { erasing, inboundHeadIn, quarantinedHeadIn } from '../rows/kept-heads.ts'
import { openUnfinished } from '../rows/quarantine-row.ts'
import type { Row } from '../rows/row.ts'
import { Expression } from './expression.ts'
import { approximateSize, scanPages, type Item } from './pages.ts'
import { partNumberOf, readLeftParts, removeParts } from './parts.ts'
import { plainRow } from './plain-row.ts'
import { tryUpdate, undefinedIfConditionFailed } from './try-update.ts'

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
}

function bodyEraser<Head extends KeptHead>(
  { client, table }: Dependencies,
  read: (row: Row) => Head,
): BodyEraser<Head> {
  const rowOf = (item: Item): readonly BodyRow<Head>[] => {
    const { id, partOf } = item
    const number = partNumberOf(id?.S ?? '')
    if (partOf?.S !== undefined && number !== undefined) return [{ partOf: partOf.S, number }]
    return isHead(item) ? [{ head: read(plainRow(item)) }] : []
  }
  const itemOf = async (id: string) => {
    const Key = { id: { S: id } }
    return (await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }))).Item
  }
  return {
    size: () => approximateSize(client, table),
    pages: () => scanPages({ client, table }, { key: ['id'] }, (items) => items.flatMap(rowOf)),
    async head(id) {
      const item = await itemOf(id)
      return item && isHead(item) ? read(plainRow(item)) : undefined
    },
    partsOf: ({ id, parts }) => readLeftParts(client, table, id, parts),
    async remove({ id, parts, lastSeenAt, isLoose = false }) {
      const Key = { id: { S: id } }
      if (isLoose) {
        // A mail that was being written has got its head.
        if ((await itemOf(id)) !== undefined) return false
        await removeParts(client, table, id, parts)
        return true
      }
      // A body that has arrived again is open again, and is judged anew.
      const condition = lastSeenAt === undefined ? {} : isAsRead(lastSeenAt)
      if (parts > 0) {
        const expression = new Expression()
        expression.require(`attribute_exists(${expression.name('id')})`)
        if (lastSeenAt !== undefined) {
          expression.require(`${expression.name('lastSeenAt')} = ${expression.string(lastSeenAt)}`)
        }
        expression.set(erasing, { S: 'yes' })
        const isMarked = await tryUpdate({ client, table }, Key, expression)
        if (!isMarked && lastSeenAt !== undefined && (await itemOf(id)) !== undefined) return false
        await removeParts(client, table, id, parts)
      }
      const removal = new DeleteItemCommand({ TableName: table, Key, ...condition })
      return (await undefinedIfConditionFailed(client.send(removal))) !== undefined
    },
  }
}

/** The row as it was read, or none. */
function isAsRead(lastSeenAt: string) {
  return {
    ConditionExpression: 'attribute_not_exists(id) OR lastSeenAt = :seen',
    ExpressionAttributeValues: { ':seen': { S: lastSeenAt } },
  }
}

/** Parts are none, nor is the row that counts what a day may keep (lib/table/daily-room.ts). */
function isHead(item: Item): boolean {
  return /^[0-9a-f]{64}$/.test(item.id?.S ?? '')
}

export function inboundEraser(of: Dependencies): InboundEraser {
  return {
    ...bodyEraser(of, inboundHeadIn),
    async *heads() {
      const input = { TableName: of.table, IndexName: 'byAnswered' }
      for await (const { Items = [] } of paginateScan({ client: of.client }, input)) {
        yield { items: Items.map(plainRow).map(inboundHeadIn), rows: Items.length }
      }
    },
  }
}

export function quarantineEraser(of: Dependencies): QuarantineEraser {
  return {
    ...bodyEraser(of, quarantinedHeadIn),
    async openSince(instantMs) {
      const found: { readonly id: string; readonly atMs: number }[] = []
      for await (const { Items = [] } of paginateScan(
        { client: of.client },
        { TableName: of.table, IndexName: 'open' },
      )) {
        for (const { id, open } of Items) {
          const atMs = open?.S === openUnfinished ? Infinity : Date.parse(open?.S ?? '')
          if (id?.S !== undefined && atMs >= instantMs) found.push({ id: id.S, atMs })
        }
      }
      return found.sort((one, other) => other.atMs - one.atMs).map(({ id }) => id)
    },
  }
}
