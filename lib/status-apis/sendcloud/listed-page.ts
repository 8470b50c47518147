import * as v from 'valibot'
import { pageRows, StatusApiError, type ReadRow, type StatusPage } from '../../reconcile/ports.ts'

/** Where the rows are: `voList` by the documents, `dataList` by older ones, `list` by one report from the field. */
const listed = v.object({
  voList: v.nullish(v.array(v.unknown())),
  dataList: v.nullish(v.array(v.unknown())),
  list: v.nullish(v.array(v.unknown())),
})

/** The page that the `info` of an answer holds. Throws {@link StatusApiError} where it holds none. */
export function listedPage(action: string, info: unknown, read: (row: unknown) => ReadRow): StatusPage {
  const { success, output } = v.safeParse(listed, info ?? {})
  if (!success) {
    throw new StatusApiError('transient', 'UnreadableAnswer', `${action} answered without a list of rows.`)
  }
  const rows = (output.voList ?? output.dataList ?? output.list ?? []).map(read)
  return {
    deliveries: rows.flatMap(({ delivery }) => delivery ?? []),
    unreadable: rows.flatMap(({ unreadable }) => unreadable ?? []),
    rows: rows.length,
    isLast: rows.length < pageRows,
  }
}
