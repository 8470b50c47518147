import * as v from 'valibot'
import { bareAddress } from '../../core/address.ts'
import { type BounceClass, type DeliveryEvent, type EventKind, type MessageColumn } from '../../core/event.ts'
import { isAhead, toSecond } from '../../core/instant.ts'
import { isTaskKey, taskMessageKey } from '../../core/message.ts'
import { bounceClassOfReply } from '../../core/bounce-class.ts'
import { oneLine } from '../../core/text.ts'
import { fieldsBeyond } from '../body/bounds.ts'
import { decodedHeader } from '../body/encoded-words.ts'
import {
  address,
  aheadOfClock,
  identifier,
  jsonOf,
  textOf,
  tooDeep,
  unixTime,
  unixTimeShape,
  unrecognisedEvent,
  wholeNumber,
  type Fields,
} from '../fields.ts'
import { readJsonElements } from '../body/json.ts'
import { typeName, type FieldProblem, type Outcome, type Provider } from '../provider.ts'

const maxBodyBytes = 64 * 1024

/**
 * Tencent Cloud SES callbacks: one JSON object, or an array of them, in every documented generation.
 * Source: "Email Event Notification", editions of 2021, 2024-03-29 and 2025-10-30 (product 1084, page 39492).
 */
export const tencentSes: Provider = {
  name: 'tencent-ses',
  maxBodyBytes,
  ownsMessage: (message) => message.startsWith('qcloudses-'),
  read: (callback, nowMs) =>
    readJsonElements(callback, {
      noun: 'event',
      maxBodyBytes,
      // A console may try the URL with `{}` when it is saved.
      hasProbes: true,
      read: (element, pointer) => [readElement(element, pointer, nowMs)],
    }),
}

const kindOfEvent: ReadonlyMap<string, EventKind> = new Map([
  ['processed', 'requested'], // 2021 edition only: "in transit"
  ['deferred', 'deferred'],
  ['delivered', 'delivered'],
  ['dropped', 'dropped'],
  ['bounce', 'bounced'],
  ['open', 'opened'],
  ['click', 'clicked'],
  ['spamreport', 'complained'],
  ['unsubscribe', 'unsubscribed'],
])

const eventOfId: ReadonlyMap<number, string> = new Map([
  [1, 'delivered'],
  [2, 'dropped'],
  [3, 'bounce'],
  [4, 'open'],
  [5, 'click'],
  [6, 'spamreport'],
  [7, 'unsubscribe'],
  [8, 'deferred'],
])

const classOfBounceType: ReadonlyMap<string, BounceClass> = new Map([
  ['hard_bounce', 'hard'],
  ['soft_bounce', 'soft'],
  ['hard', 'hard'], // 2021 edition
  ['soft', 'soft'],
])

// The sender's own headers are top-level keys (2025-10 edition).
const headerPrefix = 'x-tencentcloudses-cb-'

const columnOfField: ReadonlyMap<string, MessageColumn> = new Map([
  ['subject', 'subject'],
  ['from', 'from'],
  ['fromDomain', 'fromDomain'],
  ['templateId', 'template'],
  ['taskId', 'task'],
  ['username', 'account'],
  ['messageId', 'rfcMessageId'], // the Message-ID header; the API's MessageId is in bulkId
])

/** Fields of every event that are read by name. */
const namedFields = new Set([
  'event',
  'eventid',
  'email',
  'bulkId',
  'bulkid',
  'timestamp',
  'reason',
  'useragent',
])

const messageId = v.pipe(
  identifier('the MessageId that SendEmail returned'),
  v.check((id) => !isTaskKey(id), 'a MessageId, not the key of a task'),
)

/** What identifies an event. Everything else in a body may be missing or malformed. */
const identity = v.object({
  event: v.pipe(v.string('the name of an event'), v.transform(eventName)),
  eventid: v.optional(wholeNumber('the number of an event')),
  email: address,
  bulkId: v.optional(messageId),
  bulkid: v.optional(messageId),
  // Only needed without a MessageId: a malformed one is not used, and its column holds it as received.
  taskId: v.fallback(v.optional(identifier('the number of a batch task')), undefined),
  timestamp: unixTime,
})

type Identity = v.InferOutput<typeof identity>

function readElement(element: unknown, pointer: string, nowMs: number): Outcome {
  try {
    return readFields(element, pointer, nowMs)
  } catch {
    return tooDeep(pointer, element)
  }
}

function readFields(element: unknown, pointer: string, nowMs: number): Outcome {
  if (typeof element !== 'object' || element === null || Array.isArray(element)) {
    return { type: 'invalid', problems: [expectedObject(pointer, element)] }
  }
  const fields: Fields = new Map(
    Object.entries(element).filter(([field, value]) => isApplicable(field, value)),
  )
  const name = fields.get('event')
  const kind = typeof name === 'string' ? kindOfEvent.get(eventName(name)) : undefined
  if (typeof name === 'string' && kind === undefined) {
    return unrecognisedEvent(name, `${pointer}/event`, knownEvents)
  }
  const beyond = fieldsBeyond(fields, pointer, isHeader)
  if (beyond.length > 0) return { type: 'invalid', problems: beyond }
  const parsed = v.safeParse(identity, Object.fromEntries(fields))
  const problems = parsed.success
    ? [...aheadProblems(parsed.output, pointer, nowMs), ...contradictions(parsed.output, pointer)]
    : fieldProblems(parsed.issues, pointer, fields)
  if (kind === undefined || !parsed.success || problems.length > 0) return { type: 'invalid', problems }
  return { type: 'event', event: asEvent(kind, parsed.output, fields) }
}

function eventName(name: string): string {
  return name.trim().toLowerCase()
}

const numbersFromOne = new Set(['taskId', 'templateId', 'eventid'])

// Empty strings and nulls mean "not applicable" throughout the documents, and so does 0 where counting begins at 1. A
// header of the sender's own is kept even if it is empty.
function isApplicable(field: string, value: unknown): boolean {
  if (numbersFromOne.has(field)) return ![0, '0', '', null].includes(value as number)
  return (value !== '' && value !== null) || isHeader(field)
}

const knownEvents = `one of ${[...kindOfEvent.keys()].join(', ')}`

function expectedObject(pointer: string, received: unknown): FieldProblem {
  return { pointer, expected: 'an object with the fields of one event', received: typeName(received) }
}

function fieldProblems(
  issues: readonly v.BaseIssue<unknown>[],
  pointer: string,
  fields: Fields,
): readonly FieldProblem[] {
  const namesMessage = ['bulkId', 'bulkid', 'taskId'].some((field) => fields.has(field))
  return [
    ...issues.map((issue) => fieldProblem(issue, pointer, fields)),
    ...(namesMessage ? [] : [withoutMessage(pointer)]),
  ]
}

function fieldProblem(issue: v.BaseIssue<unknown>, pointer: string, fields: Fields): FieldProblem {
  const field = v.getDotPath(issue) ?? ''
  const isMissing = !fields.has(field)
  return {
    pointer: `${pointer}/${field}`,
    expected: isMissing ? (expectedOfMissing.get(field) ?? issue.message) : issue.message,
    received: typeName(fields.get(field)),
  }
}

// For a missing key the library uses its own message, not the schema's.
const expectedOfMissing: ReadonlyMap<string, string> = new Map([
  ['event', knownEvents],
  ['email', 'one email address'],
  ['timestamp', unixTimeShape],
])

function withoutMessage(pointer: string): FieldProblem {
  return { pointer: `${pointer}/bulkId`, expected: 'a MessageId, or a taskId', received: 'neither' }
}

function aheadProblems({ timestamp }: Identity, pointer: string, nowMs: number): readonly FieldProblem[] {
  return isAhead(timestamp, nowMs) ? [aheadOfClock(`${pointer}/timestamp`, timestamp)] : []
}

function contradictions(identity: Identity, pointer: string): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  if (identity.eventid !== undefined && eventOfId.get(identity.eventid) !== identity.event) {
    problems.push({
      pointer: `${pointer}/eventid`,
      expected: `the number of the event '${identity.event}'`,
      received: String(identity.eventid),
    })
  }
  if (identity.bulkId !== undefined && identity.bulkid !== undefined && identity.bulkId !== identity.bulkid) {
    problems.push({
      pointer: `${pointer}/bulkid`,
      expected: 'the same as bulkId',
      received: 'another string',
    })
  }
  if (identity.bulkId === undefined && identity.bulkid === undefined && identity.taskId === undefined) {
    problems.push(withoutMessage(pointer))
  }
  return problems
}

function asEvent(kind: EventKind, identity: Identity, fields: Fields): DeliveryEvent {
  const sentTimestamp = v.safeParse(unixTime, fields.get('sentTimestamp'))
  const bounceClass = kind === 'bounced' ? bounceClassOf(fields) : undefined
  const link = kind === 'clicked' ? textOf(fields.get('link')) : ''
  const reply = hasReply(kind) ? textOf(fields.get('reason')) : ''
  return {
    provider: tencentSes.name,
    ...identity.email,
    message: identity.bulkId ?? identity.bulkid ?? taskMessageKey(identity.taskId ?? ''),
    kind,
    source: 'callback',
    occurredAtMs: identity.timestamp,
    ...(link !== '' && { link }),
    ...(bounceClass !== undefined && { bounceClass }),
    ...(reply !== '' && { reply }),
    detail: detailOf(kind, fields),
    ...(sentTimestamp.success && { sentAtMs: toSecond(sentTimestamp.output) }),
    columns: columnsOf(fields),
    headers: headersOf(fields),
  }
}

function bounceClassOf(fields: Fields): BounceClass {
  const bounceType = textOf(fields.get('bounceType')).toLowerCase()
  if (bounceType === '') return bounceClassOfReply(textOf(fields.get('reason')))
  return classOfBounceType.get(bounceType) ?? 'undetermined'
}

/** For these kinds the reason is the receiving server's reply. */
function hasReply(kind: EventKind): boolean {
  return kind === 'bounced' || kind === 'deferred'
}

/** The reason and the user agent as received, then every field without a place of its own, as JSON. */
function detailOf(kind: EventKind, fields: Fields): string {
  const others = [...fields].filter(([field, value]) => !hasPlace(kind, field, value))
  const reason = hasReply(kind) ? '' : textOf(fields.get('reason'))
  return oneLine([reason, textOf(fields.get('useragent')), jsonOf(others)].join(' '))
}

/** Whether a field has a place of its own in the event, and its value is valid there. */
function hasPlace(kind: EventKind, field: string, value: unknown): boolean {
  switch (field) {
    case 'link':
      return kind === 'clicked'
    case 'bounceType':
      return kind === 'bounced' && classOfBounceType.has(textOf(value).toLowerCase())
    case 'sentTimestamp':
      return v.is(unixTime, value)
    default:
      return namedFields.has(field) || columnOfField.has(field) || isHeader(field)
  }
}

function columnsOf(fields: Fields): DeliveryEvent['columns'] {
  const columns: Partial<Record<MessageColumn, string>> = {}
  for (const [field, column] of columnOfField) {
    const text = textOf(fields.get(field))
    if (text !== '') columns[column] = columnText(column, text)
  }
  return columns
}

function columnText(column: MessageColumn, text: string): string {
  if (column === 'subject') return decodedHeader(text)
  return column === 'from' || column === 'rfcMessageId' ? bareAddress(text) : text
}

function headersOf(fields: Fields): DeliveryEvent['headers'] {
  return new Map(
    [...fields]
      .filter(([field]) => isHeader(field))
      .map(([field, value]) => [oneLine(field), decodedHeader(textOf(value))]),
  )
}

function isHeader(field: string): boolean {
  return field.toLowerCase().startsWith(headerPrefix)
}
