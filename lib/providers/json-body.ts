import type { FieldProblem, Outcome } from './provider.ts'

/**
 * What a body tells that is one JSON object, or an array of them; nothing where it is without content.
 *
 * @param noun - what one of them is.
 * @param readElement - is given the JSON pointer at which the element stands.
 */
export function readJsonElements(
  body: Uint8Array,
  noun: string,
  readElement: (element: unknown, pointer: string) => readonly Outcome[],
): readonly Outcome[] {
  const parsed = parseJsonBody(body)
  if ('problem' in parsed) return [{ type: 'unreadable', problem: parsed.problem }]
  const { value } = parsed
  if (value === undefined) return []
  if (!Array.isArray(value)) return readElement(value, '')
  if (value.length > 0) return value.flatMap((element, index) => readElement(element, `/${String(index)}`))
  const problem = { pointer: '', expected: `at least one ${noun}`, received: 'an empty array' }
  return [{ type: 'unreadable', problem }]
}

/** The JSON value of a body in strict UTF-8, or what is wrong with it. A body without content is `undefined`. */
function parseJsonBody(body: Uint8Array): { value: unknown } | { problem: FieldProblem } {
  const decoded = decodeText(body)
  if ('problem' in decoded) return decoded
  if (decoded.text.trim() === '') return { value: undefined }
  try {
    return { value: parseExactJson(decoded.text, isSameNumber) }
  } catch {
    return { problem: notJson(body) }
  }
}

/** A body as text in strict UTF-8, without a byte order mark. */
export function decodeText(body: Uint8Array): { text: string } | { problem: FieldProblem } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(body) }
  } catch {
    return { problem: { pointer: '', expected: 'UTF-8 text', received: 'bytes that are not UTF-8' } }
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
  const value: unknown = JSON.parse(text)
  // Known to be JSON from here on, so whatever looks like a number outside of strings is one.
  if (!mayBeInexact.test(text)) return value
  let isChanged = false
  const exact = text.replace(stringOrNumber, (token) => {
    if (token.startsWith('"') || isExact(Number(token), token)) return token
    isChanged = true
    return `"${token}"`
  })
  return isChanged ? (JSON.parse(exact) as unknown) : value
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
