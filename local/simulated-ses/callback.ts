import { createHash } from 'node:crypto'
import type { SimulatedDelivery, TimelineEntry, TimelineKind } from './mail.ts'

/** A callback as a JSON object: one flat level, numbers in Unix seconds. */
type CallbackBody = Record<string, string | number>

const wireEvents: Record<TimelineKind, { readonly event: string; readonly eventid: number }> = {
  delivered: { event: 'delivered', eventid: 1 },
  dropped: { event: 'dropped', eventid: 2 },
  bounced: { event: 'bounce', eventid: 3 },
  opened: { event: 'open', eventid: 4 },
  clicked: { event: 'click', eventid: 5 },
  complained: { event: 'spamreport', eventid: 6 },
  unsubscribed: { event: 'unsubscribe', eventid: 7 },
  deferred: { event: 'deferred', eventid: 8 },
}

/**
 * What Tencent would post for one entry, in the fields of its October 2025 documentation.
 * A field that does not apply is left out.
 */
export function callbackOf(delivery: SimulatedDelivery, entry: TimelineEntry): CallbackBody {
  const fromDomain = delivery.from.slice(delivery.from.lastIndexOf('@') + 1)
  const { event, eventid } = wireEvents[entry.kind]
  return {
    ...withoutUndefined({
      event,
      eventid,
      email: delivery.recipient,
      link: entry.link,
      bulkId: delivery.messageId,
      timestamp: seconds(entry.atMs),
      reason: entry.reason,
      bounceType: entry.bounceType,
      username: appIdOf(delivery.messageId),
      from: delivery.from,
      fromDomain,
      templateId: delivery.templateId,
      useragent: entry.userAgent,
      subject: encodedSubject(delivery.subject),
      messageId: `${smtpIdOf(delivery.messageId)}@${fromDomain}`,
      sentTimestamp: seconds(delivery.sentAtMs),
    }),
    ...delivery.headers,
  }
}

function withoutUndefined(fields: Record<string, string | number | undefined>): CallbackBody {
  const body: CallbackBody = {}
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) body[name] = value
  return body
}

function seconds(atMs: number): number {
  return Math.floor(atMs / 1000)
}

/** Undefined for an id of the older shape `qcloud-ses-<hex>`, which does not name the account. */
function appIdOf(messageId: string): string | undefined {
  return /^qcloudses-\d+-(\d+)-/.exec(messageId)?.[1]
}

/** The left part of an RFC 5322 Message-ID, a UUID by its shape: one per message, the same in each report. */
function smtpIdOf(messageId: string): string {
  const hex = createHash('sha256').update(messageId).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}

// RFC 2047 §2: an encoded word has at most 75 characters; `=?UTF-8?B??=` takes 12, and 45 bytes become 60 of base64.
const maxBytesInWord = 45

/** The subject itself when it is ASCII, else RFC 2047 encoded words that never cut a character in two (§5). */
function encodedSubject(subject: string): string {
  if (/^[\x20-\x7e]*$/.test(subject)) return subject
  const words = ['']
  for (const character of subject) {
    const word = (words.at(-1) ?? '') + character
    if (Buffer.byteLength(word) > maxBytesInWord) words.push(character)
    else words[words.length - 1] = word
  }
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ')
}
