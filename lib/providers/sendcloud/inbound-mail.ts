import { recipientOf } from '../../core/address.ts'
import type { InboundColumn, InboundMail } from '../../core/inbound-mail.ts'
import { oneLine } from '../../core/text.ts'
import { isListBeyond } from '../body/bounds.ts'
import { decodedHeader } from '../body/encoded-words.ts'
import { jsonOf, textOf, type Fields } from '../fields.ts'
import type { Outcome } from '../provider.ts'
import { emailIdParts, messageKeyOf } from './email-id.ts'
import { documentedName, fieldProblem, listOf, occurredAtIn } from './fields.ts'

const columnOfField: ReadonlyMap<string, InboundColumn> = new Map([
  ['from', 'from'],
  ['fromname', 'fromName'],
  ['to', 'to'],
  ['toname', 'toName'],
  ['subject', 'subject'],
  ['x_mx_mailfrom', 'mailFrom'], // the sender of the envelope
  ['reference', 'reference'],
  ['emailId', 'emailId'], // of the mail that this one answers, as are the labels
  ['labelId', 'labelId'],
  ['labelName', 'labelName'],
])

/** What a second report of the same mail may change: its signature, and a link that is valid for 15 days. */
const fieldsWithColumns = new Set(['timestamp', 'token', 'signature', 'raw_message_url'])

/** Headers of the mail, and the names in them. */
const encodedColumns: ReadonlySet<InboundColumn> = new Set(['from', 'fromName', 'to', 'toName', 'subject'])

const maxColumnLength = 1_000
/** The characters of a header that are read, so that a column always costs little. */
const maxHeaderLength = 20_000

/** A Message-ID of SendCloud's own, up to its `@`: "the prefix is the same as the prefix of the emailId". */
const sendCloudMessageId = /^<?(\d{13}_[^@\s]+-inbound\d+)(?:@|>|$)/

/**
 * Reads `route`, a mail that was sent to us.
 *
 * @param named - The fields under their documented names.
 * @param fields - The fields as received.
 */
export function readRoute(provider: string, named: Fields, fields: Fields, nowMs: number): Outcome {
  const receivedAtMs = occurredAtIn(named, nowMs)
  const recipient = recipientIn(named)
  if (typeof receivedAtMs === 'object' || recipient === undefined) {
    const problems = [
      ...(typeof receivedAtMs === 'object' ? [receivedAtMs] : []),
      ...(recipient === undefined ? [fieldProblem('x_mx_rcptto', 'the address that it reached', named)] : []),
    ]
    return { type: 'invalid', problems }
  }
  const answers = answeredBy(named)
  const rawMessageUrl = textOf(named.get('raw_message_url'))
  const mail = {
    provider,
    recipient,
    ...(answers && { answers }),
    receivedAtMs,
    ...(rawMessageUrl !== '' && { rawMessageUrl }),
    columns: columnsOf(named),
    content: jsonOf([...fields].filter(([name]) => !fieldsWithColumns.has(documentedName(name)))),
  }
  return { type: 'inbound', mail }
}

/** The first address of the envelope, or of the header if the envelope is not reported. */
function recipientIn(named: Fields): string | undefined {
  return ['x_mx_rcptto', 'to']
    .map((field) => headsOf(named.get(field)))
    .flatMap((heads) => (isListBeyond(heads) ? [] : listOf(heads)))
    .flatMap((entry) => (typeof entry === 'string' ? (mailboxRecipient(entry) ?? []) : []))[0]
}

/** A mailbox may be the first of a group, `Team: a@example.com`, and be followed by a comment (RFC 5322 §3.4). */
function mailboxRecipient(text: string): string | undefined {
  const mailbox = text.endsWith(')') ? text.slice(0, text.lastIndexOf('(')) : text
  return recipientOf(mailbox) ?? recipientOf(mailbox.replace(/^[^"<>@:]*:/, ''))
}

function headsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(headsOf)
  return typeof value === 'string' && !value.startsWith('[') ? headOf(value) : value
}

function headOf(text: string): string {
  return text.slice(0, maxHeaderLength)
}

/** The emailId is SendCloud's own finding from `reference`, which may also be a Message-ID that the sender made. */
function answeredBy(named: Fields): InboundMail['answers'] {
  const emailId = emailIdParts(named.get('emailId'))
  if (emailId) {
    const recipient = recipientOf(emailId.recipient)
    return { message: emailId.message, ...(recipient !== undefined && { recipient }) }
  }
  const references = headOf(textOf(named.get('reference'))).split(' ')
  const message = references
    .flatMap((reference) => sendCloudMessageId.exec(reference)?.[1] ?? [])
    .flatMap((messageId) => messageKeyOf(messageId) ?? [])[0]
  return message === undefined ? undefined : { message }
}

function columnsOf(named: Fields): InboundMail['columns'] {
  const columns: Partial<Record<InboundColumn, string>> = {}
  for (const [field, column] of columnOfField) {
    const value = named.get(field)
    const head = typeof value === 'string' ? oneLine(headOf(value)) : headOf(textOf(value))
    const text = encodedColumns.has(column) ? decodedHeader(head) : head
    if (text !== '') columns[column] = text.slice(0, maxColumnLength).toWellFormed()
  }
  return columns
}
