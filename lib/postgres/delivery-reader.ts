import { nameOf, problemPartitionsOf, type Delivery, type DeliveryKey } from '../core/delivery.ts'
import { claimedSentAtOf, sentAtOf } from '../core/message.ts'
import type {
  DeliveryReader,
  DeliveryScanner,
  FoundById,
  OtherIdReader,
  Page,
  ProblemReader,
  Segment,
} from '../ledger/ports.ts'
import { TooMuchToReadError, type DeliveryFinder } from '../query/ports.ts'
import {
  deliveryOf,
  pendingOf,
  problemOf,
  readable,
  wholeDeliveries,
  type Reading,
} from '../rows/delivery-row.ts'
import { idIndexes, idPartitionsOf, type IdIndex } from '../rows/id-indexes.ts'
import { textOf, type Row } from '../rows/row.ts'
import { rowsWithBeside, wholeOf, wholeRow } from './delivery-rows.ts'
import { approximateRows, firstRows, given, pagesOf, rowsOf } from './pages.ts'
import { definition, type Store } from './schema.ts'
import { flat } from './statement.ts'

interface Dependencies extends Reading {
  readonly store: Store
}

interface MostRows {
  /** Rows of a recipient, or recipients of a message, that one call reads. Default: all. */
  readonly mostRows?: number
  /** There were more. */
  readonly onCut?: () => void
}

/** Keys that one statement asks for. */
const keysAtOnce = 500

const key = {
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
  const whole = async (listing: typeof key.recipient | typeof key.message, asked: object) => {
    const rows = rowsOf(store, { ...listing, select: wholeRow(store), given: { ...asked } })
    return wholeOf(await Array.fromAsync(firstRows(rows, mostRows, onCut)), from)
  }
  return {
    rowsOf: (keys) => Array.fromAsync(readable(rowsOfKeys(store, keys), deliveryOf, from)),
    ofRecipient: (recipient) => whole(key.recipient, { recipient }),
    ofMessage: (message) => whole(key.message, { message }),
    pending() {
      const select = 'd.recipient, d.message, d.status, d.provider, d."expiresAt"'
      const rows = rowsOf(store, { table: 'deliveries', select, where: 'd.pending IS NOT NULL' })
      return readable(rows, pendingOf, from)
    },
  }
}

async function* rowsOfKeys(store: Store, keys: readonly DeliveryKey[]): AsyncIterable<Row> {
  const distinct = [...new Map(keys.map((one) => [nameOf(one), one])).values()]
  for (let from = 0; from < distinct.length; from += keysAtOnce) {
    const some = distinct.slice(from, from + keysAtOnce)
    const rows = await store.database.read(`SELECT d.* FROM ${ofKeys(store)}`, {
      keys: some.map(({ recipient, message }) => ({ recipient, message })),
    })
    yield* rows.map(flat)
  }
}

/** The rows `d` of `keys` that are given. */
function ofKeys({ nameOf }: Store): string {
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

async function deliveriesWithKeys(
  from: Dependencies,
  keys: readonly DeliveryKey[],
  signal?: AbortSignal,
): Promise<readonly Delivery[]> {
  const { store } = from
  const rows = await store.database.read(`SELECT ${wholeRow(store)} FROM ${ofKeys(store)}`, { keys }, signal)
  return wholeOf(rows, from)
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
export function deliveryScanner(
  from: Dependencies & { readonly rowsInPage?: number | undefined },
): DeliveryScanner {
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
    where: `abs(hashtext(d.recipient)::bigint) % ${given('of')} = ${given('segment')}`,
    givenColumns: { segment: 'bigint', of: 'bigint' },
    given: { ...segment },
  } as const
}

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
      const listing = { ...key.recipient, select: wholeRow(store), given: { recipient }, signal }
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
      const listing = { ...key.message, select: 'd.recipient', given: { message }, signal }
      const keys = await Array.fromAsync(firstRows(rowsOf(store, listing), maxRows))
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

/** What many mails share is no id; so a look-up reads no more deliveries than this. */
const usualMaxFound = 500

/** Reads the indexes of ids (docs/adr/0013). Deliveries are complete, and the latest are read first. */
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
        return Array.fromAsync(firstRows(rows, maxFound + 1))
      }),
    )
    const sentAt = ({ message }: DeliveryKey) => sentAtOf(message) ?? claimedSentAtOf(message) ?? 0
    const keys = shards
      .flat()
      .map((row) => ({ recipient: textOf(row, 'recipient'), message: textOf(row, 'message') }))
      .sort((one, other) => sentAt(other) - sentAt(one))
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
