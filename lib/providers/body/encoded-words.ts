import { oneLine } from '../../core/text.ts'
import { decoderNamed } from './text.ts'

// =?charset*language?encoding?text?= (RFC 2047, RFC 2231 §5), and words with at most white space between them.
const word = /=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=/gi
const run = /=\?[^?\s]+\?[bq]\?[^?]*\?=(?:\s*=\?[^?\s]+\?[bq]\?[^?]*\?=)*/gi

/** RFC 2047 decoded, on one line; unchanged if a word cannot be decoded without loss. */
export function decodedHeader(text: string): string {
  if (!text.includes('=?')) return text
  try {
    const decoded = oneLine(text.replace(run, (words) => decodedRun(words)))
    return decoded === '' || decoded.includes('\ufffd') ? text : decoded
  } catch {
    return text
  }
}

interface Word {
  readonly charset: string
  readonly encoding: string
  readonly text: string
}

/**
 * Many senders split words between bytes, not letters: adjacent words of one charset are decoded together. Throws on
 * failure.
 */
function decodedRun(words: string): string {
  const found = [...words.matchAll(word)].map(([, charset = '', encoding = '', text = '']): Word => ({
    charset: charset.toLowerCase(),
    encoding: encoding.toLowerCase(),
    text,
  }))
  const groups: Word[][] = []
  for (const one of found) {
    const last = groups.at(-1)
    if (last?.[0]?.charset === one.charset) last.push(one)
    else groups.push([one])
  }
  return groups.map(decodedGroup).join('')
}

function decodedGroup(words: readonly Word[]): string {
  const decoder = decoderNamed(words[0]?.charset ?? '')
  if (!decoder) throw new TypeError('Unknown charset.')
  // Base64 itself may be split. One letter beyond groups of four is no byte, so then it certainly was.
  const isBase64 = words.every(({ encoding }) => encoding === 'b')
  const isCut = isBase64 && words.slice(0, -1).some(({ text }) => text.length % 4 === 1)
  const joined = () => Buffer.from(words.map(({ text }) => text).join(''), 'base64')
  try {
    return decoder.decode(isCut ? joined() : Buffer.concat(words.map(bytesOf)))
  } catch (error) {
    if (!isBase64) throw error
    return decoder.decode(joined())
  }
}

/** Throws if the text is not ASCII, since its bytes are unknown. */
function bytesOf({ encoding, text }: Word): Buffer {
  if (/\P{ASCII}/u.test(text)) throw new TypeError('Not an encoded word.')
  if (encoding === 'b') return Buffer.from(text, 'base64')
  const bytes = text
    .replaceAll('_', ' ')
    .replace(/=([\da-f]{2})/gi, (_escape, byte: string) => String.fromCharCode(parseInt(byte, 16)))
  return Buffer.from(bytes, 'latin1')
}
