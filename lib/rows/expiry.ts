import { dayMs, secondMs } from '../core/instant.ts'
import type { Row } from './row.ts'

/**
 * The column by which a row expires, in Unix seconds. It runs from the last write and not from the event's time, since an
 * event reported today may be years old.
 */
export function expiresAt(nowMs: number, retentionDays: number): number {
  return Math.ceil((nowMs + retentionDays * dayMs) / secondMs)
}

/** Whether a row has expired. It may take days until it is deleted. */
export function isExpired({ expiresAt }: Row, nowMs: number): boolean {
  return typeof expiresAt === 'number' && expiresAt * secondMs <= nowMs
}
