import * as v from 'valibot'
import { hourMs, minuteMs, parseInstant, secondMs, unixInstantMs } from '../../core/instant.ts'
import { emailIdParts, type EmailId } from '../../providers/sendcloud/email-id.ts'

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

const utcOffsetMs = 8 * hourMs

/** `2026-11-21 16:00:03` in UTC+8. Source of the time zone: "Data", API v2. */
export const localSecond = v.pipe(
  v.string(),
  v.regex(/^\s*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s*$/),
  v.transform((value) => {
    // Read as UTC first, so that a 31st of February is refused.
    const asUtcMs = parseInstant(`${value.trim().replace(' ', 'T')}Z`)
    return asUtcMs === undefined ? undefined : unixInstantMs((asUtcMs - utcOffsetMs) / secondMs)
  }),
  v.number(),
)
