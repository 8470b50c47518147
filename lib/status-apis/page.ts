import { pageRows, type ReadRow, type StatusPage } from '../reconcile/ports.ts'

/** The page that these rows are. Only one that is not full is the last. */
export function pageOf(rows: readonly ReadRow[]): StatusPage {
  return {
    deliveries: rows.flatMap(({ delivery }) => delivery ?? []),
    unreadable: rows.flatMap(({ unreadable }) => unreadable ?? []),
    rows: rows.length,
    isLast: rows.length < pageRows,
  }
}
