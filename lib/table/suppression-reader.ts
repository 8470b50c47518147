import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Clock } from '../runtime/ports.ts'
import type { PageSize } from '../store/ports.ts'
import { suppressionIn } from '../rows/suppression-row.ts'
import type { SuppressionReader, SuppressionScanner } from '../suppressions/ports.ts'
import { approximateRows, batchGetItems, scanItems, scanPages, type Item } from './pages.ts'
import { plainRow } from './plain-row.ts'

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
}

/** Reads the suppression list. It returns a row as stored, even if it was changed by hand. */
export function suppressionReader({ client, table }: Dependencies): SuppressionReader {
  return {
    async ofRecipient(recipient) {
      const item = await suppressionItem({ client, table }, recipient)
      return item && suppressionIn(plainRow(item))
    },
    async *all() {
      for await (const item of scanItems(client, { TableName: table })) yield suppressionIn(plainRow(item))
    },
  }
}

/** Reads the list by pages of a megabyte. */
export function suppressionScanner(
  from: Dependencies & PageSize & { readonly clock: Clock },
): SuppressionScanner {
  const { client, table, clock } = from
  return {
    approximateRows: () => approximateRows(client, table),
    pages: (position) =>
      scanPages(from, { key: ['recipient'], position }, (items) => items.map(plainRow).map(suppressionIn)),
    ...suppressionBatches({ client, table, clock }),
  }
}

/** Reads the rows of many recipients, a hundred at a time. */
export function suppressionBatches({
  client,
  table,
  clock,
}: Dependencies & { readonly clock: Clock }): Pick<SuppressionScanner, 'ofRecipients'> {
  return {
    async ofRecipients(recipients) {
      const keys = [...new Set(recipients)].map((recipient) => ({ recipient: { S: recipient } }))
      const rows = (await batchGetItems(client, table, clock, keys)).map(plainRow).map(suppressionIn)
      return new Map(rows.map((row) => [row.recipient, row]))
    },
  }
}

/** The current row, read consistently. */
export async function suppressionItem(
  { client, table }: Dependencies,
  recipient: string,
): Promise<Item | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: table, Key: { recipient: { S: recipient } }, ConsistentRead: true }),
  )
  return Item
}
