import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import type { Clock, Log } from '../runtime/ports.ts'
import { isExpired } from './expiry.ts'
import { scanItems, type Item } from './pages.ts'

// Rows named by a digest of their content: how they are found and read, without their parts (docs/adr/0006).

interface Heads<Head> {
  readonly client: DynamoDBClient
  readonly table: string
  /** The index that holds the heads and no parts, if any. */
  readonly indexName?: string
  /** Throws a `ValiError` where the row does not hold what this version writes. */
  readonly read: (item: Item) => Head
  readonly clock: Clock
  readonly log: Log
}

interface HeadReader<Head> {
  /** The content of the rows. One that was changed by hand and cannot be read is logged and left out. */
  readable(items: AsyncIterable<Item>): AsyncIterable<Head>
  /** The head of an id, which may be shortened if it still names one; `undefined` if there is none. */
  find(given: string): Promise<Head | undefined>
}

/** Reads heads. Expired ones are left out, since DynamoDB may take days to delete them. */
export function headReader<Head>(of: Heads<Head>): HeadReader<Head> {
  const idsBeginningWith = async (digits: string): Promise<readonly string[]> => {
    const items = scanItems(of.client, {
      TableName: of.table,
      ...(of.indexName !== undefined && { IndexName: of.indexName }),
      FilterExpression: 'begins_with(id, :digits) AND attribute_not_exists(partOf)',
      ProjectionExpression: 'id, expiresAt',
      ExpressionAttributeValues: { ':digits': { S: digits } },
    })
    const found = await Array.fromAsync(items)
    return found.filter((item) => !isExpired(item, of.clock.now())).flatMap((item) => item.id?.S ?? [])
  }
  const attempt = (item: Item): { head: Head } | { problem: string } => {
    try {
      return { head: of.read(item) }
    } catch (error) {
      if (v.isValiError<v.GenericSchema>(error)) return { problem: problemOf(error) }
      throw error
    }
  }
  return {
    async *readable(items) {
      for await (const item of items) {
        if (isExpired(item, of.clock.now())) continue
        const read = attempt(item)
        if ('head' in read) yield read.head
        else of.log('row unreadable', { id: item.id?.S, problem: read.problem })
      }
    },
    async find(given) {
      const id = await wholeIdOf(given, idsBeginningWith)
      if (id === undefined) return undefined
      const { Item: item } = await of.client.send(
        new GetItemCommand({ TableName: of.table, Key: { id: { S: id } }, ConsistentRead: true }),
      )
      if (item === undefined || isExpired(item, of.clock.now())) return undefined
      const read = attempt(item)
      if ('head' in read) return read.head
      throw new Error(`The row '${id}' of ${of.table} cannot be read: ${read.problem}.`)
    },
  }
}

async function wholeIdOf(
  given: string,
  idsBeginningWith: (digits: string) => Promise<readonly string[]>,
): Promise<string | undefined> {
  const digits = given.trim().toLowerCase()
  if (!/^[0-9a-f]{6,64}$/.test(digits)) {
    throw new Error('An id is 64 hex digits. Give it whole, or at least its first 6.')
  }
  if (digits.length === 64) return digits
  const ids = await idsBeginningWith(digits)
  if (ids.length > 1) {
    throw new Error(`'${digits}' begins ${ids.length} ids. Give more digits:\n${ids.toSorted().join('\n')}`)
  }
  return ids[0]
}

// Says where and what was expected, never the value: it may be an address.
function problemOf({ issues: [issue] }: v.ValiError<v.GenericSchema>): string {
  return `${v.getDotPath(issue) ?? 'row'}: expected ${issue.expected ?? 'another value'}`
}
