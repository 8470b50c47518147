import type { Store } from '../lib/store/ports.ts'
import { counted } from './counted.ts'

/** List price on demand in us-east-1, 2026-11: dollars for a million read units. */
const dollarsPerMillion = 0.125

/** Read units that a scan of so much takes, if it may be a moment behind. */
export function unitsOfScan(bytes: number): number {
  return Math.ceil(bytes / 4_096 / 2)
}

/**
 * What it takes to read a whole table, as a line. In DynamoDB a scan that may be a moment behind takes half a read unit for each
 * 4 KB; in PostgreSQL nothing is paid by what is read.
 * @param what - what is read
 */
export function scanCost(
  { kind }: Pick<Store, 'kind'>,
  { rows, bytes }: { readonly rows: number; readonly bytes: number },
  what = 'the whole table',
): string {
  const read = `This reads ${what}: about ${counted(rows, 'row')} in ${(bytes / 1_000_000).toFixed(1)} MB`
  if (kind === 'postgresql') return `${read}, by PostgreSQL's own estimate.\n`
  const units = unitsOfScan(bytes)
  const dollars = (units / 1_000_000) * dollarsPerMillion
  const price = dollars < 0.01 ? 'less than $0.01' : `$${dollars.toFixed(2)}`
  return `${read}, ${counted(units, 'read unit')} (${price} on demand), by DynamoDB's count of the last hours.\n`
}
