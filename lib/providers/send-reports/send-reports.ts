import * as v from 'valibot'
import type { Addressed } from '../../core/address.ts'
import type { DeliveryEvent } from '../../core/event.ts'
import { isAhead, mailEra, parseInstant, secondMs, toSecond } from '../../core/instant.ts'
import { isTaskKey, sentAtOf, type MessageKey } from '../../core/message.ts'
import { isListBeyond, listProblem } from '../body/bounds.ts'
import { address, aheadOfClock, identifier, unixTime, type Fields } from '../fields.ts'
import { readJsonElements } from '../body/json.ts'
import { ownerOf, typeName, type FieldProblem, type Outcome, type Provider } from '../provider.ts'
import { tencentSes } from '../tencent-ses/tencent-ses.ts'

const maxBodyBytes = 64 * 1024

/**
 * The application that sends. It may report each mail that a provider has accepted. Each recipient's delivery is
 * `requested` from then on, so reconcile asks about it even if no callback ever arrives. One JSON object `{messageId,
 * recipients, sentAt?, provider?}`, or an array of them.
 */
export function sentWith(mailProviders: readonly Provider[]): Provider {
  return {
    name: 'sent',
    isApplication: true,
    maxBodyBytes,
    read: (callback, nowMs) =>
      readJsonElements(callback, {
        noun: 'send',
        maxBodyBytes,
        read: (element, pointer) =>
          readSend(element, { pointer, mailProviders, instant: jsonInstant, nowMs }),
      }),
  }
}

interface Reading {
  /** The JSON pointer of the send. */
  readonly pointer: string
  readonly mailProviders: readonly Provider[]
  /** The notation of `sentAt`; its output is milliseconds. */
  readonly instant: InstantSchema
  /** Our clock: a send cannot be dated much later. */
  readonly nowMs: number
}

type InstantSchema = v.GenericSchema<unknown, number>

/** One recipient of a send, or what is wrong with it. */
type SendOutcome = Extract<Outcome, { type: 'event' | 'invalid' }>

/**
 * One outcome for each recipient; one for all if what they share is wrong.
 *
 * The time of sending is taken from the MessageId if it contains one, else from `sentAt`. So the fact is the same for
 * every report of it, by any clock. A callback whose `sentTimestamp` agrees with the MessageId adds no fact; one that
 * differs adds a second, but the delivery counts as requested once (countsOf). Both are to the second, like Tencent's
 * own instants, so more precision makes no other fact.
 */
export function readSend(send: unknown, reading: Reading): readonly SendOutcome[] {
  const { pointer } = reading
  if (typeof send !== 'object' || send === null || Array.isArray(send)) {
    const expected = 'an object with messageId and recipients'
    return [{ type: 'invalid', problems: [{ pointer, expected, received: typeName(send) }] }]
  }
  const fields: Fields = new Map(Object.entries(send))
  const shared = sharedPart(fields, reading)
  const recipients = recipientsIn(fields, pointer)
  if ('problems' in shared) {
    const ofRecipients = recipients.flatMap((recipient) => (isProblem(recipient) ? recipient : []))
    return [{ type: 'invalid', problems: [...shared.problems, ...ofRecipients] }]
  }
  return recipients.map((recipient) =>
    isProblem(recipient)
      ? { type: 'invalid', problems: [recipient] }
      : { type: 'event', event: asEvent(recipient, shared) },
  )
}

/** What all recipients of a send share. */
interface SharedPart {
  readonly provider: string
  readonly message: MessageKey
  readonly sentAtMs: number
}

function asEvent(addressed: Addressed, { provider, message, sentAtMs }: SharedPart): DeliveryEvent {
  return {
    provider,
    ...addressed,
    message,
    kind: 'requested',
    source: 'callback',
    occurredAtMs: sentAtMs,
    detail: '',
    columns: {},
    headers: new Map(),
  }
}

function sharedPart(
  fields: Fields,
  reading: Reading,
): SharedPart | { readonly problems: readonly FieldProblem[] } {
  const provider = providerIn(fields, reading)
  const message = messageIn(fields, reading, provider)
  const sentAtMs = sentAtIn(fields, reading, message)
  const problems = [...new Set([provider, message, sentAtMs].filter(isProblem))]
  if (isProblem(provider) || isProblem(message) || isProblem(sentAtMs)) return { problems }
  return { provider, message, sentAtMs }
}

function providerIn(fields: Fields, { pointer, mailProviders }: Reading): string | FieldProblem {
  const names = mailProviders.map(({ name }) => name)
  const name = fields.get('provider') ?? tencentSes.name
  const parsed = v.safeParse(v.picklist(names, `one of ${names.join(', ')}`), name)
  return parsed.success ? parsed.output : problemWith('provider', parsed.issues[0].message, fields, pointer)
}

const messageIdShape = 'the MessageId that sending returned'

/** @param provider - whose identifiers are read; if it is unknown, only the general form is checked. */
function messageIn(
  fields: Fields,
  { pointer, mailProviders }: Reading,
  provider: string | FieldProblem,
): MessageKey | FieldProblem {
  const keyOfSent = mailProviders.find(({ name }) => name === provider)?.keyOfSent
  const schema = v.pipe(
    identifier(messageIdShape),
    v.check((id) => !isTaskKey(id), 'a MessageId, not the key of a task'),
    v.transform((id) => (keyOfSent ? keyOfSent(id) : id)),
    v.string(messageIdShape),
  )
  const parsed = v.safeParse(schema, fields.get('messageId'))
  if (!parsed.success) return problemWith('messageId', parsed.issues[0].message, fields, pointer)
  const owner = ownerOf(parsed.output, mailProviders)
  if (isProblem(provider) || owner === undefined || owner === provider) return parsed.output
  const expected = `an id of ${provider}, or \`provider\` to be ${owner}`
  return { pointer: `${pointer}/messageId`, expected, received: `one in the shape of ${owner}` }
}

/**
 * A wrong `sentAt` is a problem even if the MessageId contains the time: the sender is mistaken. If `sentAt` is absent
 * and the MessageId is wrong, only the latter is reported.
 */
function sentAtIn(
  fields: Fields,
  { pointer, instant, nowMs }: Reading,
  message: MessageKey | FieldProblem,
): number | FieldProblem {
  const sentAt = fields.get('sentAt') ?? undefined
  const byMessage = isProblem(message) ? undefined : sentAtOf(message)
  if (byMessage !== undefined && isAhead(byMessage, nowMs))
    return aheadOfClock(`${pointer}/messageId`, fields.get('messageId'))
  if (sentAt === undefined && isProblem(message)) return message
  if (sentAt === undefined && byMessage !== undefined) return byMessage
  const parsed = v.safeParse(instant, sentAt)
  if (!parsed.success) return withoutInstant(parsed.issues[0].message, fields, pointer)
  if (isAhead(parsed.output, nowMs)) return aheadOfClock(`${pointer}/sentAt`, sentAt)
  return byMessage ?? toSecond(parsed.output)
}

function withoutInstant(expected: string, fields: Fields, pointer: string): FieldProblem {
  const why =
    (fields.get('sentAt') ?? undefined) === undefined ? ', since this MessageId contains no time' : ''
  return problemWith('sentAt', `${expected}${why}`, fields, pointer)
}

/** Each of them, or what is wrong with it. */
function recipientsIn(fields: Fields, pointer: string): readonly (Addressed | FieldProblem)[] {
  const recipients = fields.get('recipients')
  if (!Array.isArray(recipients)) return [recipientIn(recipients, `${pointer}/recipients`)]
  if (isListBeyond(recipients)) return [{ ...listProblem('recipients'), pointer: `${pointer}/recipients` }]
  if (recipients.length === 0)
    return [problemWith('recipients', 'at least one email address', fields, pointer)]
  return recipients.map((recipient, index) =>
    recipientIn(recipient, `${pointer}/recipients/${String(index)}`),
  )
}

function recipientIn(recipient: unknown, pointer: string): Addressed | FieldProblem {
  const parsed = v.safeParse(address, recipient)
  if (parsed.success) return parsed.output
  return { pointer, expected: parsed.issues[0].message, received: typeName(recipient) }
}

function problemWith(field: string, expected: string, fields: Fields, pointer: string): FieldProblem {
  return { pointer: `${pointer}/${field}`, expected, received: typeName(fields.get(field)) }
}

function isProblem(parsed: unknown): parsed is FieldProblem {
  return typeof parsed === 'object' && parsed !== null && 'pointer' in parsed
}

/** Milliseconds of a possible time of sending. */
const sendableMs = v.pipe(
  v.number(),
  v.minValue(mailEra.fromSeconds * secondMs, 'an instant after the year 2000'),
  v.maxValue(mailEra.toSeconds * secondMs, 'an instant before the year 2100'),
)

/** For an application in this language. */
export const dateInstant: InstantSchema = v.pipe(v.date('a valid Date'), v.transform(Number), sendableMs)

const jsonInstantShape = 'ISO 8601 with a time zone, such as 2026-11-21T08:00:00Z, or Unix seconds'

// The RFC 3339 subset of ISO 8601, which every Date.parse reads alike.
const isoInstant = v.pipe(
  v.string(jsonInstantShape),
  v.trim(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/, jsonInstantShape),
  v.check((text) => parseInstant(`${text.slice(0, 10)}T00:00:00Z`) !== undefined, 'a date that exists'),
  v.transform(Date.parse),
  v.number(jsonInstantShape),
  sendableMs,
)

/** Numbers may be numeric strings. */
const jsonInstant: InstantSchema = v.lazy((parsed) =>
  typeof parsed === 'number' || (typeof parsed === 'string' && /^\s*[\d.]+\s*$/.test(parsed))
    ? unixTime
    : isoInstant,
)
