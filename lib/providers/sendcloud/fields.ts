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

/** `mail_list_task_id`, `subStat` and `recipientArray[]` all occur, so case, `_` and brackets tell no fields apart. */
function withoutSpelling(name: string): string {
  return name.replace(/_|\[\d*\]$/g, '').toLowerCase()
}

const fieldOfSpelling: ReadonlyMap<string, string> = new Map(
  documentedFields.map((field) => [withoutSpelling(field), field]),
)

/** The documented name of a field; the name itself where it is none of them. */
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
 * What the fields tell, under their documented names, without what stands for "not applicable". A field that comes in two
 * spellings is told once where both say the same; otherwise all that was said is a list, which is no text.
 */
export function normalizedFields(rawFields: Fields): Fields {
  const told = new Map<string, unknown[]>()
  for (const [name, value] of rawFields) {
    const field = documentedName(name)
    if (!isApplicable(field, value)) continue
    const values = told.get(field)
    if (values) values.push(value)
    else told.set(field, [value])
  }
  return new Map([...told].map(([field, values]) => [field, united(values)]))
}

const numbersFromOne = new Set(['maillistTaskId', 'labelId', 'substat'])

// Empty strings stand everywhere for what does not apply, 0 where counting begins at 1, and -1 for no task (in the
// samples of EngageLab, whose ids are made alike). A sender's own header is kept even where it is empty.
function isApplicable(field: string, value: unknown): boolean {
  if (value === null || value === '') return isSenderHeader(field)
  return !(numbersFromOne.has(field) && isShort(value) && ['0', '-1'].includes(textOf(value)))
}

/** Of a megabyte nobody need ask whether it is `0`. */
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

/** When it happened, or what is wrong with how that was told. */
export function occurredAtIn(told: Fields, nowMs: number): number | FieldProblem {
  const occurredAt = v.safeParse(unixTime, told.get('timestamp'))
  if (!occurredAt.success) return fieldProblem('timestamp', occurredAt.issues[0].message, told)
  return isAhead(occurredAt.output, nowMs)
    ? aheadOfClock('/timestamp', told.get('timestamp'))
    : occurredAt.output
}

/** What is wrong with a field, without what came. */
export function fieldProblem(field: string, expected: string, told: Fields): FieldProblem {
  return { pointer: `/${field}`, expected, received: typeName(told.get(field)) }
}

function united([first, ...others]: readonly unknown[]): unknown {
  if (others.length === 0) return first
  const text = textOf(first)
  if (others.every((other) => textOf(other) === text)) return first
  return [...new Set([first, ...others].flat())]
}

/**
 * A list in any of the ways in which a form can tell it: a field that repeats, JSON, Python's `['a', 'b']`, Java's `[a, b]`,
 * or texts separated by commas or semicolons. What is none of them is one entry that names nobody.
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

/** No entry of such a list stands in quotes of Python's: where one seems to, the list is one entry, which is no text. */
function unquotedParts(text: string): readonly (string | readonly string[])[] {
  const parts = partsOf(text.replace(/^\[|\]$/g, ''))
  return parts.some((part) => /^'|'$/.test(part)) ? [[text]] : parts
}

/** What in quotes separates nothing: `"Lee, Ann" <ann@example.com>, ben@example.com`. */
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
