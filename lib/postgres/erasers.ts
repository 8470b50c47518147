import type {
  BodyEraser,
  DeliveryEraser,
  ErasableTables,
  InboundEraser,
  KeptHead,
  QuarantineEraser,
} from '../erase/ports.ts'
import { keptDeliveriesIn } from '../rows/kept-deliveries.ts'
import { inboundHeadIn, quarantinedHeadIn } from '../rows/kept-heads.ts'
import { openUnfinished } from '../rows/quarantine-row.ts'
import { textOf, type Row } from '../rows/row.ts'
import { besideRow } from './delivery-rows.ts'
import { bodyRow, withBody } from './heads.ts'
import { headOfMail } from './inbound-reader.ts'
import { approximateSize, given, pagesOf, rowsOf } from './pages.ts'
import type { PostgresTables } from './schema.ts'
import { flat, givenAs } from './statement.ts'
import { suppressionEraser } from './suppression-rows.ts'

/** All tables that hold something about people. */
export function erasableTables(store: PostgresTables): ErasableTables {
  return {
    deliveries: deliveryEraser(store),
    suppressions: suppressionEraser(store),
    inbound: inboundEraser(store),
    quarantine: quarantineEraser(store),
  }
}

/** Removes deliveries with all that is beside their rows, whatever these hold: a row changed by hand is erased like any other. */
function deliveryEraser(store: PostgresTables): DeliveryEraser {
  const ofRecipient = {
    where: `d.recipient = ${given('recipient')}`,
    givenColumns: { recipient: 'text' },
  } as const
  return {
    async *ofRecipient(recipient) {
      const asked = { ...ofRecipient, given: { recipient } }
      const beside = { ...asked, table: 'beside', order: ['message', 'suffix'] } as const
      const rows = rowsOf(store, { ...asked, table: 'deliveries', order: ['message'] })
      // Those of one recipient. What is left beside a row that is gone is found as well.
      const all = [
        ...(await Array.fromAsync(rowsOf(store, beside))).map(besideRow),
        ...(await Array.fromAsync(rows)).map(flat),
      ]
      yield* keptDeliveriesIn(all)
    },
    async remove(recipient, { message }) {
      const isIt = 'd.recipient = n.recipient AND d.message = n.message'
      await store.database.write(
        `WITH n AS MATERIALIZED (SELECT * FROM ${givenAs('deliveries', ['recipient', 'message'])}),
         b AS (DELETE FROM ${store.nameOf('beside')} AS d USING n WHERE ${isIt})
         DELETE FROM ${store.nameOf('deliveries')} AS d USING n WHERE ${isIt}`,
        { recipient, message },
      )
    },
  }
}

/** Rows of a page that may hold bodies. */
const bodiesInPage = 50

/** Bodies are in one row each, so no removal can be left half done. */
function bodyEraser<Head extends KeptHead>(
  store: PostgresTables,
  table: 'inbound' | 'quarantine',
  { select, read }: { readonly select: string; readonly read: (row: Row) => Head },
): BodyEraser<Head> {
  return {
    size: () => approximateSize(store, table),
    async *pages() {
      for await (const page of pagesOf(store, { table, select, rowsInPage: bodiesInPage })) {
        yield { ...page, items: page.items.map((row) => ({ head: read(withBody(row)) })) }
      }
    },
    async head(id) {
      const row = await bodyRow(store, table, id, select)
      return row && read(row)
    },
    // None is in parts, and what is too large for a list is read here.
    async partsOf({ id }) {
      const body = (await bodyRow(store, table, id))?.body
      return typeof body === 'string'
        ? new TextEncoder().encode(body)
        : ((body ?? new Uint8Array()) as Uint8Array)
    },
    async remove({ id, lastSeenAt }) {
      // A body that has arrived again is open again, and is judged anew.
      const isAsRead = lastSeenAt === undefined ? '' : 'AND d."lastSeenAt" = n."lastSeenAt"'
      const columns = lastSeenAt === undefined ? ['id'] : ['id', 'lastSeenAt']
      const { database, nameOf } = store
      const removed = await database.write(
        `DELETE FROM ${nameOf(table)} AS d USING ${givenAs(table, columns)} WHERE d.id = n.id ${isAsRead}`,
        { id, lastSeenAt },
      )
      return removed > 0 || (await bodyRow(store, table, id, 'd.id')) === undefined
    },
  }
}

function inboundEraser(store: PostgresTables): InboundEraser {
  return {
    ...bodyEraser(store, 'inbound', { select: headOfMail, read: inboundHeadIn }),
    async *heads() {
      for await (const page of pagesOf(store, { table: 'inbound', select: headOfMail })) {
        yield { ...page, items: page.items.map(inboundHeadIn) }
      }
    },
  }
}

/** A larger body is not in a list. */
const maxListedBytes = 256 * 1024

const quarantinedHead = `d.id, d."contentType", d."resolvedAt", d."lastSeenAt",
  CASE WHEN d.bytes <= ${maxListedBytes} THEN d.body END AS body,
  CASE WHEN d.bytes <= ${maxListedBytes} THEN d."bodyBase64" END AS "bodyBase64"`

function quarantineEraser(store: PostgresTables): QuarantineEraser {
  return {
    ...bodyEraser(store, 'quarantine', { select: quarantinedHead, read: quarantinedHeadIn }),
    async openSince(instantMs) {
      const open = { table: 'quarantine', select: 'd.id, d.open', where: 'd.open IS NOT NULL' } as const
      const found: { readonly id: string; readonly atMs: number }[] = []
      for await (const row of rowsOf(store, open)) {
        const atMs = row.open === openUnfinished ? Infinity : Date.parse(textOf(row, 'open'))
        if (atMs >= instantMs) found.push({ id: textOf(row, 'id'), atMs })
      }
      return found.sort((one, other) => other.atMs - one.atMs).map(({ id }) => id)
    },
  }
}
