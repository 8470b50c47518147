import { StatusApiError, type StatusApi, type StatusPage } from '../../reconcile/ports.ts'
import { withAnsweredAt } from './answered-at.ts'
import { statusApiError } from './api-error.ts'
import { sesClient, type SesSettings } from './client.ts'
import { readStatusRow } from './status-row.ts'

/** Rows have the name of the provider whose callbacks report the same mails. */
export const polledProvider = 'tencent-ses'

/** The API's own bound on one page. */
const pageLimit = 100

/** GetSendEmailStatus through Tencent's own SDK. */
export function getSendEmailStatus(settings: SesSettings): StatusApi {
  const client = sesClient(settings)
  return {
    provider: polledProvider,
    name: 'GetSendEmailStatus',
    lookUpsBy: 'message',
    staleMs: 0,
    async page({ requestDate, offset, messageId }) {
      try {
        const question = {
          RequestDate: requestDate,
          Offset: offset,
          Limit: pageLimit,
          ...(messageId !== undefined && { MessageId: messageId }),
        }
        // The SDK's method of that name takes no headers.
        const { answer, answeredAtMs } = await withAnsweredAt<unknown>((headers) =>
          client.request('GetSendEmailStatus', question, { headers }),
        )
        return { ...pageOf(listIn(answer)), ...(answeredAtMs !== undefined && { answeredAtMs }) }
      } catch (error) {
        const about = `${requestDate} at offset ${offset}`
        const question = { action: 'GetSendEmailStatus', about, isLookUp: messageId !== undefined }
        throw statusApiError(error, question, settings)
      }
    },
  }
}

function listIn(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'EmailStatusList' in answer
    ? answer.EmailStatusList
    : undefined
}

function pageOf(rows: unknown): StatusPage {
  if (rows !== null && rows !== undefined && !Array.isArray(rows)) {
    throw new StatusApiError(
      'transient',
      'UnreadableAnswer',
      'GetSendEmailStatus answered without EmailStatusList.',
    )
  }
  const read = (rows ?? []).map((row: unknown) => readStatusRow(polledProvider, row))
  return {
    deliveries: read.flatMap(({ delivery }) => delivery ?? []),
    unreadable: read.flatMap(({ unreadable }) => unreadable ?? []),
    rows: read.length,
    isLast: read.length < pageLimit,
  }
}
