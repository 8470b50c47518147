import type { BounceClass, DeliveryEvent, EventKind, MessageColumn } from '../../core/event.ts'
import type { MessageKey } from '../../core/message.ts'
import { oneLine } from '../../core/text.ts'
import { fieldsBeyond, jsonBeyond } from '../body/bounds.ts'
import { decodedHeader } from '../body/encoded-words.ts'
import { jsonOf, textOf, tooDeep, unrecognisedEvent, type Fields } from '../fields.ts'
import { parseExactJson } from '../body/json.ts'
import type { Outcome, Provider } from '../provider.ts'
import { agentText } from './agent.ts'
import { readAddressee, readAddressees } from './recipients.ts'
import { maxBodyBytes, openBody } from './body.ts'
import { keyOfSent, ownsMessage } from './email-id.ts'
import { fieldProblem, isSenderHeader, normalizedFields, occurredAtIn, senderHeadersApart } from './fields.ts'
import { readRoute } from './inbound-mail.ts'
import { isEvent, publicKey, verifySignature } from './signature.ts'
import {
  describeSubStatus,
  isKnownDescription,
  isNotSent,
  meaningOf,
  subStatusesOfInvalid,
} from './sub-status.ts'

/**
 * SendCloud callbacks (sendcloud.net, aurorasendcloud.com), one event each; `request` names many recipients. Sources:
 * "Webhook Event Description" (read 2026-11-21), the newer overview, which spells some events differently, and the
 * documents of 2015 (sendcloud_docs, sources/email/webhook.md).
 */
export const sendCloud: Provider = {
  name: 'sendcloud',
  maxBodyBytes,
  signing: { keySetting: 'SENDCLOUD_APP_KEY', publicKey, verify: verifySignature, isEvent },
  ownsMessage,
  keyOfSent,
  read(callback, nowMs) {
    const parsed = openBody(callback).fields()
    if ('problem' in parsed) return [{ type: 'unreadable', problem: parsed.problem }]
    if (parsed.fields === undefined) return []
    try {
      return readFields(parsed.fields, nowMs)
    } catch {
      return [tooDeep('', {})]
    }
  },
}

const kindOfEvent: ReadonlyMap<string, EventKind> = new Map([
  ['request', 'requested'],
  ['deliver', 'delivered'],
  ['delivered', 'delivered'], // the overview
  ['open', 'opened'],
  ['click', 'clicked'],
  ['unsubscribe', 'unsubscribed'],
  ['report_spam', 'complained'],
  ['spam_report', 'complained'], // the overview: spam-report
  ['spamreport', 'complained'],
  ['invalid', 'bounced'],
  ['invalid_email', 'bounced'], // the overview
  ['soft_bounce', 'bounced'],
  ['bounce', 'bounced'], // 2015: 软退信 ( bounce ), the soft one
])

const hardEvents = new Set(['invalid', 'invalid_email'])

const columnOfField: ReadonlyMap<string, MessageColumn> = new Map([
  ['category', 'category'],
  ['apiUser', 'account'],
  ['labelId', 'labelId'],
  ['labelName', 'labelName'],
  ['maillistTaskId', 'task'],
])

/** Fields of every event that are read by name. */
const namedFields = new Set([
  ...['event', 'timestamp', 'token', 'signature', 'recipient', 'emailId'],
  ...['message', 'cause', 'reason', 'outIp', 'userHeaders'],
  ...columnOfField.keys(),
])

const listsOfRequest = new Set(['recipientArray', 'emailIds'])

const agentFields = new Set(['explorerName', 'explorerVer', 'oSName', 'oSVer', 'ip'])

/** The parts of a body that are the same for every recipient. */
interface EventPart {
  readonly name: string
  readonly kind: EventKind
  readonly bounceClass?: BounceClass
  /** Of bounces: SendCloud's number for the cause. */
  readonly subStat?: string
}

function readFields(fields: Fields, nowMs: number): readonly Outcome[] {
  const named = normalizedFields(fields)
  const event = named.get('event')
  if (typeof event !== 'string') {
    return [{ type: 'invalid', problems: [fieldProblem('event', knownEvents, named)] }]
  }
  const name = event.trim().toLowerCase().replaceAll('-', '_')
  if (name === 'route') return [readRoute(sendCloud.name, named, fields, nowMs)]
  const kind = kindOfEvent.get(name)
  if (!kind) return [unrecognisedEvent(event, '/event', knownEvents)]
  const problems = fieldsBeyond(named, '', isSenderHeader, listsOfRequest)
  if (problems.length > 0) return [{ type: 'invalid', problems }]
  return readEvents(eventPartOf(name, kind, named), named, nowMs)
}

const knownEvents = `one of ${[...kindOfEvent.keys(), 'route'].join(', ')}`

function eventPartOf(name: string, kind: EventKind, named: Fields): EventPart {
  if (kind !== 'bounced') return { name, kind }
  const code = textOf(named.get('substat'))
  const subStat = /^\d{1,4}$/.test(code) ? { subStat: code } : {}
  const isHard = hardEvents.has(name) || (name === 'bounce' && subStatusesOfInvalid.has(code))
  if (!isHard) return { name, kind, bounceClass: 'soft', ...subStat }
  return isNotSent(code)
    ? { name, kind: 'dropped', ...subStat }
    : { name, kind, bounceClass: 'hard', ...subStat }
}

function readEvents(part: EventPart, named: Fields, nowMs: number): readonly Outcome[] {
  const addressees = part.name === 'request' ? readAddressees(named) : [readAddressee(named)]
  const occurredAtMs = occurredAtIn(named, nowMs)
  if (typeof occurredAtMs === 'object') {
    const problems = addressees.flatMap((addressee) => ('problems' in addressee ? addressee.problems : []))
    return [{ type: 'invalid', problems: [occurredAtMs, ...problems] }]
  }
  const message = addressees.find((addressee) => 'message' in addressee)?.message
  const shared = sharedPart(part, occurredAtMs, message, named)
  return addressees.map((addressee) =>
    'problems' in addressee
      ? { type: 'invalid', problems: addressee.problems }
      : { type: 'event', event: { ...shared, ...addressee } },
  )
}

type SharedPart = Omit<DeliveryEvent, 'recipient' | 'spelling' | 'message' | 'emailId'>

/** @param message - The message's key, if one was reported. */
function sharedPart(
  part: EventPart,
  occurredAtMs: number,
  message: MessageKey | undefined,
  named: Fields,
): SharedPart {
  const { kind, bounceClass, subStat } = part
  const link = kind === 'clicked' ? textOf(named.get('url')) : ''
  const echoed = headersIn(named)
  const reply = replyOf(part, named)
  return {
    provider: sendCloud.name,
    kind,
    source: 'callback',
    occurredAtMs,
    ...(link !== '' && { link }),
    ...(bounceClass && { bounceClass }),
    ...(subStat !== undefined && { code: `subStat ${subStat}` }),
    ...(reply !== '' && { reply }),
    detail: detailOf(part, [...othersOf(part, message, named), ...echoed.others], named),
    columns: columnsOf(named),
    headers: echoed.headers,
  }
}

/**
 * The receiving server's reply: the fields that hold its words, and the description if it is not a known one. Empty if
 * there was no reply.
 */
function replyOf({ kind, subStat }: EventPart, named: Fields): string {
  if (kind !== 'bounced' && kind !== 'deferred') return ''
  const text = (field: string) => textOf(named.get(field))
  const description = text('substatdesc')
  const said = [...replyFields.map(text), isKnownDescription(subStat, description) ? '' : description]
  return oneLine([...new Set(said)].join(' '))
}

const replyFields = ['cause', 'reason', 'message']

/**
 * SendCloud's number for the cause and its description, the reader's client, then every field without a place of its
 * own.
 */
function detailOf(part: EventPart, others: readonly (readonly [string, unknown])[], named: Fields): string {
  const text = (field: string) => textOf(named.get(field))
  const parts = [
    causeText(part, text('substatdesc')),
    ...(part.kind === 'bounced' ? [] : replyFields.map(text)),
    hasAgent(part.kind) ? agentIn(text) : '',
    text('outIp') && `outIp ${text('outIp')}`,
    jsonOf(others),
  ]
  return oneLine(parts.filter((part) => part !== '').join(' '))
}

function causeText({ kind, subStat }: EventPart, description: string): string {
  if (kind === 'bounced') return subStat === undefined ? '' : meaningOf(subStat)
  if (kind !== 'dropped') return ''
  return subStat === undefined ? description : describeSubStatus(subStat, description)
}

function hasAgent(kind: EventKind): boolean {
  return kind === 'opened' || kind === 'clicked' || kind === 'unsubscribed'
}

function agentIn(text: (field: string) => string): string {
  const named = (...fields: string[]) => oneLine(fields.map(text).join(' '))
  return agentText({
    browser: named('explorerName', 'explorerVer'),
    system: named('oSName', 'oSVer'),
    ip: text('ip'),
  })
}

/** The fields without a place of their own in the event. */
function othersOf(
  { name, kind, subStat }: EventPart,
  message: MessageKey | undefined,
  named: Fields,
): readonly (readonly [string, unknown])[] {
  const places = new Set([
    ...namedFields,
    ...(hasAgent(kind) ? agentFields : []),
    ...(kind === 'clicked' ? ['url'] : []),
    ...(kind === 'dropped' || kind === 'bounced' ? ['substatdesc'] : []),
    ...(subStat === undefined ? [] : ['substat']),
    ...(name === 'request' ? ['recipientArray', 'emailIds'] : []),
    // The key contains it already, unless digits were removed.
    ...(textOf(named.get('messageId')) === message ? ['messageId'] : []),
  ])
  return [...named].filter(([field]) => !places.has(field) && !isSenderHeader(field))
}

function columnsOf(named: Fields): DeliveryEvent['columns'] {
  const columns: Partial<Record<MessageColumn, string>> = {}
  // `category` is defined as API_USER, also in the documents of 2015. Under `request` it is documented as the message
  // ID, and a column must not depend on which event arrived first.
  const category = textOf(named.get('category'))
  const isMessageId = category === textOf(named.get('messageId'))
  if (category !== '' && !isMessageId) columns.account = category
  for (const [field, column] of columnOfField) {
    const text = textOf(named.get(field))
    if (text !== '' && !(field === 'category' && isMessageId)) columns[column] = text
  }
  return columns
}

/**
 * The sender's own headers: in `userHeaders`, presumably JSON, or among the fields. Other content of it is not a header
 * and never names a column.
 */
function headersIn(named: Fields): {
  headers: DeliveryEvent['headers']
  others: readonly [string, unknown][]
} {
  const userHeaders = named.get('userHeaders')
  const entries = entriesIn(userHeaders)
  const amongFields = senderHeadersApart([...named]).headers
  if (userHeaders !== undefined && !entries)
    return { headers: headersOf(amongFields), others: [['userHeaders', userHeaders]] }
  const { headers, others: foreign } = senderHeadersApart(entries ?? [])
  return {
    headers: headersOf([...headers, ...amongFields]),
    others: foreign.length === 0 ? [] : [['userHeaders', Object.fromEntries(foreign)]],
  }
}

function headersOf(headers: readonly (readonly [string, unknown])[]): DeliveryEvent['headers'] {
  return new Map(headers.map(([name, value]) => [oneLine(name), decodedHeader(textOf(value))]))
}

/** The names and values of an object, or of JSON text of an object. */
function entriesIn(value: unknown): readonly [string, unknown][] | undefined {
  const object = typeof value === 'string' && !jsonBeyond(value) ? parsed(value) : value
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return undefined
  return Object.entries(object)
}

function parsed(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch {
    return undefined
  }
}
