import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Authenticity, Callback } from '../provider.ts'
import { openBody } from './body.ts'
import { documentedName, normalizedFields } from './fields.ts'

const signedFields = new Set(['timestamp', 'token', 'signature'])

/** SendCloud signs the test events of its console with this key. It is published, so it authenticates nobody. */
export const publicKey = 'test_appkey'

/**
 * Whether one of the keys signed the callback: `signature` is HMAC-SHA256, in hex, of `timestamp` and `token` as
 * received. It covers no other field and does not expire.
 */
export function verifySignature(callback: Callback, keys: readonly string[]): Authenticity {
  const body = openBody(callback)
  const parsed = body.fields(signedFields)
  if ('problem' in parsed) return body.isWithoutFields() ? 'unsigned' : 'unverifiable'
  const [timestamp, token, signature] = ['timestamp', 'token', 'signature'].map(
    (field) => parsed.fields?.get(field) ?? '',
  )
  if (token === '' && signature === '') return 'unsigned'
  if (!isText(timestamp) || !isText(token) || !isText(signature)) return 'forged'
  // All keys are tried, each in constant time, so that the response time reveals nothing about any of them.
  const signers = [...keys, publicKey].filter((key) => isSignedWith(key, timestamp + token, signature))
  if (signers.some((key) => keys.includes(key))) return 'signed'
  return signers.length > 0 ? 'test' : 'forged'
}

/** Fields that name the recipient; the last two are those of `route`. */
const recipientFields = ['recipient', 'emailId', 'recipientArray', 'emailIds', 'x_mx_rcptto', 'to']
const eventFields = new Set(['event', ...recipientFields])

/** Whether a body has an event and names a recipient. Nothing else is decoded. */
export function isEvent(callback: Callback): boolean {
  const parsed = openBody(callback).fields({ has: (name) => eventFields.has(documentedName(name)) })
  if ('problem' in parsed || parsed.fields === undefined) return false
  const fields = normalizedFields(parsed.fields)
  return typeof fields.get('event') === 'string' && recipientFields.some((field) => fields.has(field))
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isSignedWith(key: string, message: string, signature: string): boolean {
  const expected = createHmac('sha256', key).update(message).digest('hex')
  // Digests have equal lengths, whatever was received.
  return timingSafeEqual(sha256(expected), sha256(signature.toLowerCase()))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
