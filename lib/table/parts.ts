import { promisify } from 'node:util'
import { constants, gunzip, gzip } from 'node:zlib'
import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'

// The parts of bodies that do not fit into one row (docs/adr/0006).

/**
 * Bytes of a body in one part, before compression. It is part of the format: parts of one body put before and after a
 * change of it would not fit together. gzip adds less than 1 KB to what it cannot compress, so `data` stays below 350
 * KB.
 */
const sliceBytes = 349 * 1024
const concurrentParts = 6

const compress = promisify(gzip)
const decompress = promisify(gunzip)

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
 * Keeps the bytes in rows of their own; returns how many. Every part unpacks by itself, so parts packed by different
 * versions of zlib fit together.
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
    // Nothing may be written after the call has rejected.
    failed.abort()
  }
  return count
}

async function putPart(of: PartsToPut, number: number, abortSignal: AbortSignal): Promise<void> {
  const slice = of.bytes.subarray((number - 1) * sliceBytes, number * sliceBytes)
  // The sender waits for the response, and attachments (base64) shrink by a quarter at any level.
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
export function readParts(
  client: DynamoDBClient,
  table: string,
  id: string,
  count: number,
): Promise<Uint8Array> {
  return readSlices({ client, table, id, count }, (data, number) => {
    const which = `Part ${number} of ${count}, the row '${partId(id, number)}' of ${table},`
    if (data === undefined) {
      throw new Error(`${which} is missing. A point-in-time recovery of the table may have it.`)
    }
    return unpacked(data, which)
  })
}

/** What there is of the parts that {@link putParts} kept: missing and damaged ones are left out. */
export function readLeftParts(
  client: DynamoDBClient,
  table: string,
  id: string,
  count: number,
): Promise<Uint8Array> {
  return readSlices({ client, table, id, count }, (data) =>
    data === undefined ? new Uint8Array() : unpacked(data, '').catch(() => new Uint8Array()),
  )
}

interface KeptParts {
  readonly client: DynamoDBClient
  readonly table: string
  readonly id: string
  readonly count: number
}

/** @param unpack - what a part holds; its data are absent where the part is */
async function readSlices(
  { client, table, id, count }: KeptParts,
  unpack: (data: Uint8Array | undefined, number: number) => Uint8Array | Promise<Uint8Array>,
): Promise<Uint8Array> {
  const slices = await pMap(
    numbersUpTo(count),
    async (number) => {
      const Key = { id: { S: partId(id, number) } }
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }))
      return unpack(Item?.data?.B, number)
    },
    { concurrency: concurrentParts },
  )
  return Buffer.concat(slices)
}

/** Removes the parts; one that is not there is none to remove. */
export async function removeParts(
  client: DynamoDBClient,
  table: string,
  id: string,
  count: number,
): Promise<void> {
  await pMap(
    numbersUpTo(count),
    (number) =>
      client.send(new DeleteItemCommand({ TableName: table, Key: { id: { S: partId(id, number) } } })),
    { concurrency: concurrentParts },
  )
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

/** The number of a part, by its key; `undefined` where the key is no part's. */
export function partNumberOf(key: string): number | undefined {
  const digits = /^[0-9a-f]{64}#(\d{3})$/.exec(key)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

// `#001` and up: they sort in order, and no id holds a `#`.
function partId(id: string, number: number): string {
  return `${id}#${String(number).padStart(3, '0')}`
}

function numbersUpTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}
