import { fieldsOf, type Form } from './form.ts'
import type { FieldProblem } from '../provider.ts'

/** The sender of a form is unknown until its signature is verified: more parts, or longer part headers, are not read. */
const maxParts = 10_000
const maxHeadBytes = 4 * 1024

/**
 * Opens `multipart/form-data` (RFC 7578): its parts are found, and a value is decoded when somebody asks for it. Each byte is
 * looked at a fixed number of times.
 */
export function openMultipart(body: Uint8Array, contentType: string): Form | { problem: FieldProblem } {
  const boundary = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType)
  if (!boundary) return multipartProblem('no boundary that ends them')
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const parts = partsOf(bytes, `--${boundary[1] ?? boundary[2] ?? ''}`)
  if ('problem' in parts) return parts
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const problem = { pointer: '', expected: 'UTF-8 text', received: 'a part that is not UTF-8' }
  let named: readonly { name: string; value: Uint8Array }[]
  try {
    named = parts.parts
      .map(({ head, value }) => ({ name: nameIn(decoder.decode(head)), value }))
      .filter(({ name }) => name !== '')
  } catch {
    return { problem }
  }
  return {
    fields(wanted) {
      const asked = wanted ? named.filter(({ name }) => wanted.has(name)) : named
      try {
        return { fields: fieldsOf(asked.map(({ name, value }) => [name, decoder.decode(value)] as const)) }
      } catch {
        return { problem }
      }
    },
  }
}

interface Part {
  readonly head: Uint8Array
  readonly value: Uint8Array
}

function partsOf(bytes: Buffer, delimiter: string): { parts: readonly Part[] } | { problem: FieldProblem } {
  const parts: Part[] = []
  let from = endsDelimiter(bytes, 0, delimiter) ? delimiter.length : behind(bytes, delimiter, 0)
  while (from >= 0 && !endsAll(bytes, from)) {
    if (parts.length === maxParts) return multipartProblem(`more than ${maxParts}`)
    const headEnd = bytes.subarray(0, from + maxHeadBytes).indexOf('\r\n\r\n', from)
    // The last header line may end right before the next delimiter.
    const nextFrom = headEnd < 0 ? -1 : behind(bytes, delimiter, headEnd + '\r\n'.length)
    if (nextFrom < 0) return multipartProblem('one that is cut off')
    const valueFrom = headEnd + '\r\n\r\n'.length
    const valueEnd = Math.max(nextFrom - delimiter.length - '\r\n'.length, valueFrom)
    parts.push({ head: bytes.subarray(from, headEnd), value: bytes.subarray(valueFrom, valueEnd) })
    from = nextFrom
  }
  return from < 0 ? multipartProblem('none that is whole') : { parts }
}

/** Where the text after the next delimiter line begins; negative if there is none. */
function behind(bytes: Buffer, delimiter: string, from: number): number {
  const line = `\r\n${delimiter}`
  let at = bytes.indexOf(line, from, 'latin1')
  while (at >= 0 && !endsDelimiter(bytes, at + '\r\n'.length, delimiter)) {
    at = bytes.indexOf(line, at + 1, 'latin1')
  }
  return at < 0 ? at : at + line.length
}

/** Whether a delimiter is there, and not the beginning of a longer text. */
function endsDelimiter(bytes: Buffer, at: number, delimiter: string): boolean {
  const end = at + delimiter.length
  const isThere = bytes.toString('latin1', at, end) === delimiter
  return isThere && (endsAll(bytes, end) || /^[ \t]*\r\n/.test(bytes.toString('latin1', end, end + 80)))
}

function endsAll(bytes: Buffer, at: number): boolean {
  return bytes.toString('latin1', at, at + 2) === '--'
}

/** The name in a part's Content-Disposition; empty if there is none. */
function nameIn(head: string): string {
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? ''
  const name = /(?:^|[\s;])name=(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/i.exec(disposition)
  return (name?.[1]?.replace(/\\(.)/g, '$1') ?? name?.[2] ?? '').replace(/%22|%0D|%0A/gi, decodeURIComponent)
}

function multipartProblem(received: string): { problem: FieldProblem } {
  return { problem: { pointer: '', expected: 'the parts of multipart/form-data', received } }
}
