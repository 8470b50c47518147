import type { Fields } from './fields.ts'
import { parseForm } from './form-body.ts'
import { decodeText, notJson, parseExactJson } from './json-body.ts'
import { typeName, type Callback, type FieldProblem } from './provider.ts'

/**
 * The fields of a body as they came, or what is wrong with it; `undefined` for a body without content. The documents do
 * not agree on the encoding: a form in the older ones and in what was seen, JSON in the newest. So the body decides, and
 * the content type only where the body does not. A number is the text that it was written as, as a form tells it.
 *
 * @param wanted - The only fields that matter, so that the rest of a form need not be decoded. Default: all.
 */
export function parseBody(
  { body, contentType }: Callback,
  wanted?: ReadonlySet<string>,
): { fields: Fields | undefined } | { problem: FieldProblem } {
  const decoded = decodeText(body)
  if ('problem' in decoded) return decoded
  const { text } = decoded
  if (text.trim() === '') return { fields: undefined }
  const mediaType = (contentType.split(';')[0] ?? '').trim().toLowerCase()
  if (/^\s*[{[]/.test(text) || /[/+]json$/.test(mediaType)) return parseObject(body, text)
  if (mayBeForm.has(mediaType)) return parseForm(text, wanted)
  const expected = 'the content type application/x-www-form-urlencoded or application/json'
  return { problem: { pointer: '', expected, received: 'another' } }
}

/** A form's own content type, and those that say nothing of what is in the body. */
const mayBeForm = new Set(['application/x-www-form-urlencoded', 'application/octet-stream', 'text/plain', ''])

function parseObject(body: Uint8Array, text: string): { fields: Fields } | { problem: FieldProblem } {
  let value: unknown
  try {
    value = parseExactJson(text)
  } catch {
    return { problem: notJson(body) }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const expected = 'an object with the fields of one event'
    return { problem: { pointer: '', expected, received: typeName(value) } }
  }
  const fields = Object.entries(value).map(([name, told]: [string, unknown]): [string, unknown] => [
    name,
    typeof told === 'number' ? String(told) : told,
  ])
  return { fields: new Map(fields) }
}
