import type { StatusApi } from '../../reconcile/ports.ts'
import type { SendCloudSettings } from './call.ts'
import { sendCloudProvider, staleMs } from './fields.ts'
import { listedPage } from './listed-page.ts'
import { readStatusRow } from './status-row.ts'

const action = 'data/emailStatus'

/** SendCloud's list of what became of each mail. Source: "投递回应" (deliver_response), read 2026-11-21. */
export function emailStatus(settings: SendCloudSettings): StatusApi {
  const { apiUsers } = settings
  return {
    provider: sendCloudProvider,
    name: action,
    lookUpsBy: 'emailId',
    staleMs,
    page(query) {
      const { emailIds, recipient } = query
      const parameters = {
        ...(emailIds && { emailIds: emailIds.join(';') }),
        ...(recipient !== undefined && { email: recipient }),
        ...(apiUsers.length > 1 && { apiUserList: apiUsers.join(';') }),
      }
      return listedPage(settings, { action, query, parameters }, readStatusRow)
    },
  }
}
