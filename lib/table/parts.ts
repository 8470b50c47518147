import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, gunzip, gzip } from 'node:zlib'
import {
  GetItemCommand,
  PutItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import * as v from 'valibot'
import { secondMs } from '../core/instant.ts'
import type { Clock, Log } from '../ports.ts'
import { scanItems, type Item } from './pages.ts'

// Bodies that are named by their digest: the parts of those that no row can hold, and how a head is found
// (docs/adr/0006).

/**
 * Bytes of a body in one part, before compression. It is part of the format: with another figure, parts of one body that
 * are put half before and half after the change would not fit together. gzip adds less than 1 KB to what it cannot
 * compress, so `data` stays below 350 KB.
 */
const sliceBytes = 349 * 1024
const concurrentParts = 6

const compress = promisify(gzip)
const decompress = promisify(gunzip)

/** Names a body: the same body of the same provider has the same id. */
export function contentIdOf(provider: string, body: Uint8Array): string {
  return createHash('sha256').update(provider).update('\n').update(body).digest('hex')
}

interface PartsToPut {
  readonly client: DynamoDBClient
  readonly table: string
  /** A digest of the bytes: putting them again, in any order and by any number of writers, changes nothing. */
  readonly id: string
  readonly bytes: Uint8Array
  readonly expiresAt: AttributeValue
  readonly signal?: AbortSignal | undefined
}

/**
 * Keeps the bytes in rows of their own; answers how many. Every part unpacks by itself, so that it does not matter which
 * version of zlib packed its neighbours.
 */
export async function putParts(of: PartsToPut): Promise<number> {
  const count = Math.ceil(of.bytes.length / sliceBytes)
  const failed = new AbortController()
  const abortSignal = of.signal ? AbortSignal.any([of.signal, failed.signal]) : failed.signal
  try {
    await pMap(numbersUpTo(count), (number) => putPart(of, number, abortSignal), {
      concurrency: concurrentParts,
      signal: abortSignal,
    })
  } finally {
    // Nothing may still be written after the caller was told that it failed.
    failed.abort()
  }
  return count
}

async function putPart(of: PartsToPut, number: number, abortSignal: AbortSignal): Promise<void> {
  const slice = of.bytes.subarray((number - 1) * sliceBytes, number * sliceBytes)
  // A caller waits for the answer, and attachments (base64) shrink by a quarter at any level.
  const data = await compress(slice, { level: constants.Z_BEST_SPEED })
  const Item = {
    id: { S: partId(of.id, number) },
    partOf: { S: of.id },
    data: { B: data },
    expiresAt: of.expiresAt,
  }
  await of.client.send(new PutItemCommand({ TableName: of.table, Item }), { abortSignal })
}

/** The bytes that {@link putParts} kept under the id. */
export async function readParts(
  client: DynamoDBClient,
  table: string,
  id: string,
  count: number,
): Promise<Uint8Array> {
  const slices = await pMap(
    numbersUpTo(count),
    async (number) => {
      const part = partId(id, number)
      const Key = { id: { S: part } }
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }))
      const which = `Part ${number} of ${count}, the row '${part}' of ${table},`
      if (Item?.data?.B === undefined) {
        throw new Error(`${which} is missing. A point-in-time recovery of the table may have it.`)
      }
      return unpacked(Item.data.B, which)
    },
    { concurrency: concurrentParts },
  )
  return Buffer.concat(slices)
}

async function unpacked(data: Uint8Array, which: string): Promise<Uint8Array> {
  try {
    return await decompress(data, { maxOutputLength: sliceBytes })
  } catch (cause) {
    throw new Error(`${which} is damaged. A point-in-time recovery of the table may have it whole.`, {
      cause,
    })
  }
}

// `#001` and on: they sort in their order, and no id holds a `#`.
function partId(id: string, number: number): string {
  return `${id}#${String(number).padStart(3, '0')}`
}

function numbersUpTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

interface Heads<Head> {
  readonly client: DynamoDBClient
  readonly table: string
  /** The index that holds the heads and no parts, where there is one. */
  readonly indexName?: string
  /** Throws a `ValiError` where the row does not hold what this version writes. */
  readonly read: (item: Item) => Head
  readonly clock: Clock
  readonly log: Log
}

interface HeadReader<Head> {
  /** What the rows tell. One that was changed by hand so that it cannot be read is logged and hides no other. */
  readable(items: AsyncIterable<Item>): AsyncIterable<Head>
  /** The head of an id that may be shortened as long as it names one; `undefined` where there is none. */
  find(given: string): Promise<Head | undefined>
}

/** Reads heads. Those whose time is over are left out, since DynamoDB may take days to delete them. */
export function headReader<Head>(of: Heads<Head>): HeadReader<Head> {
  const isExpired = (item: Item) => Number(item.expiresAt?.N ?? Infinity) * secondMs <= of.clock.now()
  const idsBeginningWith = async (digits: string): Promise<readonly string[]> => {
    const items = scanItems(of.client, {
      TableName: of.table,
      ...(of.indexName !== undefined && { IndexName: of.indexName }),
      FilterExpression: 'begins_with(id, :digits) AND attribute_not_exists(partOf)',
      ProjectionExpression: 'id, expiresAt',
      ExpressionAttributeValues: { ':digits': { S: digits } },
    })
    const found = await Array.fromAsync(items)
    return found.filter((item) => !isExpired(item)).flatMap((item) => item.id?.S ?? [])
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
        if (isExpired(item)) continue
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
      if (item === undefined || isExpired(item)) return undefined
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

// Says where and what was expected, never what stands there: it may be an address.
function problemOf({ issues: [issue] }: v.ValiError<v.GenericSchema>): string {
  return `${v.getDotPath(issue) ?? 'row'}: expected ${issue.expected ?? 'another value'}`
}
