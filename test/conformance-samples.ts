import type { PlainRow } from './embedded-tables.ts'

/** The fields of one event as a provider names them, without a signature. */
export type SampleFields = Readonly<Record<string, unknown>>

/** A body as it is posted, with its content type. */
export interface Posted {
  readonly contentType: string
  readonly body: string
}

/** How a provider may put its fields into a body. */
export type Encoding = 'json' | 'form'

/**
 * What test/conformance.test.ts needs to hold a provider against: the default export of
 * test/fixtures/<provider>/conformance.ts. Every expected row is written by hand.
 */
export interface ConformanceSamples {
  /** Each in which the provider posts. */
  readonly encodings: readonly Encoding[]
  /** One event about one recipient. Its texts hold spaces, other alphabets and what an encoding has to escape. */
  readonly good: { readonly fields: SampleFields; readonly row: PlainRow }
  /** One body about two recipients: a list of events, or an event that lists them. Absent if none can report two. */
  readonly twoRecipients?: {
    readonly content: SampleFields | readonly SampleFields[]
    readonly rows: readonly PlainRow[]
  }
  /** Well-formed, of a type that does not exist. Absent where a body names no type, since there is only one. */
  readonly unknownEvent?: SampleFields
  /** Absent where the provider signs nothing. */
  readonly signing?: SampleSigning
}

export interface SampleSigning {
  /** Both are accepted, as while one is being replaced. */
  readonly keys: readonly [string, string]
  /**
   * Fields without any one of which it is half a signature, and refused. Not among them is a field without which the body
   * carries no signature at all, and so is a probe.
   */
  readonly fields: readonly string[]
  /** What the signature covers of the good event, with other values: signed so, it is not the good event's signature. */
  readonly covered: SampleFields
  /** Those fields for the event, by the key. */
  signatureOf(fields: SampleFields, key: string): SampleFields
}

/** The fields in the usual way of the encoding. */
export function encoded(fields: SampleFields, encoding: Encoding): Posted {
  return encoding === 'json'
    ? json(JSON.stringify(fields))
    : form(new URLSearchParams(textsOf(fields)).toString())
}

/** Several events in one body, which only JSON can express. */
export function encodedList(events: readonly SampleFields[]): Posted {
  return json(JSON.stringify(events))
}

export function isList(content: SampleFields | readonly SampleFields[]): content is readonly SampleFields[] {
  return Array.isArray(content)
}

/** The same fields in other ways, each of which says exactly the same. */
export function reencodings(fields: SampleFields, encoding: Encoding): ReadonlyMap<string, Posted> {
  return encoding === 'json' ? jsonReencodings(fields) : formReencodings(fields)
}

function jsonReencodings(fields: SampleFields): ReadonlyMap<string, Posted> {
  const usual = JSON.stringify(fields)
  return new Map([
    ['keys in another order', json(JSON.stringify(reversed(fields)))],
    ['white space', json(`\r\n\t ${JSON.stringify(fields, null, '\t')} \r\n`)],
    ['every character escaped', json(withEscapes(fields))],
    ['slashes escaped', json(usual.replaceAll('/', '\\/'))],
    ['numbers as text', json(JSON.stringify(textsOf(fields)))],
    ['a byte order mark', json(`\ufeff${usual}`)],
    ['a content type with a charset', { contentType: 'Application/JSON; Charset=UTF-8', body: usual }],
    ['the content type text/plain', { contentType: 'text/plain', body: usual }],
  ])
}

function formReencodings(fields: SampleFields): ReadonlyMap<string, Posted> {
  const usual = new URLSearchParams(textsOf(fields)).toString()
  return new Map([
    ['fields in another order', form(new URLSearchParams(textsOf(reversed(fields))).toString())],
    ['%20 for a space', form(usual.replaceAll('+', '%20'))],
    ['percent-escapes in lower case', form(usual.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()))],
    ['every character escaped', form(withPercents(textsOf(fields)))],
    ['as few characters escaped as can be', form(withFewPercents(textsOf(fields)))],
    ['ampersands too many', form(`&${usual.replaceAll('&', '&&')}&`)],
    ['a field that repeats', form(`${usual}&${usual}`)],
    [
      'a content type with a charset',
      { ...form(usual), contentType: `${formType.toUpperCase()};charset=UTF-8` },
    ],
  ])
}

const formType = 'application/x-www-form-urlencoded'

function json(body: string): Posted {
  return { contentType: 'application/json', body }
}

function form(body: string): Posted {
  return { contentType: formType, body }
}

function reversed(fields: SampleFields): SampleFields {
  return Object.fromEntries(Object.entries(fields).reverse())
}

/** A value that is not text, as JSON, as in a form. */
function textsOf(fields: SampleFields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
}

function withEscapes(fields: SampleFields): string {
  const escaped = (text: string) =>
    `"${Array.from({ length: text.length }, (_, index) => escapeOf(text.charCodeAt(index))).join('')}"`
  const escapedValue = (value: unknown) =>
    typeof value === 'string' ? escaped(value) : JSON.stringify(value)
  return `{${Object.entries(fields)
    .map(([name, value]) => `${escaped(name)}:${escapedValue(value)}`)
    .join(',')}}`
}

function escapeOf(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}

function withPercents(texts: Record<string, string>): string {
  const percents = (text: string) =>
    [...new TextEncoder().encode(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
  return pairsOf(texts, percents)
}

function withFewPercents(texts: Record<string, string>): string {
  return pairsOf(texts, (text) => text.replace(/[%&+=]/g, encodeURIComponent))
}

function pairsOf(texts: Record<string, string>, written: (text: string) => string): string {
  return Object.entries(texts)
    .map(([name, text]) => `${written(name)}=${written(text)}`)
    .join('&')
}
