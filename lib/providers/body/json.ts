import { decodeText, unpacked } from './text.ts'
import { beyond, bounds, jsonBeyond } from './bounds.ts'
import type { Callback, FieldProblem, Outcome } from '../provider.ts'

interface ElementReading {
  /** What one element is. */
  readonly noun: string
  readonly maxBodyBytes: number
  /** Whether a body that holds nothing, `{}` or `[]`, is a probe and tells nothing. */
  readonly hasProbes?: true
  /** Is given the JSON pointer at which the element stands. */
  readonly read: (element: unknown, pointer: string) => readonly Outcome[]
}

/** What a body tells that is one JSON object, or an array of them; nothing where it is without content. */
export function readJsonElements(callback: Callback, reading: ElementReading): readonly Outcome[] {
  const parsed = parseJsonBody(callback, reading.maxBodyBytes)
  if ('problem' in parsed) return [{ type: 'unreadable', problem: parsed.problem }]
  const { value } = parsed
  if (value === undefined) return []
  if (reading.hasProbes && holdsNothing(value)) return []
  if (!Array.isArray(value)) return reading.read(value, '')
  if (value.length > bounds.elements) {
    return [{ type: 'unreadable', problem: beyond('', `at most ${bounds.elements} of a ${reading.noun}`) }]
  }
  if (value.length > 0) return value.flatMap((element, index) => reading.read(element, `/${String(index)}`))
  const problem = { pointer: '', expected: `at least one ${reading.noun}`, received: 'an empty array' }
  return [{ type: 'unreadable', problem }]
}

function holdsNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** The JSON value of a body, or what is wrong with it. A body without content is `undefined`. */
function parseJsonBody(
  { body, contentType }: Callback,
  maxBodyBytes: number,
): { value: unknown } | { problem: FieldProblem } {
  const packed = unpacked(body, maxBodyBytes)
  const decoded = 'problem' in packed ? packed : decodeText(packed.bytes, contentType)
  if ('problem' in decoded) return decoded
  if (decoded.text.trim() === '') return { value: undefined }
  const problem = jsonBeyond(decoded.text)
  if (problem) return { problem }
  try {
    return { value: parseExactJson(decoded.text, isSameNumber) }
  } catch {
    return { problem: notJson(body) }
  }
}

export function notJson(body: Uint8Array): FieldProblem {
  return { pointer: '', expected: 'JSON', received: `${String(body.length)} bytes that are not JSON` }
}

/**
 * The JSON value of a text. A number that a double does not print again as it was written (`1.0`, or one of twenty
 * digits) is that writing, as text. Throws SyntaxError.
 *
 * By quoting such numbers before they are parsed: a reviver, which is told how a number was written, takes five times as
 * long and falls over what is nested thousands deep.
 *
 * @param isExact - Whether the number says all that its writing does.
 */
export function parseExactJson(text: string, isExact = printsAsWritten): unknown {
  return exactJson(JSON.parse(text), text, isExact)
}

/** The same of a text that is parsed already: {@link parseExactJson}. @param value - As `JSON.parse` makes it of the text. */
export function exactJson(value: unknown, text: string, isExact = printsAsWritten): unknown {
  // Known to be JSON, so whatever looks like a number outside of strings is one.
  if (!mayBeInexact.test(text)) return value
  const exact = text.replace(stringOrNumber, (token) => {
    if (token.startsWith('"') || isExact(Number(token), token)) return token
    return `"${token}"`
  })
  return exact === text ? value : (JSON.parse(exact) as unknown)
}

const mayBeInexact = /\d{16}|\d[.eE]|-0/
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

function printsAsWritten(value: number, written: string): boolean {
  return String(value) === written
}

/** So that an id of too many digits keeps each of them, 77.0 is no other id than 77, and 1e300 is none. */
function isSameNumber(value: number, written: string): boolean {
  return Number.isSafeInteger(value) || String(value) === written || /e/i.test(written)
}
