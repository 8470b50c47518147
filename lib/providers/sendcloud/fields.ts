import * as v from 'valibot'
import { recipientOf } from '../../core/address.ts'
import { isAhead } from '../../core/instant.ts'
import { trimmed } from '../../core/text.ts'
import { jsonBeyond } from '../body/bounds.ts'
import { aheadOfClock, textOf, unixTime, type Fields } from '../fields.ts'
import { typeName, type FieldProblem } from '../provider.ts'
import { pythonList } from '../body/python-list.ts'

/** Every documented field of every event, in the spelling of the "Webhook Event Description". */
const documentedFields = [
  ...['event', 'timestamp', 'token', 'signature', 'message', 'apiUser', 'category', 'labelId', 'labelName'],
  ...['maillistTaskId', 'messageId', 'emailId', 'recipient', 'recipientArray', 'emailIds', 'recipientSize'],
  ...['outIp', 'url', 'ip', 'explorerName', 'explorerVer', 'oSName', 'oSVer', 'userHeaders'],
  ...['substat', 'substatdesc', 'cause', 'reason'], // `reason`: `bounce` in the documents of 2015
  ...['from', 'fromname', 'to', 'toname', 'x_mx_mailfrom', 'x_mx_rcptto', 'subject', 'reference'],
  ...['headers', 'html', 'text', 'raw_message', 'raw_message_url'],
]

/** `mail_list_task_id`, `subStat` and `recipientArray[]` all occur, so case, `_` and brackets do not distinguish fields. */
function withoutSpelling(name: string): string {
  return name.replace(/_|\[\d*\]$/g, '').toLowerCase()
}

const fieldOfSpelling: ReadonlyMap<string, string> = new Map(
  documentedFields.map((field) => [withoutSpelling(field), field]),
)

/** The documented name of a field, or the name itself if it is not documented. */
export function documentedName(name: string): string {
  return fieldOfSpelling.get(withoutSpelling(name)) ?? name
}

const addressFields = new Set([
  ...['recipient', 'recipientArray', 'emailId', 'emailIds'],
  ...['from', 'to', 'x_mx_mailfrom', 'x_mx_rcptto'],
])

/** Whether a field holds addresses, in whatever spelling. */
export function isAddressField(name: string): boolean {
  return addressFields.has(documentedName(name))
}

/**
 * The fields under their documented names, without values that mean "not applicable". A field in two spellings is one
 * value if both are equal, else a list of all values, which is not text.
 */
export function normalizedFields(rawFields: Fields): Fields {
  const named = new Map<string, unknown[]>()
  for (const [name, value] of rawFields) {
    const field = documentedName(name)
    if (!isApplicable(field, value)) continue
    const values = named.get(field)
    if (values) values.push(value)
    else named.set(field, [value])
  }
  return new Map([...named].map(([field, values]) => [field, united(values)]))
}

const numbersFromOne = new Set(['maillistTaskId', 'labelId', 'substat'])

// An empty string means "not applicable" everywhere; so does 0 where counting begins at 1, and -1 for no task (in the
// samples of EngageLab, whose ids have the same form). A sender's own header is kept even if it is empty.
function isApplicable(field: string, value: unknown): boolean {
  if (value === null || value === '') return isSenderHeader(field)
  return !(numbersFromOne.has(field) && isShort(value) && ['0', '-1'].includes(textOf(value)))
}

/** A megabyte need not be compared to `0`. */
function isShort(value: unknown): boolean {
  return typeof value !== 'string' || value.length < 100
}

/** The sender's own headers: "custom header with start of SC-Custom". */
export function isSenderHeader(name: string): boolean {
  return name.toLowerCase().startsWith('sc-custom')
}

type Entries = readonly (readonly [name: string, value: unknown])[]

/** The sender's own headers among fields, and the other fields. */
export function senderHeadersApart(fields: Entries): { readonly headers: Entries; readonly others: Entries } {
  const { headers = [], others = [] } = Object.groupBy(fields, ([name]) =>
    isSenderHeader(name) ? 'headers' : 'others',
  )
  return { headers, others }
}

/** When it happened, or what is wrong with the timestamp. */
export function occurredAtIn(named: Fields, nowMs: number): number | FieldProblem {
  const occurredAt = v.safeParse(unixTime, named.get('timestamp'))
  if (!occurredAt.success) return fieldProblem('timestamp', occurredAt.issues[0].message, named)
  return isAhead(occurredAt.output, nowMs)
    ? aheadOfClock('/timestamp', named.get('timestamp'))
    : occurredAt.output
}

/** The problem of a field, without its value. */
export function fieldProblem(field: string, expected: string, named: Fields): FieldProblem {
  return { pointer: `/${field}`, expected, received: typeName(named.get(field)) }
}

function united([first, ...others]: readonly unknown[]): unknown {
  if (others.length === 0) return first
  const text = textOf(first)
  if (others.every((other) => textOf(other) === text)) return first
  return [...new Set([first, ...others].flat())]
}

/**
 * A list in any notation of a form: a repeated field, JSON, Python's `['a', 'b']`, Java's `[a, b]`, or texts separated
 * by commas or semicolons. Anything else is one invalid entry.
 */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value.flatMap((entry) => (isList(entry) ? listOf(entry) : [entry]))
  if (typeof value !== 'string') return [value]
  const text = trimmed(value)
  if (!text.startsWith("'") && recipientOf(text) !== undefined) return [text]
  return parsedList(text) ?? pythonList(text) ?? unquotedParts(text)
}

function isList(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'string' && value.trimStart().startsWith('['))
}

function parsedList(text: string): readonly unknown[] | undefined {
  if (jsonBeyond(text)) return undefined
  try {
    return isList(text) ? listOf(JSON.parse(text)) : undefined
  } catch {
    return undefined
  }
}

/** No entry of such a list has Python quotes: if one seems to, the list is one invalid entry. */
function unquotedParts(text: string): readonly (string | readonly string[])[] {
  const parts = partsOf(text.replace(/^\[|\]$/g, ''))
  return parts.some((part) => /^'|'$/.test(part)) ? [[text]] : parts
}

/** Quoted separators do not count: `"Lee, Ann" <ann@example.com>, ben@example.com`. */
function partsOf(text: string): readonly string[] {
  const parts: string[] = []
  let isQuoted = false
  let from = 0
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '"') isQuoted = !isQuoted
    else if (character === '\\' && isQuoted) at += 1
    else if (!isQuoted && (character === ',' || character === ';')) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  const split = isQuoted ? text.split(/[,;]/) : [...parts, text.slice(from)]
  return split.map(trimmed)
}
