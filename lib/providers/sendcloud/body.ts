import { formBeyond, jsonBeyond } from '../body/bounds.ts'
import type { Fields } from '../fields.ts'
import { decoderOf, decodeText, unpacked } from '../body/text.ts'
import { parseForm } from '../body/form.ts'
import { notJson, parseExactJson } from '../body/json.ts'
import { parseMultipart } from '../body/multipart.ts'
import { typeName, type Callback, type FieldProblem } from '../provider.ts'
import { documentedName } from './fields.ts'

/** All that a function URL takes: `route` carries a whole mail. */
export const maxBodyBytes = 6 * 1024 * 1024

/**
 * The fields of a body as they came, or what is wrong with it; `undefined` for a body without content. The documents do
 * not agree on the encoding: a form in the older ones and in what was seen, JSON in the newest. So the body decides, and
 * the content type only where the body does not. A number is the text that it was written as, as a form tells it.
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

/** A form's own content type, and those that say nothing of what is in the body. */
const mayBeForm = new Set(['application/x-www-form-urlencoded', 'application/octet-stream', 'text/plain', ''])

/** Fields of addresses, in every spelling. */
const addressFields = new Set([
  ...['recipient', 'recipientArray', 'emailId', 'emailIds'],
  ...['from', 'to', 'x_mx_mailfrom', 'x_mx_rcptto'],
])

/** Escapes are bytes in the form's charset, and so is what stands between them. */
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

/** Exactness costs, and whoever sends a long body is not known before its signature is: then a number is as it prints. */
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
  const fields = Object.entries(value).map(([name, told]: [string, unknown]): [string, unknown] => [
    name,
    typeof told === 'number' ? String(told) : told,
  ])
  return { fields: new Map(fields) }
}

/** Whether a body that cannot be parsed holds nothing that could be lost: a word, a number, an empty list. */
export function isWithoutFields({ body, contentType }: Callback): boolean {
  const packed = unpacked(body, maxBodyBytes)
  const decoded = 'problem' in packed ? packed : decodeText(packed.bytes, contentType)
  return 'text' in decoded && /^(?:\[\s*\]|[^{}[\]=]*)$/.test(decoded.text.trim())
}
