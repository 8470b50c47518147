import { formBeyond, jsonBeyond } from '../body/bounds.ts'
import type { Fields } from '../fields.ts'
import { decodeText, unpacked, type Decoder } from '../body/text.ts'
import { openForm, type Form } from '../body/form.ts'
import { exactJson, notJson } from '../body/json.ts'
import { openMultipart } from '../body/multipart.ts'
import { typeName, type Callback, type FieldProblem } from '../provider.ts'
import { isAddressField } from './fields.ts'

/** The limit of a function URL: `route` carries a whole mail. */
export const maxBodyBytes = 6 * 1024 * 1024

type Wanted = Pick<ReadonlySet<string>, 'has'>

/** The fields of a body as they came, or what is wrong with it; `undefined` for a body without content. */
type BodyFields = { readonly fields: Fields | undefined } | { readonly problem: FieldProblem }

/**
 * A body that is unpacked, decoded and within its bounds. Its signature is looked for before the sender is known, and its
 * event is read after that: it is opened once for both.
 */
interface OpenBody {
  /** @param wanted - The only fields that matter, so that the rest of a form need not be decoded. Default: all. */
  readonly fields: (wanted?: Wanted) => BodyFields
  /** Whether one that cannot be parsed holds nothing that could be lost: a word, a number, an empty list. */
  readonly isWithoutFields: () => boolean
}

// By the callback itself, which nobody changes: what is posted again is another one.
const openBodies = new WeakMap<Callback, OpenBody>()

/** Opens a body, or returns it where it is open already. */
export function openBody(callback: Callback): OpenBody {
  const known = openBodies.get(callback)
  if (known) return known
  const body = newlyOpened(callback)
  openBodies.set(callback, body)
  return body
}

/**
 * The documents do not agree on the encoding: a form in the older ones and in what was seen, JSON in the newest. So the body
 * decides, and the content type only where the body does not. A number is the text that it was written as, as in a form.
 */
function newlyOpened({ body: posted, contentType }: Callback): OpenBody {
  const packed = unpacked(posted, maxBodyBytes)
  if ('problem' in packed) return { fields: () => packed, isWithoutFields: () => false }
  const body = Buffer.from(packed.bytes.buffer, packed.bytes.byteOffset, packed.bytes.byteLength)
  const mediaType = (contentType.split(';')[0] ?? '').trim().toLowerCase()
  if (mediaType === 'multipart/form-data' && body.subarray(0, 1_000).includes('--')) {
    const text = () => decodeText(body, contentType)
    return {
      fields: fieldsOfForm(openMultipart(body, contentType)),
      isWithoutFields: () => holdsNothing(text()),
    }
  }
  const decoded = decodeText(body, contentType)
  const isWithoutFields = () => holdsNothing(decoded)
  if ('problem' in decoded) return { fields: () => decoded, isWithoutFields }
  return { fields: fieldsOfText(decoded, body, mediaType), isWithoutFields }
}

function holdsNothing(decoded: ReturnType<typeof decodeText>): boolean {
  return 'text' in decoded && /^(?:\[\s*\]|[^{}[\]=]*)$/.test(decoded.text.trim())
}

function fieldsOfText(
  { text, decoder }: { readonly text: string; readonly decoder: Decoder },
  body: Buffer,
  mediaType: string,
): OpenBody['fields'] {
  if (text.trim() === '') return () => ({ fields: undefined })
  if (/^\s*[{[]/.test(text) || /[/+]json$/.test(mediaType)) {
    const problem = jsonBeyond(text)
    return problem ? () => ({ problem }) : fieldsOfJson(body, text)
  }
  if (mayBeForm.has(mediaType)) {
    const problem = formBeyond(text)
    return problem ? () => ({ problem }) : fieldsOfForm(formIn(text, decoder, body))
  }
  const expected = 'the content type application/x-www-form-urlencoded or application/json'
  return () => ({ problem: { pointer: '', expected, received: 'another' } })
}

function fieldsOfForm(form: Form | { problem: FieldProblem }): OpenBody['fields'] {
  return 'problem' in form ? () => form : form.fields
}

/** The content type of a form, and those that do not describe the body. */
const mayBeForm = new Set(['application/x-www-form-urlencoded', 'application/octet-stream', 'text/plain', ''])

/** Escapes are bytes in the form's charset, and so is the text between them. */
function formIn(text: string, decoder: Decoder, body: Buffer): ReturnType<typeof openForm> {
  return decoder.encoding === 'utf-8'
    ? openForm(text, { isAddress: isAddressField })
    : openForm(body.toString('latin1'), { isAddress: isAddressField, decoder })
}

/** Exact numbers cost time, and the sender of a long body is not yet verified: there a number is as a double prints it. */
const maxExactLength = 64 * 1024

function fieldsOfJson(body: Uint8Array, text: string): OpenBody['fields'] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return () => ({ problem: notJson(body) })
  }
  let exact: BodyFields | undefined
  return (wanted) =>
    wanted !== undefined && text.length > maxExactLength
      ? fieldsOfObject(value)
      : (exact ??= fieldsOfObject(exactJson(value, text)))
}

function fieldsOfObject(value: unknown): BodyFields {
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
