import { addressParser } from 'postal-mime'
import * as v from 'valibot'
import { isAddress } from '../core/address.ts'
import type { InboundColumn, InboundMail } from '../core/inbound-mail.ts'
import { oneLine } from '../core/text.ts'
import { isListBeyond } from './bounds.ts'
import { decodedHeader, jsonOf, textOf, type Fields } from './fields.ts'
import type { Outcome } from './provider.ts'
import { emailIdParts, messageKeyOf } from './sendcloud-email-id.ts'
import { documentedName, fieldProblem, listOf, unixMs } from './sendcloud-fields.ts'

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

/** What a second telling of the same mail may change: its signature, and a link that lives for 15 days. */
const fieldsOfTelling = new Set(['timestamp', 'token', 'signature', 'raw_message_url'])

const maxColumnLength = 1_000
/** As much of a header as is looked at: whatever comes, a column costs little. */
const maxHeaderLength = 20_000

/** A Message-ID of SendCloud's own, up to its `@`: "the prefix is the same as the prefix of the emailId". */
const sendCloudMessageId = /^<?(\d{13}_[^@\s]+-inbound\d+)(?:@|>|$)/

/**
 * Reads `route`, a mail that somebody sent to us.
 *
 * @param told - The fields under their documented names.
 * @param fields - The fields as they came.
 */
export function readRoute(provider: string, told: Fields, fields: Fields): Outcome {
  const receivedAt = v.safeParse(unixMs, told.get('timestamp'))
  const recipient = recipientOf(told)
  if (!receivedAt.success || recipient === undefined) {
    const problems = [
      ...(receivedAt.success ? [] : [fieldProblem('timestamp', receivedAt.issues[0].message, told)]),
      ...(recipient === undefined ? [fieldProblem('x_mx_rcptto', 'the address that it reached', told)] : []),
    ]
    return { type: 'invalid', problems }
  }
  const answers = answeredBy(told)
  const rawMessageUrl = textOf(told.get('raw_message_url'))
  const mail = {
    provider,
    recipient,
    ...(answers && { answers }),
    receivedAtMs: receivedAt.output,
    ...(rawMessageUrl !== '' && { rawMessageUrl }),
    columns: columnsOf(told),
    content: jsonOf([...fields].filter(([name]) => !fieldsOfTelling.has(documentedName(name)))),
  }
  return { type: 'inbound', mail }
}

/** The first address of the envelope; of the header, where the envelope is not told. */
function recipientOf(told: Fields): string | undefined {
  return ['x_mx_rcptto', 'to']
    .flatMap((field) => headersIn(told.get(field)))
    .flatMap((header) => addressParser(header))
    .flatMap((mailbox) => mailbox.group ?? [mailbox])
    .map(({ address }) => address.trim().toWellFormed().toLowerCase())
    .find(isAddress)
}

function headersIn(value: unknown): readonly string[] {
  const isOne = typeof value === 'string' && !value.startsWith('[')
  if (!isOne && isListBeyond(value)) return []
  return (isOne ? [value] : listOf(value)).filter((text) => typeof text === 'string').map(headOf)
}

function headOf(text: string): string {
  return text.slice(0, maxHeaderLength)
}

/** The emailId is SendCloud's own finding from `reference`, which may also be a Message-ID that the sender made. */
function answeredBy(told: Fields): InboundMail['answers'] {
  const emailId = emailIdParts(told.get('emailId'))
  if (emailId) {
    const recipient = emailId.recipient.toWellFormed().toLowerCase()
    return { message: emailId.message, ...(isAddress(recipient) && { recipient }) }
  }
  const references = headOf(textOf(told.get('reference'))).split(' ')
  const message = references
    .flatMap((reference) => sendCloudMessageId.exec(reference)?.[1] ?? [])
    .flatMap((messageId) => messageKeyOf(messageId) ?? [])[0]
  return message === undefined ? undefined : { message }
}

function columnsOf(told: Fields): InboundMail['columns'] {
  const columns: Partial<Record<InboundColumn, string>> = {}
  for (const [field, column] of columnOfField) {
    const value = told.get(field)
    const head = typeof value === 'string' ? oneLine(headOf(value)) : headOf(textOf(value))
    const text = column === 'subject' ? decodedHeader(head) : head
    if (text !== '') columns[column] = text.slice(0, maxColumnLength).toWellFormed()
  }
  return columns
}
