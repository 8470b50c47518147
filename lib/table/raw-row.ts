import { GetItemCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { RawField } from '../store/ports.ts'
import type { Item } from './pages.ts'

/** Every attribute of the row of a key, in the order of their names; none where there is no row. */
export async function rawRow(
  client: DynamoDBClient,
  table: string,
  key: Readonly<Record<string, string>>,
): Promise<readonly RawField[]> {
  const Key = Object.fromEntries(Object.entries(key).map(([name, value]) => [name, { S: value }]))
  const { Item } = await client.send(new GetItemCommand({ TableName: table, Key }))
  return Item === undefined ? [] : attributesOf(Item)
}

function attributesOf(item: Item): readonly RawField[] {
  return Object.entries(item)
    .map(([name, value]) => ({ name, ...typedOf(value) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

function typedOf(value: AttributeValue): Omit<RawField, 'name'> {
  const [type = '', held] = Object.entries(value).find(([, one]) => one !== undefined) ?? []
  const all: readonly unknown[] = type === 'SS' || type === 'NS' ? (held as readonly unknown[]) : [held]
  return { type, values: all.map(textOf) }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return JSON.stringify(value)
}
