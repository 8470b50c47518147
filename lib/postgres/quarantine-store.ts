import { formatInstant } from '../core/instant.ts'
import type { QuarantineGauge, QuarantineReason, QuarantineStore } from '../quarantine/ports.ts'
import type { Reading } from '../rows/delivery-row.ts'
import {
  headColumns,
  maxReplays,
  openUnfinished,
  problemLines,
  quarantinedBodyIn,
  quarantinedRowIn,
} from '../rows/quarantine-row.ts'
import { textOf } from '../rows/row.ts'
import type { Given } from './database.ts'
import { headReader } from './heads.ts'
import { rowsOf } from './pages.ts'
import { quoted, type PostgresTables } from './schema.ts'
import { givenAs, presentIn, unitedWithinRoom } from './statement.ts'

/** Counts the open bodies, which an index has. */
export function quarantineGauge({ database, nameOf }: PostgresTables): QuarantineGauge {
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
export function quarantineStore(from: Reading & { readonly store: PostgresTables }): QuarantineStore {
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
async function updateRow(store: PostgresTables, given: Given, changes: readonly string[]): Promise<boolean> {
  const columns = presentIn(given).filter((name) => name !== 'at')
  const statement = `WITH n AS (SELECT * FROM ${givenAs('quarantine', columns, { at: 'text' })})
    UPDATE ${store.nameOf('quarantine')} AS d SET ${changes.join(', ')} FROM n WHERE d.id = n.id`
  return (await store.database.write(statement, given)) > 0
}
