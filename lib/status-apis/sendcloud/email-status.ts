import { pageRows, type StatusApi, type StatusQuery } from '../../reconcile/ports.ts'
import { callSendCloud, type SendCloudSettings } from './call.ts'
import { sendCloudProvider, staleMs } from './fields.ts'
import { listedPage } from './listed-page.ts'
import { readStatusRow } from './status-row.ts'

const action = 'data/emailStatus'

/** SendCloud's list of what became of each mail. Source: "投递回应" (deliver_response), read 2026-11-21. */
export function emailStatus(settings: SendCloudSettings): StatusApi {
  return {
    provider: sendCloudProvider,
    name: action,
    lookUpsBy: 'emailId',
    staleMs,
    async page(query) {
      const { info, answeredAtMs } = await callSendCloud(settings, {
        action,
        about: `${query.requestDate} at offset ${query.offset}`,
        isLookUp: query.emailIds !== undefined || query.recipient !== undefined,
        parameters: parametersOf(query, settings),
      })
      const page = listedPage(action, info, (row) => readStatusRow(sendCloudProvider, row))
      return { ...page, ...(answeredAtMs !== undefined && { answeredAtMs }) }
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
