import { dayMs, secondMs } from '../core/instant.ts'
import type { Item } from './pages.ts'

/**
 * The attribute by which a row expires, as DynamoDB requires it: Unix seconds. It runs from the last write and not from
 * the event's time, since an event reported today may be years old.
 */
export function expiresAt(nowMs: number, retentionDays: number): { N: string } {
  return { N: String(Math.ceil((nowMs + retentionDays * dayMs) / secondMs)) }
}

/** Whether a row has expired. DynamoDB may take days to delete it. */
export function isExpired(item: Item, nowMs: number): boolean {
  const expiresAtSeconds = Number(item.expiresAt?.N ?? Infinity)
  return expiresAtSeconds * secondMs <= nowMs
}
