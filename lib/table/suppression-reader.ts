import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { inOrderOfTime, type Suppression } from '../core/suppression.ts'
import type { SuppressionReader } from '../ports.ts'
import { scanItems, type Item } from './pages.ts'

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
}

/** Reads the suppression list back. What it tells of a row is what the row says, however somebody changed it by hand. */
export function suppressionReader({ client, table }: Dependencies): SuppressionReader {
  return {
    async ofRecipient(recipient) {
      const item = await suppressionItem({ client, table }, recipient)
      return item && suppressionIn(item)
    },
    async *all() {
      for await (const item of scanItems(client, { TableName: table })) yield suppressionIn(item)
    },
  }
}

/** Whether the recipient is on the list now, in one read of one attribute. */
export async function isOnSuppressionList(
  { client, table }: Dependencies,
  recipient: string,
): Promise<boolean> {
  const { Item } = await client.send(
    new GetItemCommand({
      TableName: table,
      Key: { recipient: { S: recipient } },
      ProjectionExpression: 'suppressedBy',
      ConsistentRead: true,
    }),
  )
  return Item?.suppressedBy !== undefined
}

/** The row as it stands now, whatever was written a moment ago included. */
export async function suppressionItem(
  { client, table }: Dependencies,
  recipient: string,
): Promise<Item | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: table, Key: { recipient: { S: recipient } }, ConsistentRead: true }),
  )
  return Item
}

/** A row as the core knows it. Evidence that found no room in the set stands in columns of its own. */
export function suppressionIn(item: Item): Suppression {
  const suppressedBy = item.suppressedBy?.S
  const beside = [suppressedBy, item.latestEvidence?.S].filter((line) => line !== undefined)
  const removedAt = item.removedAt?.S
  const removals = [...(item.removals?.SS ?? []), ...(removedAt === undefined ? [] : [removedAt])]
  return {
    recipient: item.recipient?.S ?? '',
    isSuppressed: suppressedBy !== undefined,
    ...(suppressedBy !== undefined && { suppressedBy }),
    evidence: inOrderOfTime([...(item.evidence?.SS ?? []), ...beside]),
    removals: [...new Set(removals)].sort(),
  }
}
