import * as v from 'valibot'
import type { Addressed } from '../../core/address.ts'
import { minuteMs } from '../../core/instant.ts'
import type { PolledDelivery } from '../../core/polled-delivery.ts'
import { oneLine } from '../../core/text.ts'
import { emailIdParts, type EmailId } from '../../providers/sendcloud/email-id.ts'
import { text, type Row } from '../row.ts'

/** Rows have the name of the provider whose callbacks report the same mails. */
export const sendCloudProvider = 'sendcloud'

/** "Each query record will be cached for 10 minutes." */
export const staleMs = 10 * minuteMs

/** `<messageId><index>$<recipient>`. */
export const emailId = v.pipe(
  v.string(),
  v.transform((value) => emailIdParts(value)),
  v.custom<EmailId>((read) => read !== undefined),
)

/** What rows of every list have in common; `undefined` where the row names no message or no address. */
export function listedDelivery(
  row: Row,
  read: {
    readonly named: EmailId | undefined
    readonly addressed: Addressed | undefined
    readonly sentAtMs: number | undefined
  },
): Omit<PolledDelivery, 'outcome' | 'engagement'> | undefined {
  const { named, addressed, sentAtMs } = read
  const account = oneLine(row.read('apiUser', text) ?? '')
  if (!named || !addressed) {
    row.mark('emailId')
    return undefined
  }
  return {
    provider: sendCloudProvider,
    ...addressed,
    message: named.message,
    emailId: oneLine(row.read('emailId', v.string()) ?? ''),
    ...(account !== '' && { columns: { account } }),
    ...(sentAtMs !== undefined && { sentAtMs }),
  }
}
