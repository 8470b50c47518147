import { pageRows } from '../reconcile/ports.ts'
import type { ListEntry, ListPage } from '../suppressions/ports.ts'
import { Row } from './row.ts'

/**
 * The page of a provider's own list that these rows are. A field that cannot be read costs itself; a row without an address
 * is counted as unreadable. Only a page that is not full is the last.
 */
export function listPageOf(rows: readonly unknown[], entryOf: (row: Row) => ListEntry | undefined): ListPage {
  const entries = rows.flatMap((value) => {
    const isRow = typeof value === 'object' && value !== null
    return (isRow ? entryOf(new Row(new Map(Object.entries(value)))) : undefined) ?? []
  })
  return {
    entries,
    rows: rows.length,
    unreadable: rows.length - entries.length,
    isLast: rows.length < pageRows,
  }
}
