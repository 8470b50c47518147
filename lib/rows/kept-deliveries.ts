import { parseFact } from '../core/fact.ts'
import type { KeptDelivery } from '../erase/ports.ts'
import { listIn, textIn, type Row } from './row.ts'

/**
 * Deliveries with all of their rows, whatever these hold, and whether or not a row has expired. What is beside a row may be
 * there before it, and after it where a removal was interrupted.
 */
export function keptDeliveriesIn(rows: readonly Row[]): readonly KeptDelivery[] {
  const byMessage = Map.groupBy(
    rows,
    (row) => textIn(row, 'factOf') ?? textIn(row, 'columnsOf') ?? keyOf(row),
  )
  return [...byMessage].map(([message, rows]) => {
    const requestedAtMs = earliest(rows.flatMap(requestsIn))
    return {
      message,
      ...(requestedAtMs !== undefined && { requestedAtMs }),
      // Its own row last.
      rows: rows.map(keyOf).sort((one, other) => Number(one === message) - Number(other === message)),
    }
  })
}

function keyOf(row: Row): string {
  return textIn(row, 'message') ?? ''
}

function requestsIn(row: Row): readonly number[] {
  const beside = row.kind === 'requested' ? [textIn(row, 'fact') ?? []].flat() : []
  const lines = [...listIn(row, 'requested'), ...beside]
  return lines.flatMap((line) => parseFact('requested', line).occurredAtMs ?? [])
}

function earliest(instants: readonly number[]): number | undefined {
  return instants.length === 0 ? undefined : instants.reduce((one, other) => Math.min(one, other))
}
