import { beyond, bounds, jsonBeyond } from './bounds.ts'
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
  if (value.length > bounds.elements) {
    return [{ type: 'unreadable', problem: beyond('', `at most ${bounds.elements} of a ${noun}`) }]
  }
  if (value.length > 0) return value.flatMap((element, index) => readElement(element, `/${String(index)}`))
  const problem = { pointer: '', expected: `at least one ${noun}`, received: 'an empty array' }
  return [{ type: 'unreadable', problem }]
}

/** The JSON value of a body in strict UTF-8, or what is wrong with it. A body without content is `undefined`. */
function parseJsonBody(body: Uint8Array): { value: unknown } | { problem: FieldProblem } {
  const decoded = decodeText(body)
  if ('problem' in decoded) return decoded
  if (decoded.text.trim() === '') return { value: undefined }
  const problem = jsonBeyond(decoded.text)
  if (problem) return { problem }
  try {
    return { value: JSON.parse(decoded.text) as unknown }
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
 */
export function parseExactJson(text: string): unknown {
  try {
    return JSON.parse(text, asWritten) as unknown
  } catch (error) {
    // A reviver recurses and falls over a value nested thousands deep; parsing alone does not.
    if (error instanceof RangeError) return JSON.parse(text) as unknown
    throw error
  }
}

function asWritten(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number') return value
  return String(value) === context?.source ? value : (context?.source ?? value)
}
