import type { DeliveryScanner } from '../../lib/ledger/ports.ts'
import { madeDelivery } from './made-delivery.ts'

/** Parts of the table that are read side by side. */
export const segments = 4
/** A megabyte of rows of 700 bytes. */
const rowsInPage = 1_500

/** Pages as DynamoDB gives them, made when they are asked for. */
export function madePages(rows: number): Pick<DeliveryScanner, 'wholePages'> {
  const boundary = (segment: number) => Math.floor((segment * rows) / segments)
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- rows are made, not awaited
    async *wholePages(_, { segment } = { segment: 0, of: segments }) {
      const end = boundary(segment + 1)
      for (let from = boundary(segment); from < end; from += rowsInPage) {
        const length = Math.min(rowsInPage, end - from)
        const items = Array.from({ length }, (_, index) => madeDelivery(from + index, rows))
        const isLast = from + length >= end
        yield { items, rows: length, ...(!isLast && { next: String(from + length) }) }
      }
    },
  }
}
