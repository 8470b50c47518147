import { formBeyond, jsonBeyond } from './bounds.ts'
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
  wanted?: Pick<ReadonlySet<string>, 'has'>,
): { fields: Fields | undefined } | { problem: FieldProblem } {
  const decoded = decodeText(body)
  if ('problem' in decoded) return decoded
  const { text } = decoded
  if (text.trim() === '') return { fields: undefined }
  const mediaType = (contentType.split(';')[0] ?? '').trim().toLowerCase()
  if (/^\s*[{[]/.test(text) || /[/+]json$/.test(mediaType)) {
    const problem = jsonBeyond(text)
    if (problem) return { problem }
    const isExact = wanted === undefined || text.length <= maxExactLength
    return parseObject(body, () => (isExact ? parseExactJson(text) : (JSON.parse(text) as unknown)))
  }
  if (mayBeForm.has(mediaType)) {
    const problem = formBeyond(text)
    return problem ? { problem } : parseForm(text, wanted)
  }
  const expected = 'the content type application/x-www-form-urlencoded or application/json'
  return { problem: { pointer: '', expected, received: 'another' } }
}

/** A form's own content type, and those that say nothing of what is in the body. */
const mayBeForm = new Set(['application/x-www-form-urlencoded', 'application/octet-stream', 'text/plain', ''])

/** Exactness costs, and whoever sends a long body is not known before its signature is: then a number is as it prints. */
const maxExactLength = 64 * 1024

function parseObject(body: Uint8Array, parse: () => unknown): { fields: Fields } | { problem: FieldProblem } {
  let value: unknown
  try {
    value = parse()
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

/** Whether a body that cannot be parsed holds nothing that could be lost: a word, a number, an empty list. */
export function isWithoutFields({ body }: Callback): boolean {
  const decoded = decodeText(body)
  return 'text' in decoded && /^(?:\[\s*\]|[^{}[\]=]*)$/.test(decoded.text.trim())
}
