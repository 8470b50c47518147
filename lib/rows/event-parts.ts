import { createHash } from 'node:crypto'
import {
  impliedStatus,
  isPending,
  isProblem,
  pendingPartitionOf,
  problemPartitionOf,
  type Status,
} from '../core/delivery.ts'
import type { DeliveryEvent, EventKind } from '../core/event.ts'
import { factOf, sentFactOf } from '../core/fact.ts'
import { formatInstant } from '../core/instant.ts'
import { isTaskKey, sentAtOf } from '../core/message.ts'
import type { IndexedIds } from '../store/ports.ts'
import { idAttributesOf, noIndexedIds } from './id-indexes.ts'

// The parts of an event, by where they can be stored: in the delivery's row, or in rows beside it (docs/adr/0003).

/**
 * The columns of one event in the row. The expression sets each with up to 37 bytes of its limit of 4 KB, and
 * everything else in about 800.
 */
const maxColumnsInRow = 80
/** A write costs by the size of the row, so long values are stored beside it. */
const maxColumnBytesInRow = 16 * 1024
/** The limit of an item is 400 KB, including keys and names. */
const maxBesideBytes = 350 * 1024
/** "Attribute names must be between 1 and 64 KB" (DynamoDB developer guide, constraints). */
const maxNameBytes = 60 * 1024

/** One row beside a delivery's own. Its key is derived from its content, so putting it again changes nothing. */
export interface BesideRow {
  /** The attribute that names the message of the main row. */
  readonly names: 'factOf' | 'columnsOf'
  /** What follows the message in its sort key. */
  readonly suffix: string
  readonly texts: Readonly<Record<string, string>>
  readonly sets: Readonly<Record<string, readonly string[]>>
}

type Column = readonly [name: string, value: string]

/** The parts of an event. */
export interface EventParts {
  readonly status: Status
  /** Where the row stands in the pending index as long as nothing later is known; absent for a status with which it leaves. */
  readonly pending: string | undefined
  /** Columns that say whose row it is: provider, MessageId, and when it was sent as far as its key shows it. */
  readonly identity: readonly Column[]
  /** Its place in the index of problems; absent for an event that is none. */
  readonly problemDay: string | undefined
  /** Its places in the indexes of ids that the deployment has. */
  readonly ids: readonly Column[]
  /** Its fact as stored in the row; shortened if the whole is beside it. */
  readonly fact: string
  /** When its message was sent: a fact of the kind `requested`. */
  readonly sent: string | undefined
  /** Columns of the message in the row. */
  readonly columns: readonly Column[]
  /** What is always stored beside the row. */
  readonly alwaysBeside: readonly BesideRow[]
  /** The same for each part that does not fit: the fact, the members of other sets, and the columns. */
  readonly factBeside: readonly BesideRow[]
  readonly setsBeside: readonly BesideRow[]
  readonly columnsBeside: readonly BesideRow[]
  /** Whether some part fits into no item. */
  readonly hasTooLarge: boolean
}

export function partsOf(event: DeliveryEvent, indexedIds: IndexedIds = noIndexedIds): EventParts {
  const status = impliedStatus(event)
  const { text, whole } = factOf(event)
  const sent = sentFactOf(event)
  const headers = [...event.headers].sort(byName)
  const columns = shared([...Object.entries(event.columns), ...headers])
  const isWholeTooLarge = whole !== undefined && bytesOf(whole) > maxBesideBytes
  const wholeBeside =
    whole === undefined || isWholeTooLarge ? [] : [factRow(event.kind, event.occurredAtMs, whole)]
  return {
    status,
    pending: isPending(status) ? pendingPartitionOf(event.message) : undefined,
    identity: identityOf(event),
    problemDay: isProblem(event.kind) ? problemPartitionOf(event) : undefined,
    ids: idAttributesOf(event, indexedIds),
    fact: text,
    sent,
    columns: columns.inRow,
    alwaysBeside: [...wholeBeside, ...columnRows(columns.beside)],
    // The whole fact is there already.
    factBeside: wholeBeside.length > 0 ? [] : [factRow(event.kind, event.occurredAtMs, text)],
    setsBeside: [
      ...(sent === undefined ? [] : [factRow('requested', event.sentAtMs, sent)]),
      ...nameRows(event),
    ],
    columnsBeside: columnRows(columns.inRow),
    hasTooLarge: isWholeTooLarge || columns.areTooLarge,
  }
}

function identityOf(event: DeliveryEvent): readonly Column[] {
  const { provider, message } = event
  const sentAtMs = sentAtOf(message)
  return [
    ['provider', provider],
    ...(isTaskKey(message) ? [] : [['messageId', message] as const]),
    ...(sentAtMs === undefined ? [] : [['sentAt', formatInstant(sentAtMs)] as const]),
  ]
}

/** A function of the event alone, so repeated reports give the same rows. */
function shared(columns: readonly Column[]): {
  readonly inRow: readonly Column[]
  readonly beside: readonly Column[]
  readonly areTooLarge: boolean
} {
  const inRow: Column[] = []
  const beside: Column[] = []
  let areTooLarge = false
  let bytesInRow = 0
  for (const column of columns) {
    const bytes = bytesOf(...column)
    if (inRow.length < maxColumnsInRow && bytesInRow + bytes <= maxColumnBytesInRow) {
      inRow.push(column)
      bytesInRow += bytes
    } else if (bytes <= maxBesideBytes && bytesOf(column[0]) <= maxNameBytes) beside.push(column)
    else areTooLarge = true
  }
  return { inRow, beside, areTooLarge }
}

/** As many rows as it takes, in the order of the names. */
function columnRows(columns: readonly Column[]): readonly BesideRow[] {
  const rows: Column[][] = []
  let bytesInLast = Infinity
  for (const column of columns.toSorted(byName)) {
    const bytes = bytesOf(...column)
    if (bytesInLast + bytes > maxBesideBytes) {
      rows.push([])
      bytesInLast = 0
    }
    rows.at(-1)?.push(column)
    bytesInLast += bytes
  }
  return rows.map((row) => ({
    names: 'columnsOf',
    suffix: `columns##${digestOf(JSON.stringify(row))}`,
    texts: Object.fromEntries(row),
    sets: {},
  }))
}

function byName([a]: Column, [b]: Column): number {
  return a < b ? -1 : 1
}

function nameRows({ spelling, emailId }: DeliveryEvent): readonly BesideRow[] {
  const sets = {
    ...(spelling !== undefined && { spellings: [spelling] }),
    ...(emailId !== undefined && { emailIds: [emailId] }),
  }
  if (Object.keys(sets).length === 0) return []
  const suffix = `columns##${digestOf(JSON.stringify(sets))}`
  return [{ names: 'columnsOf', suffix, texts: {}, sets }]
}

function factRow(kind: EventKind, occurredAtMs: number | undefined, fact: string): BesideRow {
  const instant = occurredAtMs === undefined ? '' : formatInstant(occurredAtMs)
  const suffix = `${kind}#${instant}#${digestOf(fact)}`
  return { names: 'factOf', suffix, texts: { kind, fact }, sets: {} }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function bytesOf(...texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}
