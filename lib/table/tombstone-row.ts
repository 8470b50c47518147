import type { Item } from './pages.ts'

/**
 * The partition of the deliveries table in which tombstones stand, by address: a query lists them, their TTL is the table's,
 * and they are in none of its indexes. No address is `#erased`.
 */
export const tombstonePartition = '#erased'

/** Whether an item of the deliveries table is a tombstone, and so no delivery. */
export function isTombstone(item: Item): boolean {
  return item.recipient?.S === tombstonePartition
}
