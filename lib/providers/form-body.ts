import type { FieldProblem } from './provider.ts'

/** What came under a name: its text, or several where the name repeats and the texts differ. */
type FormValue = string | readonly string[]

/**
 * The fields of `application/x-www-form-urlencoded` text, in the order of their names' first coming. An escape that is
 * no UTF-8 is a problem and no replacement character: `URLSearchParams` hides it, and may even make another letter of it.
 *
 * @param wanted - Names whose values are decoded; the others are passed over. Default: all.
 */
export function parseForm(
  text: string,
  wanted?: Pick<ReadonlySet<string>, 'has'>,
): { fields: ReadonlyMap<string, FormValue> } | { problem: FieldProblem } {
  const values = new Map<string, Set<string>>()
  let hasPair = false
  try {
    for (const pair of text.split('&')) {
      const equals = pair.indexOf('=')
      hasPair ||= equals > 0
      const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
      if (name === '' || wanted?.has(name) === false) continue
      const value = equals < 0 ? '' : decoded(pair.slice(equals + 1))
      values.set(name, (values.get(name) ?? new Set()).add(value))
    }
  } catch {
    return { problem: { pointer: '', expected: 'UTF-8 text', received: 'escapes that are not UTF-8' } }
  }
  if (!hasPair) {
    return { problem: { pointer: '', expected: 'a form of name=value pairs', received: 'text without any' } }
  }
  return { fields: new Map([...values].map(([name, texts]) => [name, formValue([...texts])])) }
}

function formValue(texts: readonly string[]): FormValue {
  const [only = ''] = texts
  return texts.length === 1 ? only : texts
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * As the URL standard decodes: `+` is a space, and a `%` that begins no escape is itself. Byte for byte and in place, since replacing
 * text in a text takes a second where millions of escapes stand in it. Throws TypeError.
 */
function decoded(raw: string): string {
  if (!/[%+]/.test(raw)) return raw
  const bytes = Buffer.from(raw)
  let length = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    const escaped = byte === percent ? escapedByte(bytes[at + 1], bytes[at + 2]) : undefined
    bytes[length] = escaped ?? (byte === plus ? space : byte)
    length += 1
    if (escaped !== undefined) at += 2
  }
  return strictUtf8.decode(bytes.subarray(0, length))
}

const percent = 0x25
const plus = 0x2b
const space = 0x20

function escapedByte(high: number | undefined, low: number | undefined): number | undefined {
  const highNibble = nibbleOf(high)
  const lowNibble = nibbleOf(low)
  return highNibble === undefined || lowNibble === undefined ? undefined : highNibble * 16 + lowNibble
}

/** What a hex digit stands for, by its character's code. */
function nibbleOf(digit = 0): number | undefined {
  if (digit >= 0x30 && digit <= 0x39) return digit - 0x30
  const lower = digit | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : undefined
}
