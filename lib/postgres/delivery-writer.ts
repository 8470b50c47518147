import { statusRanks } from '../core/delivery.ts'
import { eventKinds, messageColumns, type DeliveryEvent, type EventKind } from '../core/event.ts'
import { UnwritableError, type DeliveryWriter } from '../ledger/ports.ts'
import type { PendingWriter } from '../reconcile/ports.ts'
import { partsOf, type BesideRow, type EventParts } from '../rows/event-parts.ts'
import { expiresAt } from '../rows/expiry.ts'
import { idIndexes } from '../rows/id-indexes.ts'
import { besideLives, maxNamesInRow, usualMaxFactsInRow } from '../rows/row-limits.ts'
import type { Clock } from '../runtime/ports.ts'
import type { IndexedIds } from '../store/ports.ts'
import { isRefusedForGood, type Given } from './database.ts'
import { requireKey } from './keys.ts'
import { definition, quoted, tables, type PostgresTables } from './schema.ts'
import { givenAs, latestExpiry, list, once, presentIn, unitedWithinRoom } from './statement.ts'

/** Headers that the row of a delivery holds, as JSON. */
const maxHeaderBytes = 64 * 1024

interface Dependencies {
  readonly store: PostgresTables
  readonly retentionDays: number
  readonly clock: Pick<Clock, 'now'>
  /** Default: 50. */
  readonly maxFactsInRow?: number
  /** Default: none. */
  readonly indexedIds?: IndexedIds
}

/**
 * Writes events so that any order, any repeats and any interleaving of writers give the same row: each by one statement, without
 * reading before, that no row can refuse (docs/adr/0017).
 */
export function deliveryWriter(to: Dependencies): DeliveryWriter & PendingWriter {
  const { database, nameOf } = to.store
  return {
    async record(event, signal) {
      requireKey(event.recipient, event.message)
      const parts = partsOf(event, to.indexedIds)
      const given = givenFor(event, parts, to)
      try {
        await database.write(statementFor(to, presentIn(given)), given, signal)
      } catch (error) {
        throw isRefusedForGood(error)
          ? new UnwritableError(`The database refused the event: ${error.message}`)
          : error
      }
      if (parts.hasTooLarge) throw new UnwritableError('A part of the event is larger than any row may be.')
    },
    async leavePending({ recipient, message }, status) {
      await database.write(
        `UPDATE ${nameOf('deliveries')} AS d SET pending = NULL
         FROM ${givenAs('deliveries', ['recipient', 'message', 'statusRank'])}
         WHERE d.recipient = n.recipient AND d.message = n.message AND d."statusRank" = n."statusRank"`,
        { recipient, message, statusRank: statusRanks[status] },
      )
    },
  }
}

/** What may have to stand beside the row. */
interface GivenBeside {
  readonly suffix: string
  readonly names: string
  readonly content: Readonly<Record<string, unknown>>
  /** It stands there unless the row has these members of its sets. */
  readonly members?: Readonly<Record<string, string>>
  /** It stands there unless the row has these headers. */
  readonly headers?: readonly string[]
}

function givenFor(event: DeliveryEvent, parts: EventParts, { clock, retentionDays }: Dependencies): Given {
  const { status, columns } = parts
  const ofMessage = columns.filter(([name]) => isMessageColumn(name))
  const headers = columns.filter(([name]) => !isMessageColumn(name))
  const nowMs = clock.now()
  return {
    recipient: event.recipient,
    message: event.message,
    status,
    statusRank: statusRanks[status],
    pending: parts.pending,
    problemDay: parts.problemDay,
    ...Object.fromEntries([...parts.identity, ...parts.ids, ...ofMessage]),
    ...factsOf(event.kind, parts),
    spellings: event.spelling === undefined ? undefined : [event.spelling],
    emailIds: event.emailId === undefined ? undefined : [event.emailId],
    headers: headers.length === 0 ? undefined : Object.fromEntries(headers),
    expiresAt: expiresAt(nowMs, retentionDays),
    besideExpiresAt: expiresAt(nowMs, besideLives * retentionDays),
    beside: besideOf(
      parts,
      headers.map(([name]) => name),
    ),
  }
}

function factsOf(kind: EventKind, { fact, sent }: EventParts): Readonly<Record<string, readonly string[]>> {
  const requested = sent === undefined ? {} : { requested: [sent] }
  if (kind !== 'requested') return { ...requested, [kind]: [fact] }
  return { requested: [...new Set([fact, ...(sent === undefined ? [] : [sent])])] }
}

function besideOf(
  { alwaysBeside, factBeside, setsBeside, columnsBeside }: EventParts,
  headers: readonly string[],
): readonly GivenBeside[] {
  const contentOf = ({ suffix, names, texts, sets }: BesideRow) => ({
    suffix,
    names,
    content: { ...texts, ...sets },
  })
  const all = [
    ...alwaysBeside.map(contentOf),
    ...[...factBeside, ...setsBeside].map((row) => ({ ...contentOf(row), members: membersOf(row) })),
    ...(headers.length > 0 ? columnsBeside.map((row) => ({ ...contentOf(row), headers })) : []),
  ]
  // That it was requested, and that it was sent, may be one fact: a statement may not write one row twice.
  return [...new Map(all.map((one) => [one.suffix, one])).values()]
}

function membersOf({ texts, sets }: BesideRow): Readonly<Record<string, string>> {
  const { kind, fact } = texts
  if (kind !== undefined && fact !== undefined) return { [kind]: fact }
  return Object.fromEntries(
    Object.entries(sets).flatMap(([set, members]) => members.map((one) => [set, one])),
  )
}

function isMessageColumn(name: string): boolean {
  return (messageColumns as readonly string[]).includes(name)
}

/** Every event of one shape has the same text. */
function statementFor(
  { store: { nameOf }, maxFactsInRow = usualMaxFactsInRow }: Dependencies,
  given: readonly string[],
) {
  const columns = given.filter((name) => name in tables.deliveries.columns)
  const sets = [...eventKinds, 'spellings', 'emailIds'].filter((set) => columns.includes(set))
  return `WITH n AS MATERIALIZED (
    SELECT * FROM ${givenAs('deliveries', columns, { besideExpiresAt: 'bigint', beside: 'jsonb' })}
  ), d AS (
    INSERT INTO ${nameOf('deliveries')} AS d (${list(columns)}) SELECT ${list(columns)} FROM n
    ON CONFLICT (recipient, message) DO UPDATE SET ${[
      ...columns.flatMap((column) => joined(column, maxFactsInRow)),
      ...statusColumns(columns),
    ].join(', ')}
    RETURNING ${['d.headers', ...sets.map((set) => `d.${quoted(set)}`)].join(', ')}
  )
  INSERT INTO ${nameOf('beside')} AS b (recipient, message, suffix, names, content, provider, "expiresAt")
  SELECT n.recipient, n.message, o.suffix, o.names, o.content, n.provider, n."besideExpiresAt"
  FROM n, d, jsonb_to_recordset(n.beside)
    AS o(${['suffix', 'names'].map((name) => definition(name, 'text')).join(', ')}, content jsonb, members jsonb, headers jsonb)
  WHERE ${isLeftOut(sets)}
  ON CONFLICT (recipient, message, suffix) DO UPDATE SET "expiresAt" = greatest(b."expiresAt", EXCLUDED."expiresAt")`
}

/** How a column of the row takes what is new. */
function joined(column: string, maxFactsInRow: number): readonly string[] {
  if ((eventKinds as readonly string[]).includes(column)) return [unitedWithinRoom(column, maxFactsInRow)]
  if (column === 'spellings' || column === 'emailIds') return [unitedWithinRoom(column, maxNamesInRow)]
  if (column === 'headers') return [joinedHeaders]
  if (column === 'expiresAt') return [latestExpiry]
  return columnsOfMessage.has(column) ? [once(column)] : []
}

/** Columns that are the same in every event of a delivery, so that the first event sets them. */
const columnsOfMessage: ReadonlySet<string> = new Set([
  'messageId',
  'sentAt',
  'problemDay',
  idIndexes.ownId.attribute,
  idIndexes.rfcMessageId.attribute,
  ...messageColumns,
])

const joinedHeaders = `headers = CASE
  WHEN d.headers IS NULL OR octet_length(d.headers::text) + octet_length(EXCLUDED.headers::text) <= ${maxHeaderBytes}
  THEN EXCLUDED.headers || coalesce(d.headers, '{}') ELSE d.headers END`

/** A status only rises, and only what raises it puts the delivery among the pending or takes it out. */
function statusColumns(columns: readonly string[]): readonly string[] {
  const pending = columns.includes('pending') ? 'EXCLUDED.pending' : 'NULL'
  const raised = (column: string, to: string) =>
    `${column} = CASE WHEN EXCLUDED."statusRank" > d."statusRank" THEN ${to} ELSE d.${column} END`
  return [
    raised('status', 'EXCLUDED.status'),
    raised('pending', pending),
    '"statusRank" = greatest(d."statusRank", EXCLUDED."statusRank")',
  ]
}

/** Whether the row `d`, as it is now, lacks what `o` is to keep beside it. */
function isLeftOut(sets: readonly string[]): string {
  const members = sets.map((set) => `WHEN '${set}' THEN d.${quoted(set)}`).join(' ')
  return `CASE
    WHEN o.members IS NOT NULL THEN EXISTS (
      SELECT FROM jsonb_each_text(o.members) AS m(name, member)
      WHERE m.member <> ALL (coalesce(CASE m.name ${members} END, '{}')))
    WHEN o.headers IS NOT NULL THEN NOT coalesce(d.headers ?& ARRAY(SELECT jsonb_array_elements_text(o.headers)), false)
    ELSE true END`
}
