import { secondMs } from '../core/instant.ts'
import type { PostgresTables, TableName } from './schema.ts'

/** Those whose rows expire. */
const expiring = [
  'deliveries',
  'beside',
  'inbound',
  'quarantine',
  'room',
  'tombstones',
] as const satisfies TableName[]

/**
 * Deletes rows that have expired, since PostgreSQL does not do so by itself: of each table at most so many, in one statement.
 * A row that is written to meanwhile stays. Returns how many it deleted.
 */
export async function removeExpired(
  { database, nameOf }: PostgresTables,
  nowMs: number,
  mostOfEach: number,
): Promise<number> {
  const isOver = `"expiresAt" <= ${Math.floor(nowMs / secondMs)}`
  let removed = 0
  for (const table of expiring) {
    const name = nameOf(table)
    removed += await database.write(
      `DELETE FROM ${name} WHERE ${isOver} AND ctid = ANY (ARRAY(
         SELECT ctid FROM ${name} WHERE ${isOver} LIMIT ${mostOfEach}))`,
    )
  }
  return removed
}
