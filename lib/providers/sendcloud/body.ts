import { formBeyond, jsonBeyond } from '../body/bounds.ts'
import type { Fields } from '../fields.ts'
import { decoderOf, decodeText, unpacked } from '../body/text.ts'
import { parseForm } from '../body/form.ts'
import { notJson, parseExactJson } from '../body/json.ts'
import { parseMultipart } from '../body/multipart.ts'
import { typeName, type Callback, type FieldProblem } from '../provider.ts'
import { documentedName } from './fields.ts'

/** The limit of a function URL: `route` carries a whole mail. */
export const maxBodyBytes = 6 * 1024 * 1024

/**
 * The fields of a body as received, or its problem; `undefined` for a body without content. The documents disagree on
 * the encoding: a form in the older ones and in live traffic, JSON in the newest. So the body decides, and the content
 * type only if the body does not. A number becomes the text as written, as in a form.
 *
 * @param wanted - The only fields that matter, so that the rest of a form need not be decoded. Default: all.
 */
export function parseBody(
  callback: Callback,
  wanted?: Pick<ReadonlySet<string>, 'has'>,
): { fields: Fields | undefined } | { problem: FieldProblem } {
  const { contentType } = callback
  const packed = unpacked(callback.body, maxBodyBytes)
  if ('problem' in packed) return packed
  const body = Buffer.from(packed.bytes.buffer, packed.bytes.byteOffset, packed.bytes.byteLength)
  const mediaType = (contentType.split(';')[0] ?? '').trim().toLowerCase()
  if (mediaType === 'multipart/form-data' && body.subarray(0, 1_000).includes('--'))
    return parseMultipart(body, contentType, wanted)
  const decoded = decodeText(body, contentType)
  if ('problem' in decoded) return decoded
  const { text } = decoded
  if (text.trim() === '') return { fields: undefined }
  if (/^\s*[{[]/.test(text) || /[/+]json$/.test(mediaType)) {
    const problem = jsonBeyond(text)
    return problem ? { problem } : parseObject(body, text, wanted)
  }
  if (mayBeForm.has(mediaType)) {
    const problem = formBeyond(text)
    return problem ? { problem } : parseForm(...formIn(body, text, contentType, wanted))
  }
  const expected = 'the content type application/x-www-form-urlencoded or application/json'
  return { problem: { pointer: '', expected, received: 'another' } }
}

/** The content type of a form, and those that do not describe the body. */
const mayBeForm = new Set(['application/x-www-form-urlencoded', 'application/octet-stream', 'text/plain', ''])

/** Fields that hold addresses, in every spelling. */
const addressFields = new Set([
  ...['recipient', 'recipientArray', 'emailId', 'emailIds'],
  ...['from', 'to', 'x_mx_mailfrom', 'x_mx_rcptto'],
])

/** Escapes are bytes in the form's charset, and so is the text between them. */
function formIn(
  body: Buffer,
  text: string,
  contentType: string,
  wanted: Pick<ReadonlySet<string>, 'has'> | undefined,
): Parameters<typeof parseForm> {
  const decoder = decoderOf(contentType)
  const isAddress = (name: string) => addressFields.has(documentedName(name))
  return decoder.encoding === 'utf-8'
    ? [text, { wanted, isAddress }]
    : [body.toString('latin1'), { wanted, isAddress, decoder }]
}

/** Exact numbers cost time, and the sender of a long body is not yet verified: there a number is as a double prints it. */
const maxExactLength = 64 * 1024

function parseObject(
  body: Uint8Array,
  text: string,
  wanted: Pick<ReadonlySet<string>, 'has'> | undefined,
): { fields: Fields } | { problem: FieldProblem } {
  const isExact = wanted === undefined || text.length <= maxExactLength
  let value: unknown
  try {
    value = isExact ? parseExactJson(text) : (JSON.parse(text) as unknown)
  } catch {
    return { problem: notJson(body) }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const expected = 'an object with the fields of one event'
    return { problem: { pointer: '', expected, received: typeName(value) } }
  }
  const fields = Object.entries(value).map(([name, field]: [string, unknown]): [string, unknown] => [
    name,
    typeof field === 'number' ? String(field) : field,
  ])
  return { fields: new Map(fields) }
}

/** Whether a body that cannot be parsed holds nothing to lose: a word, a number, an empty list. */
export function isWithoutFields({ body, contentType }: Callback): boolean {
  const packed = unpacked(body, maxBodyBytes)
  const decoded = 'problem' in packed ? packed : decodeText(packed.bytes, contentType)
  return 'text' in decoded && /^(?:\[\s*\]|[^{}[\]=]*)$/.test(decoded.text.trim())
}
