import { gunzipSync } from 'node:zlib'
import type { FieldProblem } from '../provider.ts'

/**
 * The bytes of a body, unpacked if its first two bytes are those of gzip. So a body is kept as received, and a replay
 * needs no header to read it.
 *
 * @param maxBytes - The limit of unpacking.
 */
export function unpacked(
  body: Uint8Array,
  maxBytes: number,
): { bytes: Uint8Array } | { problem: FieldProblem } {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return { bytes: body }
  try {
    return { bytes: gunzipSync(body, { maxOutputLength: maxBytes }) }
  } catch {
    const expected = `gzip of at most ${maxBytes} bytes`
    return { problem: { pointer: '', expected, received: 'gzip that is larger, or damaged' } }
  }
}

/** Names that mail and Chinese systems use, and the Encoding standard lacks. */
const standardNames: ReadonlyMap<string, string> = new Map([
  ...['cp936', 'ms936', 'windows-936', 'euc-cn', 'cn-gb'].map((name) => [name, 'gbk'] as const),
  ...['cp950', 'ms950', 'windows-950'].map((name) => [name, 'big5'] as const),
  ...['cp949', 'ms949', 'uhc'].map((name) => [name, 'euc-kr'] as const),
  ...['cp932', 'ms932'].map((name) => [name, 'shift_jis'] as const),
  // All of it is UTF-8, too, and the standard would have it be windows-1252.
  ...['us-ascii', 'ascii'].map((name) => [name, 'utf-8'] as const),
])

/** Decodes one charset. */
export interface Decoder {
  /** The standard's name of it, in lower case. */
  readonly encoding: string
  /** Throws TypeError where the bytes are not of it. */
  decode(bytes: Uint8Array): string
}

/** The decoder of a charset by any of its names; `undefined` where nobody knows it. */
export function decoderNamed(label: string): Decoder | undefined {
  const name = label.trim().toLowerCase()
  try {
    return new TextDecoder(standardNames.get(name) ?? name, { fatal: true })
  } catch {
    return undefined
  }
}

/** The charset that a content type names. UTF-8 if it names none or an unknown one. */
function decoderOf(contentType: string): Decoder {
  const label = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1] ?? utf8.encoding
  const named = decoderNamed(label) ?? utf8
  return named.encoding === chosenByNobody ? utf8Or(named) : named
}

const utf8: Decoder = new TextDecoder('utf-8', { fatal: true })

/** ISO-8859-1, which clients name by default. It decodes any bytes and UTF-8 does not, so UTF-8 is tried first. */
const chosenByNobody = 'windows-1252'

function utf8Or(decoder: Decoder): Decoder {
  return {
    encoding: decoder.encoding,
    decode(bytes) {
      try {
        return utf8.decode(bytes)
      } catch {
        return decoder.decode(bytes)
      }
    },
  }
}

const receivedAsText = 'received-as=text'

/**
 * The content type of a body that was passed on as text, and so was decoded as UTF-8. If it names another charset, a
 * parameter records that for a replay.
 */
export function contentTypeOfText(contentType: string): string {
  return isUtf8(decoderOf(contentType)) ? contentType : `${contentType}; ${receivedAsText}`
}

/** A body as text in the charset that its content type names, without a byte order mark, and what decoded it. */
export function decodeText(
  body: Uint8Array,
  contentType: string,
): { text: string; decoder: Decoder } | { problem: FieldProblem } {
  const decoder = decoderOf(contentType)
  if (!isUtf8(decoder) && wasDecodedBefore(body, contentType, decoder)) {
    const expected = `bytes in the charset of the content type, ${decoder.encoding}`
    return { problem: { pointer: '', expected, received: 'text that was decoded as UTF-8' } }
  }
  try {
    return { text: decoder.decode(body), decoder }
  } catch {
    const charset = isUtf8(decoder) ? 'UTF-8' : decoder.encoding
    return {
      problem: { pointer: '', expected: `${charset} text`, received: `bytes that are not ${charset}` },
    }
  }
}

function isUtf8({ encoding }: Decoder): boolean {
  return encoding === 'utf-8'
}

/** Bytes replaced by U+FFFD are lost. ASCII is the same in either charset. */
function wasDecodedBefore(body: Uint8Array, contentType: string, { encoding }: Decoder): boolean {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (bytes.includes('\ufffd')) return true
  const isText = contentType.endsWith(receivedAsText) && encoding !== chosenByNobody
  return isText && bytes.some((byte) => byte > 0x7f)
}
