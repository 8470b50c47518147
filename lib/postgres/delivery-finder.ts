import { firstItems } from '../core/first-items.ts'
import { TooMuchToReadError, type DeliveryFinder } from '../query/ports.ts'
import { wholeDeliveries } from '../rows/delivery-row.ts'
import { textOf, type Row } from '../rows/row.ts'
import { deliveriesWithKey, deliveriesWithKeys, listings, type Dependencies } from './delivery-reader.ts'
import { rowsWithBeside, wholeRow } from './delivery-rows.ts'
import { rowsOf } from './pages.ts'

/** Rows that one question reads, those beside others included. */
const mostRowsRead = 8_192

/** Finds deliveries for the query API, and reads no more than so many rows, and one page. */
export function deliveryFinder({
  maxRows = mostRowsRead,
  ...from
}: Dependencies & { readonly maxRows?: number }): DeliveryFinder {
  const { store } = from
  return {
    async ofRecipient(recipient, signal) {
      const listing = { ...listings.recipient, select: wholeRow(store), given: { recipient }, signal }
      const rows: Row[] = []
      for await (const row of rowsOf(store, listing)) {
        rows.push(...rowsWithBeside(row))
        if (rows.length > maxRows) {
          throw new TooMuchToReadError(`One question reads at most ${maxRows} rows, and there are more.`)
        }
      }
      return wholeDeliveries(rows, from)
    },
    async ofMessage(message, limit, signal) {
      const listing = { ...listings.message, select: 'd.recipient', given: { message }, signal }
      const keys = await Array.fromAsync(firstItems(rowsOf(store, listing), maxRows))
      const recipients = keys.map((row) => textOf(row, 'recipient'))
      const wanted = recipients.slice(0, limit).map((recipient) => ({ recipient, message }))
      return {
        found: await deliveriesWithKeys(from, wanted, signal),
        more: Math.max(recipients.length - limit, 0),
      }
    },
    ofKey: (asked, signal) => deliveriesWithKey(from, asked, signal),
  }
}
