import type { PolledDelivery } from '../../core/polled-delivery.ts'
import { pageRows, StatusApiError, type ReadRow, type StatusApi } from '../../reconcile/ports.ts'
import { pageOf } from '../page.ts'
import { withAnsweredAt } from './answered-at.ts'
import { statusApiError } from './api-error.ts'
import { sesClient, type SesSettings } from './client.ts'
import { readStatusRow } from './status-row.ts'

/** Rows have the name of the provider whose callbacks report the same mails. */
export const polledProvider = 'tencent-ses'

/**
 * GetSendEmailStatus through Tencent's own SDK.
 * @param isOneOfSeveral - whether lists of other regions are read as well: then rows show in which they are.
 */
export function getSendEmailStatus(settings: SesSettings, isOneOfSeveral = false): StatusApi {
  const client = sesClient(settings)
  const { region } = settings
  return {
    provider: polledProvider,
    name: isOneOfSeveral ? `GetSendEmailStatus (${region})` : 'GetSendEmailStatus',
    region,
    isOneOfSeveral,
    lookUpsBy: 'message',
    staleMs: 0,
    async page({ requestDate, offset, messageId }) {
      try {
        const question = {
          RequestDate: requestDate,
          Offset: offset,
          Limit: pageRows,
          ...(messageId !== undefined && { MessageId: messageId }),
        }
        // The SDK's method of that name takes no headers.
        const { answer, answeredAtMs } = await withAnsweredAt<unknown>((headers) =>
          client.request('GetSendEmailStatus', question, { headers }),
        )
        const page = pageOf(rowsIn(answer))
        const deliveries = isOneOfSeveral
          ? page.deliveries.map((delivery) => inRegion(delivery, region))
          : page.deliveries
        return { ...page, deliveries, ...(answeredAtMs !== undefined && { answeredAtMs }) }
      } catch (error) {
        const about = `${requestDate} at offset ${offset}`
        const question = { action: 'GetSendEmailStatus', about, isLookUp: messageId !== undefined }
        throw statusApiError(error, question, settings)
      }
    },
  }
}

function inRegion(delivery: PolledDelivery, region: string): PolledDelivery {
  return { ...delivery, columns: { ...delivery.columns, region } }
}

function rowsIn(answer: unknown): readonly ReadRow[] {
  const list =
    typeof answer === 'object' && answer !== null && 'EmailStatusList' in answer
      ? answer.EmailStatusList
      : undefined
  if (list !== null && list !== undefined && !Array.isArray(list)) {
    throw new StatusApiError(
      'transient',
      'UnreadableAnswer',
      'GetSendEmailStatus answered without EmailStatusList.',
    )
  }
  return (list ?? []).map((row: unknown) => readStatusRow(polledProvider, row))
}
