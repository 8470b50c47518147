import { UnwritableError } from '../../lib/ledger/ports.ts'

/** What DynamoDB takes as a partition key and as a sort key, in bytes. */
const maxPartitionKeyBytes = 2_048
const maxSortKeyBytes = 1_024

/** Throws {@link UnwritableError} where DynamoDB refuses the key. */
export function requireKey(partitionKey: string, sortKey?: string): void {
  const refuse = (what: string, maxBytes: number) => {
    throw new UnwritableError(`The ${what} must have from 1 to ${maxBytes} bytes: no later try can succeed.`)
  }
  if (!isKey(partitionKey, maxPartitionKeyBytes)) refuse('recipient', maxPartitionKeyBytes)
  if (sortKey !== undefined && !isKey(sortKey, maxSortKeyBytes)) refuse('message', maxSortKeyBytes)
}

function isKey(text: string, maxBytes: number): boolean {
  return text !== '' && Buffer.byteLength(text) <= maxBytes
}

/** The order in which DynamoDB sorts text: by its bytes in UTF-8. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** Yields the items one at a time, as a table does page by page. */
export function eachAsync<T>(items: Iterable<T>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = items[Symbol.iterator]()
      return { next: () => Promise.resolve(iterator.next()) }
    },
  }
}
