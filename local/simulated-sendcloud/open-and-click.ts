import { requestDateOf } from '../../lib/core/instant.ts'
import { readListQuery, type QueryLimits } from './list-query.ts'
import type { SendCloudEntry, SendCloudMessage } from './mail.ts'
import { refusal, type Refusal } from './refusal.ts'
import type { ListPart } from './sent-mail.ts'
import { localTime, type SentDelivery } from './status-row.ts'

/** A row of openandclick/list; times as `yyyy-MM-dd HH:mm:ss` in UTC+8. */
interface TrackRow {
  readonly email: string
  readonly trackType: number
  readonly url: string
  readonly apiUser: string
  readonly requestTime: string
  readonly currTime: string
  readonly emailId: string
  readonly ip: string
  readonly country: string
  readonly province: string
  readonly city: string
  readonly browser: string
  readonly device: string
}

const kindOfType: ReadonlyMap<string, 'opened' | 'clicked'> = new Map([
  ['1', 'opened'],
  ['2', 'clicked'],
])

/** The opens and clicks that the parameters ask for, in the order of time. Source: "打开点击" (open_or_click), read 2026-11-21. */
export function trackedRows(
  messages: readonly SendCloudMessage[],
  parameters: ReadonlyMap<string, string>,
  limits: QueryLimits,
): ListPart<TrackRow> | Refusal {
  const query = readListQuery(parameters, limits)
  if ('statusCode' in query) return query
  const { dates, apiUsers, email, start, limit } = query
  const kind = kindOfType.get(parameters.get('trackType') ?? '1')
  // Which code another type has is not documented.
  if (!kind) return refusal(40006)
  const isByRequest = (parameters.get('timeType') ?? '0') === '0'
  const found = messages
    .filter(({ apiUser }) => apiUsers.includes(apiUser))
    .flatMap((message) => message.deliveries.map((delivery) => ({ message, delivery })))
    .filter(({ delivery }) => email === undefined || delivery.recipient.toLowerCase() === email.toLowerCase())
    .flatMap((sent) => sent.delivery.timeline.map((entry) => ({ ...sent, entry })))
    .filter(({ entry }) => entry.kind === kind && entry.atMs <= limits.nowMs)
    .filter(({ delivery, entry }) =>
      dates.includes(requestDateOf(isByRequest ? delivery.sentAtMs : entry.atMs)),
    )
    .sort((one, other) => one.entry.atMs - other.entry.atMs)
  return {
    total: found.length,
    rows: found.slice(start, start + limit).map(trackRowOf),
  }
}

/** The row of one open or click. */
export function trackRowOf({
  message,
  delivery,
  entry,
}: SentDelivery & { readonly entry: SendCloudEntry }): TrackRow {
  return {
    email: delivery.recipient,
    trackType: entry.kind === 'opened' ? 1 : 2,
    url: entry.link ?? '',
    apiUser: message.apiUser,
    requestTime: localTime(delivery.sentAtMs),
    currTime: localTime(entry.atMs),
    emailId: delivery.emailId,
    ip: entry.reader?.ip ?? '',
    country: '',
    province: '',
    city: '',
    browser: entry.reader?.explorerName ?? '',
    device: entry.reader?.oSName ?? '',
  }
}
