import { canonicalDomain, recipientOf } from '../core/address.ts'
import type { DeliveryKey } from '../core/delivery.ts'
import { maskedText } from '../core/masked-text.ts'
import { identifierIn, maxIdentifierBytes, type MessageKey } from '../core/message.ts'
import { suppressionReasons, type SuppressionReason } from '../core/suppression.ts'
import { oneLine } from '../core/text.ts'
import { emailIdParts } from '../providers/sendcloud/email-id.ts'

/** A parameter that cannot be used: where it stands, what was expected, and what came, without anything that may be an address. */
export interface ParameterProblem {
  readonly in: 'path' | 'query'
  readonly name: string
  readonly expected: string
  readonly received: string
}

/** What a request asks, or why that cannot be read. */
type Read<T> = { readonly question: T } | { readonly problems: readonly ParameterProblem[] }

/** A question about deliveries. */
export interface DeliveryQuestion {
  /** How many deliveries at most. */
  readonly limit: number
  readonly asked:
    | { readonly by: 'recipient'; readonly recipient: string }
    | { readonly by: 'messageId'; readonly message: MessageKey }
    | { readonly by: 'emailId'; readonly key: DeliveryKey }
}

/** A question about the suppression list: about a recipient, and the mail about to be sent. */
export interface SuppressionQuestion {
  readonly recipient: string
  readonly fromDomain: string | undefined
  readonly except: readonly SuppressionReason[]
}

/** How a parameter is read: `undefined` where it is not what was expected. */
interface Parameter<T> {
  readonly expected: string
  readonly read: (text: string) => T | undefined
  /** Whether what came may be shown again: it is no address. */
  readonly isShown?: true
}

const usualLimit = 10
const maxLimit = 100

const limit: Parameter<number> = {
  expected: `a whole number from 1 to ${maxLimit}`,
  read: (text) =>
    /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= maxLimit ? Number(text) : undefined,
  isShown: true,
}
const address: Parameter<string> = {
  expected: 'one email address, with or without a name',
  read: recipientOf,
}
const by: Readonly<Record<DeliveryQuestion['asked']['by'], Parameter<DeliveryQuestion['asked']>>> = {
  recipient: {
    expected: address.expected,
    read: (text) => of(address.read(text), (recipient) => ({ by: 'recipient', recipient })),
  },
  messageId: {
    expected: `an id of at most ${maxIdentifierBytes} bytes, without blanks and #`,
    read: (text) => of(identifierIn(text), (message) => ({ by: 'messageId', message })),
  },
  emailId: {
    expected: 'an emailId of SendCloud: <messageId><index>$<recipient>',
    read: (text) => of(keyIn(text), (key) => ({ by: 'emailId', key })),
  },
}
const fromDomain: Parameter<string> = {
  expected: 'a domain, such as shop.example.com',
  read: (text) => canonicalDomain(text.trim()),
}
const except: Parameter<readonly SuppressionReason[]> = {
  expected: `some of ${suppressionReasons.join(', ')}, with commas between them`,
  read(text) {
    const names = text.split(',')
    const known = names.flatMap((name) => suppressionReasons.find((reason) => reason === name) ?? [])
    return known.length === names.length ? known : undefined
  },
  isShown: true,
}

function of<T, U>(value: T | undefined, use: (value: T) => U): U | undefined {
  return value === undefined ? undefined : use(value)
}

function keyIn(emailId: string): DeliveryKey | undefined {
  const parts = emailIdParts(emailId)
  const recipient = parts && recipientOf(parts.recipient)
  return parts === undefined || recipient === undefined ? undefined : { recipient, message: parts.message }
}

/** Reads `recipient=…`, `messageId=…` or `emailId=…`, and `limit=…`. */
export function deliveryQuestion(query: string): Read<DeliveryQuestion> {
  const given = valuesIn(query, [...Object.keys(by), 'limit'])
  const chosen = Object.entries(by).filter(([name]) => given.values.has(name))
  const asked = chosen.map(([name, parameter]) => given.read(name, parameter))
  const shown = given.read('limit', limit)
  if (given.problems.length > 0) return given
  const [first] = asked
  if (first !== undefined && asked.length === 1) {
    return { question: { limit: shown ?? usualLimit, asked: first } }
  }
  const received = chosen.length === 0 ? 'none' : chosen.map(([name]) => name).join(' and ')
  return problem('query', Object.keys(by).join(', '), { expected: 'one of them', received })
}

/** Reads the address behind `/suppressions/`, and `fromDomain=…` and `except=…`. */
export function suppressionQuestion(pathRest: string, query: string): Read<SuppressionQuestion> {
  const given = valuesIn(query, ['fromDomain', 'except'])
  const recipient = given.readText('path', 'address', pathRest, address)
  const domain = given.read('fromDomain', fromDomain)
  const reasons = given.read('except', except)
  if (recipient === undefined || given.problems.length > 0) return given
  return { question: { recipient, fromDomain: domain, except: reasons ?? [] } }
}

/** Reads that there are no parameters. */
export function noQuestion(query: string): Read<undefined> {
  const given = valuesIn(query, [])
  return given.problems.length > 0 ? given : { question: undefined }
}

const encoding = { expected: 'percent-encoded UTF-8', received: 'what is none' } as const

/** The parameters of a query, and what is wrong with them, to which each `read` adds. */
function valuesIn(query: string, known: readonly string[]) {
  const values = new Map<string, string>()
  const problems: ParameterProblem[] = []
  const add = (...of: Parameters<typeof problemOf>) => void problems.push(problemOf(...of))
  for (const pair of query.split('&').filter((one) => one !== '')) {
    const [, rawName = '', rawValue = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? []
    const name = decoded(rawName)
    if (name === undefined) add('query', 'a name', encoding)
    else if (!known.includes(name)) {
      add('query', shown(name), { expected: wordsOf(known), received: 'another name' })
    } else if (values.has(name)) add('query', name, { expected: 'it once', received: 'it again' })
    else values.set(name, rawValue)
  }
  const readText = <T>(where: 'path' | 'query', name: string, raw: string, parameter: Parameter<T>) => {
    const text = decoded(raw)
    const value = text === undefined ? undefined : parameter.read(text)
    if (text === undefined) add(where, name, encoding)
    else if (value === undefined) add(where, name, mismatch(parameter, text))
    return value
  }
  const read = <T>(name: string, parameter: Parameter<T>) => {
    const raw = values.get(name)
    return raw === undefined ? undefined : readText('query', name, raw, parameter)
  }
  return { values, problems, readText, read }
}

function mismatch({ expected, isShown }: Parameter<unknown>, text: string) {
  return { expected, received: text === '' ? 'nothing' : isShown ? shown(text) : 'something else' }
}

function wordsOf(known: readonly string[]): string {
  return known.length === 0 ? 'no parameter' : `one of ${known.join(', ')}`
}

function problem(...of: Parameters<typeof problemOf>): { readonly problems: readonly ParameterProblem[] } {
  return { problems: [problemOf(...of)] }
}

function problemOf(
  where: ParameterProblem['in'],
  name: string,
  rest: Pick<ParameterProblem, 'expected' | 'received'>,
): ParameterProblem {
  return { in: where, name, ...rest }
}

/**
 * The text of a part of a URL, or `undefined` where that is not percent-encoded UTF-8. A `+` is a `+`, as RFC 3986 has it: many
 * addresses hold one, and none a blank that matters.
 */
function decoded(part: string): string | undefined {
  if (!/^[\x21-\x7e]*$/.test(part)) return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

/** Enough of a text from outside for who sent it to know it again. */
function shown(text: string): string {
  return maskedText(oneLine(text)).slice(0, 40)
}
