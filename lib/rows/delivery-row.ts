import { isStatus, nameOf, type Delivery, type DeliveryKey, type Status } from '../core/delivery.ts'
import { eventKinds, type EventKind } from '../core/event.ts'
import { byTime, parseFact, shortenedFact, type Fact } from '../core/fact.ts'
import type { PendingDelivery, ProblemDelivery } from '../ledger/ports.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { isExpired } from './expiry.ts'
import { idIndexes } from './id-indexes.ts'
import { membersOf, requiredText, textIn, UnreadableRowError, type Row } from './row.ts'

// How a delivery is read from its row, and from the rows beside it (docs/adr/0003).

/** Columns of a row that are not columns of its message. */
const ownColumns: ReadonlySet<string> = new Set<string>([
  'recipient',
  'message',
  'messageId',
  'provider',
  'status',
  'statusRank',
  'pending',
  'problemDay',
  idIndexes.ownId.attribute,
  idIndexes.rfcMessageId.attribute,
  'expiresAt',
  'columnsOf',
])

/** What reading rows takes: expired ones are left out, and those that cannot be read are logged. */
export interface Reading {
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

/** What is read of rows. One that was changed by hand and cannot be read is logged and left out, so that it does not hide the others. */
export async function* readable<T>(
  rows: AsyncIterable<Row> | Iterable<Row>,
  read: (row: Row) => T,
  { clock, log }: Reading,
): AsyncIterable<T> {
  for await (const row of rows) {
    if (isExpired(row, clock.now())) continue
    try {
      yield read(row)
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) throw error
      log('row unreadable', { message: textIn(row, 'message'), problem: error.message })
    }
  }
}

/** The deliveries of these rows, with what is kept beside them. */
export async function wholeDeliveries(
  rows: AsyncIterable<Row> | Iterable<Row>,
  reading: Reading,
): Promise<readonly Delivery[]> {
  const read = await Array.fromAsync(
    readable(rows, (row) => (isBeside(row) ? besideOf(row) : deliveryOf(row)), reading),
  )
  const beside = Map.groupBy(
    read.flatMap((one) => ('besideRowOf' in one ? [one] : [])),
    (one) => nameOf({ recipient: one.recipient, message: one.besideRowOf }),
  )
  return read.flatMap((one) => ('besideRowOf' in one ? [] : [withBeside(one, beside.get(nameOf(one)) ?? [])]))
}

/** The delivery of a row, without what is beside it. Throws {@link UnreadableRowError}. */
export function deliveryOf(row: Row): Delivery {
  const facts = eventKinds.flatMap((kind) => {
    const lines = membersOf(row, kind)
    return lines.length === 0
      ? []
      : [[kind, lines.map((line) => parseFact(kind, line)).sort(byTime)] as const]
  })
  return {
    ...keyOf(row),
    provider: requiredText(row, 'provider'),
    status: statusOf(row),
    facts: new Map(facts),
    ...columnsIn(row),
  }
}

export function pendingOf(row: Row): PendingDelivery {
  return { ...keyOf(row), status: statusOf(row), provider: requiredText(row, 'provider') }
}

export function problemOf(row: Row): ProblemDelivery {
  const template = textIn(row, 'template')
  const fromDomain = textIn(row, 'fromDomain')
  return {
    ...pendingOf(row),
    ...(template !== undefined && { template }),
    ...(fromDomain !== undefined && { fromDomain }),
  }
}

function keyOf(row: Row): DeliveryKey {
  return { recipient: requiredText(row, 'recipient'), message: requiredText(row, 'message') }
}

function statusOf(row: Row): Status {
  const status = requiredText(row, 'status')
  if (isStatus(status)) return status
  throw new UnreadableRowError(`status: expected one that this version knows, got '${status}'`)
}

/** What did not fit into its delivery's row and is in one of its own: a fact, or columns and names. */
type Beside = { readonly recipient: string; readonly besideRowOf: string } & (
  { readonly kind: EventKind; readonly fact: Fact } | Pick<Delivery, 'columns' | 'spellings' | 'emailIds'>
)

/** Whether a row holds what did not fit into the row of its delivery. */
export function isBeside(row: Readonly<Record<string, unknown>>): boolean {
  return 'factOf' in row || 'columnsOf' in row
}

function besideOf(row: Row): Beside {
  const recipient = requiredText(row, 'recipient')
  if (!('factOf' in row)) return { recipient, besideRowOf: requiredText(row, 'columnsOf'), ...columnsIn(row) }
  const kind = eventKinds.find((known) => known === requiredText(row, 'kind'))
  if (kind === undefined) throw new UnreadableRowError('kind: expected one that this version knows')
  return {
    recipient,
    besideRowOf: requiredText(row, 'factOf'),
    kind,
    fact: parseFact(kind, requiredText(row, 'fact')),
  }
}

function columnsIn(row: Row): Pick<Delivery, 'columns' | 'spellings' | 'emailIds'> {
  const columns = Object.entries(row).flatMap(([name, value]) =>
    typeof value !== 'string' || ownColumns.has(name) ? [] : [[name, value] as const],
  )
  return {
    spellings: membersOf(row, 'spellings'),
    emailIds: membersOf(row, 'emailIds'),
    columns: sortedByName(columns),
  }
}

function sortedByName(columns: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  return new Map([...columns].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * @param beside - in the order of their keys: if they contradict each other, the first by key is used, whichever
 * arrived first.
 */
function withBeside(delivery: Delivery, beside: readonly Beside[]): Delivery {
  if (beside.length === 0) return delivery
  const ofColumns = beside.flatMap((one) => ('fact' in one ? [] : [one]))
  const besideByKind = Map.groupBy(
    beside.flatMap((one) => ('fact' in one ? [one] : [])),
    ({ kind }) => kind,
  )
  const facts = new Map<EventKind, readonly Fact[]>()
  for (const kind of eventKinds) {
    const whole = (besideByKind.get(kind) ?? []).map(({ fact }) => fact)
    const all = united(kind, delivery.facts.get(kind) ?? [], whole)
    if (all.length > 0) facts.set(kind, all)
  }
  const all = [delivery, ...ofColumns]
  return {
    ...delivery,
    facts,
    spellings: unionOf(all.map(({ spellings }) => spellings)),
    emailIds: unionOf(all.map(({ emailIds }) => emailIds)),
    columns: sortedByName(new Map(all.toReversed().flatMap(({ columns }) => [...columns]))),
  }
}

function unionOf(sets: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(sets.flat())].sort()
}

/** A fact that is kept whole beside its row replaces its shortened form. */
function united(kind: EventKind, inRow: readonly Fact[], whole: readonly Fact[]): readonly Fact[] {
  const texts = new Set(whole.map((fact) => fact.text))
  const standIns = new Set(whole.map((fact) => shortenedFact(kind, fact)).filter((text) => !texts.has(text)))
  const distinct = new Map(
    [...inRow.filter((fact) => !standIns.has(fact.text)), ...whole].map((fact) => [fact.text, fact]),
  )
  return [...distinct.values()].sort(byTime)
}
