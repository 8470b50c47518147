import { severalLines } from '../lib/core/text.ts'

/** The longest body that is parsed to be shown. */
const maxParsedBytes = 256 * 1024

/** Fields that would let whoever sees them sign as the provider does: SendCloud's signature covers no more than token and time. */
const secretFields = new Set(['signature', 'token'])

const struckOut = '•••'

/**
 * A body for a person to read: JSON and form fields one a line, without what signs them; other text as it came; `undefined`
 * where it is no text.
 */
export function readableBody(body: Uint8Array, contentType: string): string | undefined {
  const text = textOf(body)
  if (text === undefined) return undefined
  if (body.length > maxParsedBytes) return struckOutIn(text)
  const readable = /\bform-urlencoded\b/i.test(contentType) ? formLines(text) : jsonLines(text)
  return severalLines(readable ?? struckOutIn(text))
}

/** Of text that is not parsed: fields of a form, or of JSON. */
const secretField = /(\b(?:signature|token)\b["']?\s*[=:]\s*["']?)[^&"'\s,}]+/gi

function struckOutIn(text: string): string {
  return text.replace(secretField, `$1${struckOut}`)
}

/** As text if it is text. */
export function textOf(body: Uint8Array): string | undefined {
  try {
    return severalLines(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

function jsonLines(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text), withoutSecrets, 2)
  } catch {
    return undefined
  }
}

function withoutSecrets(name: string, value: unknown): unknown {
  return secretFields.has(name.toLowerCase()) && typeof value === 'string' ? struckOut : value
}

function formLines(text: string): string {
  return [...new URLSearchParams(text)]
    .map(([name, value]) => `${name} = ${secretFields.has(name.toLowerCase()) ? struckOut : value}`)
    .join('\n')
}
