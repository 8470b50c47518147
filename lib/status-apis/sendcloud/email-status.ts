import * as v from 'valibot'
import { minuteMs } from '../../core/instant.ts'
import {
  pageRows,
  StatusApiError,
  type StatusApi,
  type StatusPage,
  type StatusQuery,
} from '../../reconcile/ports.ts'
import { callSendCloud, type SendCloudSettings } from './call.ts'
import { readStatusRow } from './status-row.ts'

/** Rows have the name of the provider whose callbacks report the same mails. */
const sendCloudProvider = 'sendcloud'

const action = 'data/emailStatus'

/** Where the rows are: `voList` by the documents, `list` by one report from the field. */
const info = v.object({
  voList: v.nullish(v.array(v.unknown())),
  list: v.nullish(v.array(v.unknown())),
})

/** SendCloud's list of what became of each mail. Source: "投递回应" (deliver_response), read 2026-11-21. */
export function emailStatus(settings: SendCloudSettings): StatusApi {
  return {
    provider: sendCloudProvider,
    name: action,
    lookUpsBy: 'emailId',
    // "Each query record will be cached for 10 minutes."
    staleMs: 10 * minuteMs,
    async page(query) {
      const { info: answered, answeredAtMs } = await callSendCloud(settings, {
        action,
        about: `${query.requestDate} at offset ${query.offset}`,
        isLookUp: query.emailIds !== undefined || query.recipient !== undefined,
        parameters: parametersOf(query, settings),
      })
      return { ...pageOf(answered), ...(answeredAtMs !== undefined && { answeredAtMs }) }
    },
  }
}

function parametersOf(
  { requestDate, offset, emailIds, recipient }: StatusQuery,
  { apiUsers }: SendCloudSettings,
): Readonly<Record<string, string>> {
  return {
    // One day at a time: newer documents allow three, older ones thirty.
    startDate: requestDate,
    endDate: requestDate,
    start: String(offset),
    limit: String(pageRows),
    ...(emailIds && { emailIds: emailIds.join(';') }),
    ...(recipient !== undefined && { email: recipient }),
    ...(apiUsers.length > 1 && { apiUserList: apiUsers.join(';') }),
  }
}

function pageOf(answered: unknown): StatusPage {
  const read = v.safeParse(info, answered ?? {})
  if (!read.success) {
    throw new StatusApiError('transient', 'UnreadableAnswer', `${action} answered without a list of rows.`)
  }
  const values = read.output.voList ?? read.output.list ?? []
  const rows = values.map((row) => readStatusRow(sendCloudProvider, row))
  return {
    deliveries: rows.flatMap(({ delivery }) => delivery ?? []),
    unreadable: rows.flatMap(({ unreadable }) => unreadable ?? []),
    rows: rows.length,
    isLast: rows.length < pageRows,
  }
}
