import * as v from 'valibot'
import {
  pageRows,
  StatusApiError,
  type ReadRow,
  type StatusPage,
  type StatusQuery,
} from '../../reconcile/ports.ts'
import { pageOf } from '../page.ts'
import { callSendCloud, type SendCloudSettings } from './call.ts'

/** One of SendCloud's lists, and how it is asked for. */
interface ListRequest {
  /** Module and action: `data/emailStatus`. */
  readonly action: string
  readonly query: StatusQuery
  /** Beside the date and the place in its list. */
  readonly parameters: Readonly<Record<string, string>>
}

/** Where the rows are: `voList` by the documents, `dataList` by older ones, `list` by one report from the field. */
const listed = v.object({
  voList: v.nullish(v.array(v.unknown())),
  dataList: v.nullish(v.array(v.unknown())),
  list: v.nullish(v.array(v.unknown())),
})

/**
 * Asks for one page of a date's list, and reads its rows.
 * @throws StatusApiError
 */
export async function listedPage(
  settings: SendCloudSettings,
  { action, query, parameters }: ListRequest,
  read: (row: unknown) => ReadRow,
): Promise<StatusPage> {
  const { requestDate, offset, emailIds, recipient } = query
  const { info, answeredAtMs } = await callSendCloud(settings, {
    action,
    about: `${requestDate} at offset ${offset}`,
    isLookUp: emailIds !== undefined || recipient !== undefined,
    parameters: {
      // One day at a time: newer documents allow three, older ones thirty.
      startDate: requestDate,
      endDate: requestDate,
      start: String(offset),
      limit: String(pageRows),
      ...parameters,
    },
  })
  const rows = listedRows(info, action).map(read)
  return { ...pageOf(rows), ...(answeredAtMs !== undefined && { answeredAtMs }) }
}

/**
 * The rows in an answer, wherever they are.
 * @throws StatusApiError
 */
export function listedRows(info: unknown, action: string): readonly unknown[] {
  const { success, output } = v.safeParse(listed, info ?? {})
  if (!success) {
    throw new StatusApiError('transient', 'UnreadableAnswer', `${action} answered without a list of rows.`)
  }
  return output.voList ?? output.dataList ?? output.list ?? []
}
