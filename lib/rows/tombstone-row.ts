import * as v from 'valibot'
import { formatInstant, secondMs } from '../core/instant.ts'
import type { Tombstone } from '../erase/ports.ts'
import { count, instant, texts, type Row } from './row.ts'

const row = v.object({
  erasedAt: instant,
  expiresAt: count,
  suppression: v.optional(v.string(), 'kept'),
  waiting: v.optional(texts, []),
})

/** Throws a `ValiError` at a row that cannot be read: nobody may take it for lifted. */
export function tombstoneIn(recipient: string, stored: Row): Tombstone {
  const { erasedAt, expiresAt, suppression, waiting } = v.parse(row, stored)
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
