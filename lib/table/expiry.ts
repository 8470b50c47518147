import { dayMs, secondMs } from '../core/instant.ts'
import type { Item } from './pages.ts'

/**
 * The attribute under which a row leaves the table, as DynamoDB wants it: Unix seconds. It runs from the last write and
 * not from the event's time, since what is told today may have happened years ago.
 */
export function expiresAt(nowMs: number, retentionDays: number): { N: string } {
  return { N: String(Math.ceil((nowMs + retentionDays * dayMs) / secondMs)) }
}

/** Whether a row's time is over. DynamoDB may take days to delete it. */
export function isExpired(item: Item, nowMs: number): boolean {
  const expiresAtSeconds = Number(item.expiresAt?.N ?? Infinity)
  return expiresAtSeconds * secondMs <= nowMs
}
