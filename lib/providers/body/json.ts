import { decodeText, unpacked } from './text.ts'
import { beyond, bounds, jsonBeyond } from './bounds.ts'
import type { Callback, FieldProblem, Outcome } from '../provider.ts'

interface ElementReading {
  /** The name of one element. */
  readonly noun: string
  readonly maxBodyBytes: number
  /** Whether an empty body, `{}` or `[]`, is a probe that reports nothing. */
  readonly hasProbes?: true
  /** Receives the JSON pointer of the element. */
  readonly read: (element: unknown, pointer: string) => readonly Outcome[]
}

/** The outcomes of a body that is one JSON object or an array of them; none if it has no content. */
export function readJsonElements(callback: Callback, reading: ElementReading): readonly Outcome[] {
  const parsed = parseJsonBody(callback, reading.maxBodyBytes)
  if ('problem' in parsed) return [{ type: 'unreadable', problem: parsed.problem }]
  const { value } = parsed
  if (value === undefined) return []
  if (reading.hasProbes && holdsNothing(value)) return []
  if (!Array.isArray(value)) return reading.read(value, '')
  if (value.length > bounds.elements) {
    return [
      {
        type: 'unreadable',
        problem: beyond('', `at most ${bounds.elements} elements, each one ${reading.noun}`),
      },
    ]
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
 * The JSON value of a text. A number that a double would print differently (`1.0`, or one of twenty digits) becomes a
 * string, as written. Throws SyntaxError.
 *
 * Such numbers are quoted before parsing: a reviver, which receives the source text of a number, takes five times as
 * long and fails on thousands of nested levels.
 *
 * @param isExact - Whether the number is exactly what was written.
 */
export function parseExactJson(text: string, isExact = printsAsWritten): unknown {
  return exactJson(JSON.parse(text), text, isExact)
}

/** The same of a text that is parsed already: {@link parseExactJson}. @param value - As `JSON.parse` makes it of the text. */
export function exactJson(value: unknown, text: string, isExact = printsAsWritten): unknown {
  // Known to be JSON, so anything that looks like a number outside strings is one.
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

/** So an id of many digits keeps all of them, 77.0 is the same id as 77, and 1e300 is not an id. */
function isSameNumber(value: number, written: string): boolean {
  return Number.isSafeInteger(value) || String(value) === written || /e/i.test(written)
}
