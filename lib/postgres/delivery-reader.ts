import { firstItems } from '../core/first-items.ts'
import { nameOf, problemPartitionsOf, type Delivery, type DeliveryKey } from '../core/delivery.ts'
import type {
  DeliveryReader,
  DeliveryScanner,
  FoundById,
  OtherIdReader,
  Page,
  ProblemReader,
  Segment,
} from '../ledger/ports.ts'
import { deliveryOf, pendingOf, problemOf, readable, type Reading } from '../rows/delivery-row.ts'
import { idIndexes, idPartitionsOf, latestFirst, usualMaxFound, type IdIndex } from '../rows/id-indexes.ts'
import { textOf, type Row } from '../rows/row.ts'
import type { MostRows, PageSize } from '../store/ports.ts'
import { wholeOf, wholeRow } from './delivery-rows.ts'
import { approximateRows, given, pagesOf, rowsOf, rowsOfMany } from './pages.ts'
import { definition, type PostgresTables } from './schema.ts'
import { flat } from './statement.ts'

export interface Dependencies extends Reading {
  readonly store: PostgresTables
}

/** Keys that one statement asks for. */
const keysAtOnce = 500

/** Lists of rows by one part of their key. */
export const listings = {
  recipient: {
    table: 'deliveries',
    where: `d.recipient = ${given('recipient')}`,
    givenColumns: { recipient: 'text' },
    order: ['message'],
  },
  message: {
    table: 'deliveries',
    where: `d."messageId" = ${given('message')}`,
    givenColumns: { message: 'text' },
    order: ['recipient'],
  },
} as const

/** Reads deliveries. Expired rows are left out, and logged are those that cannot be read. */
export function deliveryReader(from: Dependencies & MostRows): DeliveryReader {
  const { store, mostRows = Infinity, onCut } = from
  const whole = async (listing: typeof listings.recipient | typeof listings.message, asked: object) => {
    const rows = rowsOf(store, { ...listing, select: wholeRow(store), given: { ...asked } })
    return wholeOf(await Array.fromAsync(firstItems(rows, mostRows, onCut)), from)
  }
  return {
    rowsOf: (keys) => Array.fromAsync(readable(rowsOfKeys(store, keys), deliveryOf, from)),
    ofRecipient: (recipient) => whole(listings.recipient, { recipient }),
    ofMessage: (message) => whole(listings.message, { message }),
    pending() {
      const select = 'd.recipient, d.message, d.status, d.provider, d."expiresAt"'
      const rows = rowsOf(store, { table: 'deliveries', select, where: 'd.pending IS NOT NULL' })
      return readable(rows, pendingOf, from)
    },
  }
}

async function* rowsOfKeys(store: PostgresTables, keys: readonly DeliveryKey[]): AsyncIterable<Row> {
  const distinct = [...new Map(keys.map((one) => [nameOf(one), one])).values()]
  const statement = `SELECT d.* FROM ${ofKeys(store)}`
  const rows = rowsOfMany(distinct, keysAtOnce, (some) =>
    store.database.read(statement, { keys: some.map(({ recipient, message }) => ({ recipient, message })) }),
  )
  for await (const row of rows) yield flat(row)
}

/** The rows `d` of `keys` that are given. */
function ofKeys({ nameOf }: PostgresTables): string {
  return `jsonb_to_recordset($1::jsonb -> 'keys') AS k(${definition('recipient', 'text')}, ${definition('message', 'text')})
    JOIN ${nameOf('deliveries')} AS d ON d.recipient = k.recipient AND d.message = k.message`
}

/** The delivery of a key with what is kept beside its row; none if there is none. */
export async function deliveriesWithKey(
  from: Dependencies,
  { recipient, message }: DeliveryKey,
  signal?: AbortSignal,
): Promise<readonly Delivery[]> {
  return deliveriesWithKeys(from, [{ recipient, message }], signal)
}

/** The same of several keys, in no order. */
export async function deliveriesWithKeys(
  from: Dependencies,
  keys: readonly DeliveryKey[],
  signal?: AbortSignal,
): Promise<readonly Delivery[]> {
  const { store } = from
  const statement = `SELECT ${wholeRow(store)} FROM ${ofKeys(store)}`
  const rows = rowsOfMany(keys, keysAtOnce, (some) => store.database.read(statement, { keys: some }, signal))
  return wholeOf(await Array.fromAsync(rows), from)
}

/** Reads the problems of a day. */
export function problemReader(from: Dependencies): ProblemReader {
  return {
    async *problemsOf(day) {
      for (const problemDay of problemPartitionsOf(day)) {
        const rows = rowsOf(from.store, {
          table: 'deliveries',
          select: 'd.recipient, d.message, d.status, d.provider, d.template, d."fromDomain", d."expiresAt"',
          where: `d."problemDay" = ${given('problemDay')}`,
          givenColumns: { problemDay: 'text' },
          given: { problemDay },
          order: ['message', 'recipient'],
          isDescending: true,
        })
        yield* readable(rows, problemOf, from)
      }
    },
  }
}

/** Reads all deliveries, page after page. */
export function deliveryScanner(from: Dependencies & PageSize): DeliveryScanner {
  const { store, rowsInPage } = from
  async function* pages(
    select: string,
    position: string | undefined,
    segment: Segment | undefined,
    read: (rows: readonly Row[]) => Promise<readonly Delivery[]>,
  ): AsyncIterable<Page<Delivery>> {
    const listing = { table: 'deliveries', select, rowsInPage, ...partOf(segment) } as const
    for await (const page of pagesOf(store, listing, position)) {
      yield { ...page, items: await read(page.items) }
    }
  }
  return {
    approximateRows: () => approximateRows(store, 'deliveries'),
    pages: (position, segment) =>
      pages('d.*', position, segment, (rows) => Array.fromAsync(readable(rows.map(flat), deliveryOf, from))),
    wholePages: (position, segment) =>
      pages(wholeRow(store), position, segment, (rows) => wholeOf(rows, from)),
  }
}

function partOf(segment: Segment | undefined) {
  if (segment === undefined) return {}
  return {
    // By the whole key: were all mails of a recipient in one part, a page of another would have to read past them.
    // As a CASE the planner takes it for half of the rows. It takes an equation for one row in two hundred, and then reads the
    // whole table for a page, where the index would do.
    where: `CASE abs(hashtext(d.recipient || ' ' || d.message)::bigint) % ${given('of')} WHEN ${given('segment')} THEN true ELSE false END`,
    givenColumns: { segment: 'bigint', of: 'bigint' },
    given: { ...segment },
  } as const
}

/** Whether any row has this id: who never wrote one has no index to search. */
async function isIndexed({ database, nameOf }: PostgresTables, attribute: string): Promise<boolean> {
  const rows = await database.read(
    // In the order of the index, so that it is what is read.
    `SELECT 1 AS one FROM ${nameOf('deliveries')} AS d
     WHERE d."${attribute}" IS NOT NULL ORDER BY d."${attribute}", d.message LIMIT 1`,
  )
  return rows.length > 0
}

/**
 * Reads the indexes of ids (docs/adr/0013). Deliveries are complete, and the latest are read first. Asked for nothing (`''`), it shows
 * whether there is an index.
 */
export function otherIdReader({
  maxFound = usualMaxFound,
  ...from
}: Dependencies & { readonly maxFound?: number }): OtherIdReader {
  const byId = async (id: string, { attribute }: IdIndex): Promise<FoundById> => {
    const shards = await Promise.all(
      idPartitionsOf(id).map(async (partition) => {
        const rows = rowsOf(from.store, {
          table: 'deliveries',
          select: 'd.recipient, d.message',
          where: `d."${attribute}" = ${given('partition')}`,
          givenColumns: { partition: 'text' },
          given: { partition },
          order: ['message', 'recipient'],
          isDescending: true,
          rowsInPage: maxFound + 1,
        })
        return Array.fromAsync(firstItems(rows, maxFound + 1))
      }),
    )
    const keys = latestFirst(
      shards.flat().map((row) => ({ recipient: textOf(row, 'recipient'), message: textOf(row, 'message') })),
    )
    if (keys.length === 0 && !(await isIndexed(from.store, attribute))) return { notSearched: 'no-index' }
    const deliveries = await deliveriesWithKeys(from, keys.slice(0, maxFound))
    const places = new Map(keys.map((one, place) => [nameOf(one), place]))
    return {
      deliveries: [...deliveries].sort(
        (one, other) => (places.get(nameOf(one)) ?? 0) - (places.get(nameOf(other)) ?? 0),
      ),
      ...(keys.length > maxFound && { cutAt: maxFound }),
    }
  }
  return {
    ofOwnId: (id) => byId(id, idIndexes.ownId),
    ofRfcMessageId: (id) => byId(id, idIndexes.rfcMessageId),
  }
}
