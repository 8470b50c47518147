import {
  GetItemCommand,
  ScanCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import type { Item } from './pages.ts'

/** An attribute of a row as the table has it. */
export interface RawAttribute {
  readonly name: string
  /** In DynamoDB's own words: `S`, `N`, `SS` and so on. */
  readonly type: string
  /** One, or of a set each; what is not text is JSON. */
  readonly values: readonly string[]
}

/** Every attribute of the row of a key, in the order of their names; none where there is no row. */
export async function rawRow(
  client: DynamoDBClient,
  table: string,
  key: Readonly<Record<string, string>>,
): Promise<readonly RawAttribute[]> {
  const Key = Object.fromEntries(Object.entries(key).map(([name, value]) => [name, { S: value }]))
  const { Item } = await client.send(new GetItemCommand({ TableName: table, Key }))
  return Item === undefined ? [] : attributesOf(Item)
}

/** The first rows of a small table, each with its attributes. */
export async function rawRows(
  client: DynamoDBClient,
  table: string,
  limit: number,
): Promise<readonly (readonly RawAttribute[])[]> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: table, Limit: limit }))
  return Items.map(attributesOf)
}

function attributesOf(item: Item): readonly RawAttribute[] {
  return Object.entries(item)
    .map(([name, value]) => ({ name, ...typedOf(value) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

function typedOf(value: AttributeValue): Omit<RawAttribute, 'name'> {
  const [type = '', held] = Object.entries(value).find(([, one]) => one !== undefined) ?? []
  const all: readonly unknown[] = type === 'SS' || type === 'NS' ? (held as readonly unknown[]) : [held]
  return { type, values: all.map(textOf) }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return JSON.stringify(value)
}
