import { createHmac } from 'node:crypto'
import type { Random } from '../simulated-ses/random.ts'
import type { SendCloudEvent, Reader, SendCloudDelivery, SendCloudEntry, SendCloudMessage } from './mail.ts'

/** A callback before it is signed: the fields of a form. */
export type Fields = Readonly<Record<string, string>> & { readonly timestamp: string }

/** What the callbacks' bodies are: a form. */
export const formType = 'application/x-www-form-urlencoded'

type EventOfDelivery = Extract<SendCloudEvent, { of: 'delivery' }>

const tokenLength = 50
const tokenAlphabet = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')
const outIp = '192.0.2.41'

/** SendCloud's own words for its numbers, as its document has them. */
const subStatDescriptions = new Map([
  [401, 'in SendCloud blacklist'],
  [402, 'unsubscribe'],
  [406, 'address does not exist'],
  [503, 'service not available'],
  [509, 'others'],
])

/** As the document's samples have them: empty unless mail is sent to an address list. */
const noTask = { maillistTaskId: '', mail_list_task_id: '' }
const unknownReader: Reader = { ip: '', explorerName: '', explorerVer: '', oSName: '', oSVer: '' }

/**
 * What SendCloud would post for one event, in the fields of its "Webhook Event Description"; the texts of `message` are
 * those of the samples in its older documents (sendcloud_docs, sources/email/webhook.md). A field without a value is empty.
 */
export function fieldsOf(event: SendCloudEvent): Fields {
  return event.of === 'message' ? requestFields(event.message) : entryFields(event)
}

/** Signs the fields as of now and encodes the whole as a form. */
export function signedForm(fields: Fields, { appKey, token }: { appKey: string; token: string }): string {
  const signature = createHmac('sha256', appKey)
    .update(fields.timestamp + token)
    .digest('hex')
  return new URLSearchParams({ ...fields, token, signature }).toString()
}

/** Fifty random letters and digits. */
export function tokenFrom(random: Random): string {
  return Array.from({ length: tokenLength }, () => random.pick(tokenAlphabet)).join('')
}

/** One callback for all recipients of the message. */
function requestFields(message: SendCloudMessage): Fields {
  return {
    event: 'request',
    message: 'successfully request',
    ...noTask,
    messageId: message.messageId,
    ...messageFields(message),
    recipientArray: JSON.stringify(message.deliveries.map(({ recipient }) => recipient)),
    emailIds: JSON.stringify(message.deliveries.map(({ emailId }) => emailId)),
    recipientSize: String(message.deliveries.length),
    timestamp: String(message.sentAtMs),
  }
}

function entryFields({ message, delivery, entry }: EventOfDelivery): Fields {
  const fields = { ...messageFields(message), ...deliveryFields(delivery, entry) }
  switch (entry.kind) {
    case 'delivered':
      return { event: 'deliver', message: 'Successfully delivered', ...fields, ...noTask, outIp }
    case 'opened':
      return { event: 'open', message: 'open email', ...fields, ...noTask, ...readerFields(entry) }
    case 'clicked':
      return {
        event: 'click',
        message: 'click email',
        ...fields,
        ...noTask,
        url: entry.link ?? '',
        ...readerFields(entry),
      }
    case 'unsubscribed':
      return {
        event: 'unsubscribe',
        message: 'unsubscribe email',
        ...fields,
        ...noTask,
        ...readerFields(entry),
      }
    case 'complained':
      return { event: 'report_spam', message: 'report spam', ...fields }
    case 'dropped':
    case 'bounced':
      return { ...refusalFields(entry), ...fields, ...noTask, outIp }
  }
}

function messageFields({ apiUser, label, headers }: SendCloudMessage): Record<string, string> {
  return {
    apiUser,
    category: apiUser,
    labelId: String(label?.id ?? 0),
    labelName: label?.name ?? '',
    userHeaders: JSON.stringify(headers),
  }
}

function deliveryFields({ emailId, recipient }: SendCloudDelivery, { atMs }: SendCloudEntry) {
  return { emailId, recipient, timestamp: String(atMs) }
}

function readerFields({ reader = unknownReader }: SendCloudEntry): Record<string, string> {
  return { ...reader }
}

/** A soft bounce has a `cause` and, alone among the events, no `message`. */
function refusalFields({ bounceType, subStat, cause = '' }: SendCloudEntry): Record<string, string> {
  const description = subStatDescriptions.get(subStat ?? 0) ?? ''
  const subStatFields = { substat: String(subStat ?? ''), substatdesc: description }
  return bounceType === 'soft_bounce'
    ? { event: 'soft_bounce', ...subStatFields, cause }
    : { event: 'invalid', message: cause === '' ? description : cause, ...subStatFields }
}
