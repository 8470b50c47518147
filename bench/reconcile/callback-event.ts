import type { DeliveryEvent } from '../../lib/core/event.ts'
import { isNotSent, meaningOf } from '../../lib/providers/sendcloud/sub-status.ts'
import { sendCloudProvider } from '../../lib/status-apis/sendcloud/fields.ts'
import type { PlayedEntry, PlayedMail } from './played-mail.ts'

/** The name of Tencent SES as a source, by callback and by poll. */
export const provider = 'tencent-ses'

const noHeaders: ReadonlyMap<string, string> = new Map()
const noColumns = {}

/**
 * What the ledger would read in the callback of this entry, without the way through JSON and without what belongs to
 * the message (subject, template, headers): no policy looks at it, and millions of rows would have to hold it.
 */
export function callbackEvent(delivery: PlayedMail, entry: PlayedEntry): DeliveryEvent {
  if (delivery.emailId !== undefined) return sendCloudEvent(delivery, entry)
  return {
    ...keyOf(delivery),
    kind: entry.kind,
    occurredAtMs: entry.atMs,
    ...(entry.link !== undefined && { link: entry.link }),
    ...(entry.bounceType !== undefined && { bounceClass: bounceClasses[entry.bounceType] }),
    ...saidIn(entry),
    sentAtMs: delivery.sentAtMs,
  }
}

/** Of a bounce and a deferral the reason is the receiving server's reply. */
function saidIn({ kind, reason, userAgent = '' }: PlayedEntry): Pick<DeliveryEvent, 'reply' | 'detail'> {
  if (kind !== 'bounced' && kind !== 'deferred') return { detail: reason ?? userAgent }
  return { ...(reason !== undefined && { reply: reason }), detail: userAgent }
}

/** What the sender records when it sends. */
export function sendEvent(delivery: PlayedMail): DeliveryEvent {
  return { ...keyOf(delivery), kind: 'requested', occurredAtMs: delivery.sentAtMs, detail: '' }
}

/** The same of SendCloud, without what belongs to its message and words that no policy looks at. */
function sendCloudEvent(delivery: PlayedMail, entry: PlayedEntry): DeliveryEvent {
  const { kind, atMs, link, bounceType, subStat, cause } = entry
  const code = subStat === undefined ? undefined : String(subStat)
  const isDropped = code !== undefined && isNotSent(code)
  return {
    ...keyOf(delivery),
    kind: isDropped ? 'dropped' : kind,
    occurredAtMs: atMs,
    ...(link !== undefined && { link }),
    ...(bounceType !== undefined && { bounceClass: bounceClasses[bounceType] }),
    ...(code !== undefined && { code: `subStat ${code}` }),
    ...(cause !== undefined && { reply: cause }),
    detail: code === undefined ? '' : meaningOf(code),
  }
}

const bounceClasses = { hard_bounce: 'hard', soft_bounce: 'soft' } as const

function keyOf({ recipient: spelling, messageId, emailId }: PlayedMail) {
  const recipient = spelling.toLowerCase()
  return {
    provider: emailId === undefined ? provider : sendCloudProvider,
    recipient,
    ...(recipient !== spelling && { spelling }),
    message: messageId,
    ...(emailId !== undefined && { emailId }),
    source: 'callback' as const,
    columns: noColumns,
    headers: noHeaders,
  }
}
