import * as v from 'valibot'
import type { Addressed } from '../../core/address.ts'
import { minuteMs, parseInstant, secondMs, unixInstantMs, utc8OffsetMs } from '../../core/instant.ts'
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

/** `2026-11-21 16:00:03` in UTC+8. Source of the time zone: "Data", API v2. */
export const localSecond = v.pipe(
  v.string(),
  v.regex(/^\s*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s*$/),
  v.transform((value) => {
    // Read as UTC first, so that a 31st of February is refused.
    const asUtcMs = parseInstant(`${value.trim().replace(' ', 'T')}Z`)
    return asUtcMs === undefined ? undefined : unixInstantMs((asUtcMs - utc8OffsetMs) / secondMs)
  }),
  v.number(),
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
