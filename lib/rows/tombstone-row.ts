import * as v from 'valibot'
import { formatInstant, secondMs } from '../core/instant.ts'
import type { Tombstone } from '../erase/ports.ts'
import { count, instant, problemOf, texts, UnreadableRowError, type Row } from './row.ts'

const row = v.object({
  erasedAt: instant,
  expiresAt: count,
  suppression: v.optional(v.string(), 'kept'),
  waiting: v.optional(texts, []),
})

/**
 * Throws {@link UnreadableRowError} at a row that cannot be read: nobody may take it for lifted.
 * @param place - where the row is, for that error, which does not name the address
 */
export function tombstoneIn(recipient: string, stored: Row, place: string): Tombstone {
  const result = v.safeParse(row, stored)
  if (!result.success) {
    const problems = result.issues.map(problemOf).join('; ')
    throw new UnreadableRowError(
      `A tombstone in ${place} cannot be read (${problems}). Find the row with that fault, delete it, and erase its address again (\`ledger erase\`).`,
    )
  }
  const { erasedAt, expiresAt, suppression, waiting } = result.output
  return {
    recipient,
    erasedAtMs: erasedAt,
    endsAtMs: expiresAt * secondMs,
    isSuppressionKept: suppression !== 'removed',
    waiting,
  }
}

/** The columns of a tombstone beside its address and what it waits for. */
export function tombstoneColumns({ erasedAtMs, endsAtMs, isSuppressionKept }: Tombstone) {
  return {
    erasedAt: formatInstant(erasedAtMs),
    expiresAt: Math.ceil(endsAtMs / secondMs),
    suppression: isSuppressionKept ? 'kept' : 'removed',
  }
}
