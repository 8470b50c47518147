import { formatInstant } from '../core/instant.ts'
import type {
  QuarantinedInput,
  QuarantineGauge,
  QuarantineReason,
  QuarantineStore,
  QuarantineWriter,
} from '../quarantine/ports.ts'
import { contentIdOf } from '../rows/content-id.ts'
import { dailyRoom } from '../rows/daily-room.ts'
import type { Reading } from '../rows/delivery-row.ts'
import { expiresAt } from '../rows/expiry.ts'
import {
  firstColumnsOf,
  headColumns,
  latestColumnsOf,
  maxReplays,
  maxSeen,
  openUnfinished,
  problemLines,
  quarantinedBodyIn,
  quarantinedRowIn,
  readableBody,
  usualMaxBytesPerDay,
} from '../rows/quarantine-row.ts'
import { textOf } from '../rows/row.ts'
import type { Clock } from '../runtime/ports.ts'
import type { Given } from './database.ts'
import { headReader } from './heads.ts'
import { rowsOf } from './pages.ts'
import { quoted, type Store } from './schema.ts'
import { givenAs, latest, latestExpiry, list, once, presentIn, unitedWithinRoom } from './statement.ts'

interface Dependencies {
  readonly store: Store
  readonly retentionDays: number
  readonly clock: Pick<Clock, 'now'>
  /** The daily limit of {@link QuarantineWriter.keepWithinDay}. Default: 100 MB. */
  readonly maxBytesPerDay?: number
}

/** Keeps input that could not be read: one row per body, whole, however often it arrives. */
export function quarantineWriter(to: Dependencies): QuarantineWriter {
  const { clock, maxBytesPerDay: maxBytes = usualMaxBytesPerDay } = to
  const take = (day: string, bytes: number, signal: AbortSignal | undefined) =>
    takesRoom(to, { day, bytes, maxBytes }, signal)
  const room = dailyRoom({ clock, maxBytes, take })
  return {
    keep: (input, signal) => keepInput(to, input, signal),
    async keepWithinDay(input, signal) {
      if (!(await room(input.body.length, signal))) return false
      await keepInput(to, input, signal)
      return true
    },
  }
}

async function keepInput(
  { store: { database, nameOf }, clock, retentionDays }: Dependencies,
  input: QuarantinedInput,
  signal?: AbortSignal,
): Promise<void> {
  const first = firstColumnsOf(input)
  const arriving = { ...latestColumnsOf(input), problems: problemLines(input.problems) }
  const receivedAt = formatInstant(input.receivedAtMs)
  const given = {
    id: contentIdOf(input.provider, input.body),
    ...first,
    ...arriving,
    ...bodyColumns(input.body),
    seen: [receivedAt],
    open: input.reason === 'unfinished' ? openUnfinished : receivedAt,
    expiresAt: expiresAt(clock.now(), retentionDays),
  }
  const columns = presentIn(given)
  const statement = `INSERT INTO ${nameOf('quarantine')} AS d (${list(columns)})
    SELECT ${list(columns)} FROM ${givenAs('quarantine', columns)}
    ON CONFLICT (id) DO UPDATE SET ${[
      ...Object.keys(first).map(once),
      ...Object.keys(arriving).map(latest),
      unitedWithinRoom('seen', maxSeen),
      reopened('EXCLUDED.open', input.reason),
      latestExpiry,
    ].join(', ')}`
  await database.write(statement, given, signal)
}

/** As text if it is such as a row can hold, so that a person can read it. */
function bodyColumns(body: Uint8Array): { readonly body?: string; readonly bodyBase64?: string } {
  const readable = readableBody(body)
  if (typeof readable === 'string' && !readable.includes('\0')) return { body: readable }
  return { bodyBase64: Buffer.from(body).toString('base64') }
}

/** Open from now on, unless it was open before: despite any earlier replay or dismissal. */
function reopened(at: string, reason: QuarantineReason): string {
  const open = reason === 'unfinished' ? `'${openUnfinished}'` : `coalesce(d.open, ${at})`
  return `open = ${open}, "resolvedAt" = NULL, "resolvedBy" = NULL`
}

/** One row a day counts what it has taken. */
async function takesRoom(
  { store, clock }: Dependencies,
  { day, bytes, maxBytes }: { readonly day: string; readonly bytes: number; readonly maxBytes: number },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const columns = ['day', 'takenBytes', 'expiresAt']
  const statement = `INSERT INTO ${store.nameOf('room')} AS d (${list(columns)})
    SELECT ${list(columns)} FROM ${givenAs('room', columns)}
    ON CONFLICT (day) DO UPDATE SET "takenBytes" = d."takenBytes" + EXCLUDED."takenBytes"
    WHERE d."takenBytes" + EXCLUDED."takenBytes" <= ${maxBytes}`
  const given = { day, takenBytes: bytes, expiresAt: expiresAt(clock.now(), 2) }
  return (await store.database.write(statement, given, signal)) > 0
}

/** Counts the open bodies, which an index has. */
export function quarantineGauge({ database, nameOf }: Store): QuarantineGauge {
  return {
    async open() {
      const [row] = await database.read(
        `SELECT count(*) AS rows FROM ${nameOf('quarantine')} WHERE open IS NOT NULL`,
      )
      return Number(row?.rows ?? 0)
    },
  }
}

/** The operator's side of the quarantine. A row that cannot be read is logged and left out. */
export function quarantineStore(from: Reading & { readonly store: Store }): QuarantineStore {
  const { store } = from
  const select = [...headColumns, 'expiresAt'].map((column) => `d.${quoted(column)}`).join(', ')
  const listing = { table: 'quarantine', select } as const
  const rows = headReader({ ...from, ...listing, read: quarantinedRowIn })
  const bodies = headReader({ ...from, table: 'quarantine', read: quarantinedBodyIn })
  return {
    all: () => rows.readable(rowsOf(store, listing)),
    open: () => rows.readable(rowsOf(store, { ...listing, where: 'd.open IS NOT NULL' })),
    row: (id) => rows.find(id),
    async input(id) {
      const found = await bodies.find(id)
      if (found === undefined) return undefined
      if ('body' in found.kept) return { ...found.row, body: found.kept.body }
      throw new Error(`The row '${found.row.id}' of quarantine has no body.`)
    },
    async *unfinished() {
      const unfinished = `d.open IS NOT NULL AND d.open = '${openUnfinished}'`
      for await (const row of rowsOf(store, { ...listing, select: 'd.id', where: unfinished })) {
        yield textOf(row, 'id')
      }
    },
    async replayed(id, atMs, left) {
      const at = formatInstant(atMs)
      const changes = left === 'resolved' ? resolvedBy('replay') : replayedColumns(left.reason)
      const problems =
        left === 'resolved' ? {} : { problems: problemLines(left.problems), reason: left.reason }
      const given = { id, at, replays: [at], ...problems }
      const isThere = await updateRow(store, given, [...changes, unitedReplays])
      if (!isThere)
        throw new Error(`There is no row '${id}' in quarantine: its replay could not be recorded.`)
    },
    async dismissed(id, atMs) {
      const isThere = await updateRow(store, { id, at: formatInstant(atMs) }, resolvedBy('dismissal'))
      if (!isThere) throw new Error(`There is no row '${id}' in quarantine: it could not be dismissed.`)
    },
  }
}

const unitedReplays = unitedWithinRoom('replays', maxReplays).replaceAll('EXCLUDED.', 'n.')

function resolvedBy(resolution: 'replay' | 'dismissal'): readonly string[] {
  return [`"resolvedAt" = n.at`, `"resolvedBy" = '${resolution}'`, 'open = NULL']
}

function replayedColumns(reason: QuarantineReason): readonly string[] {
  const open = reason === 'unfinished' ? `'${openUnfinished}'` : 'coalesce(d.open, n.at)'
  return [
    'reason = n.reason',
    'problems = n.problems',
    // What was unfinished is so no longer.
    `open = CASE WHEN d.open = '${openUnfinished}' THEN n.at ELSE ${open} END`,
    '"resolvedAt" = NULL',
    '"resolvedBy" = NULL',
  ]
}

/** Returns whether there was the row. It makes none. */
async function updateRow(store: Store, given: Given, changes: readonly string[]): Promise<boolean> {
  const columns = presentIn(given).filter((name) => name !== 'at')
  const statement = `WITH n AS (SELECT * FROM ${givenAs('quarantine', columns, { at: 'text' })})
    UPDATE ${store.nameOf('quarantine')} AS d SET ${changes.join(', ')} FROM n WHERE d.id = n.id`
  return (await store.database.write(statement, given)) > 0
}
