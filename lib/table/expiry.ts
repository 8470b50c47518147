import { dayMs } from '../core/instant.ts'

/**
 * The attribute under which a row leaves the table, as DynamoDB wants it: Unix seconds. It runs from the last write and
 * not from the event's time, since what is told today may have happened years ago.
 */
export function expiresAt(nowMs: number, retentionDays: number): { N: string } {
  return { N: String(Math.ceil((nowMs + retentionDays * dayMs) / 1_000)) }
}
