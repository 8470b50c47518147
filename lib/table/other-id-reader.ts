import pMap from 'p-map'
import type { DeliveryKey } from '../core/delivery.ts'
import type { FoundById, OtherIdReader, WhyNotSearched } from '../ledger/ports.ts'
import { idIndexes, idPartitionsOf, latestFirst, usualMaxFound, type IdIndex } from '../rows/id-indexes.ts'
import { deliveriesWithKey, keyOf, type Dependencies } from './delivery-reader.ts'
import { queryItems } from './pages.ts'

/** Concurrent reads of one look-up. */
const concurrentQueries = 8

interface Indexed extends Dependencies {
  /** How many deliveries a look-up reads, and at most 8 times so many keys. Default: 500. */
  readonly maxFound?: number
}

/** Reads the indexes of ids, which no function needs (docs/adr/0013). Deliveries are complete, and the latest are read first. */
export function otherIdReader({ maxFound = usualMaxFound, ...from }: Indexed): OtherIdReader {
  const byId = async (id: string, index: IdIndex): Promise<FoundById> => {
    try {
      const keys = await latestWithId(from, index, { id, limit: maxFound })
      const read = await pMap(keys.slice(0, maxFound), (key) => deliveriesWithKey(from, key), {
        concurrency: concurrentQueries,
      })
      return { deliveries: read.flat(), ...(keys.length > maxFound && { cutAt: maxFound }) }
    } catch (error) {
      const notSearched = whyNotSearched(error)
      if (notSearched === undefined) throw error
      return { notSearched }
    }
  }
  return {
    ofOwnId: (id) => byId(id, idIndexes.ownId),
    ofRfcMessageId: (id) => byId(id, idIndexes.rfcMessageId),
  }
}

/** The keys of deliveries with an id, the latest first, as far as their messages show it: up to one too many from each shard. */
async function latestWithId(
  { client, table }: Dependencies,
  { index, attribute }: IdIndex,
  { id, limit }: { readonly id: string; readonly limit: number },
): Promise<readonly DeliveryKey[]> {
  const keys = await pMap(idPartitionsOf(id), async (partition) => {
    const items = queryItems(client, {
      TableName: table,
      IndexName: index,
      KeyConditionExpression: '#id = :id',
      ExpressionAttributeNames: { '#id': attribute },
      ExpressionAttributeValues: { ':id': { S: partition } },
      ScanIndexForward: false,
      Limit: limit + 1,
    })
    const first: DeliveryKey[] = []
    for await (const item of items) if (first.push(keyOf(item)) > limit) break
    return first
  })
  return latestFirst(keys.flat())
}

/** By DynamoDB's own words, since it has no error for an index that is not there. */
function whyNotSearched(error: unknown): WhyNotSearched | undefined {
  if (!(error instanceof Error)) return undefined
  if (error.name === 'AccessDeniedException') return 'not-allowed'
  if (error.name !== 'ValidationException') return undefined
  if (error.message.includes('does not have the specified index')) return 'no-index'
  return error.message.includes('backfilling') ? 'index-in-making' : undefined
}
