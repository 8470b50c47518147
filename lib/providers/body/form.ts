import { bounds } from './bounds.ts'
import type { FieldProblem } from '../provider.ts'
import type { Decoder } from './text.ts'

/** The value of a name: its text, or several if the name repeats with different texts. */
type FormValue = string | readonly string[]

/** The fields of a form, in the order in which their names first appear. */
type FormFields = ReadonlyMap<string, FormValue>

interface FormReading {
  /** Whether a field holds addresses, in which a raw `+` is a `+`. Default: none does. */
  readonly isAddress?: (name: string) => boolean
  /** The charset of the text's bytes, if not UTF-8. */
  readonly decoder?: Decoder | undefined
}

/** A form of which the names are decoded, and a value when somebody asks for it. */
export interface Form {
  /**
   * The fields. An escape in a value that is not of the form's charset is a problem.
   *
   * @param wanted - Names whose values are decoded; the others are passed over. Default: all.
   */
  readonly fields: (
    wanted?: Pick<ReadonlySet<string>, 'has'>,
  ) => { fields: FormFields } | { problem: FieldProblem }
}

/**
 * Opens `application/x-www-form-urlencoded` text. An escape that is invalid in its charset is a problem, where
 * `URLSearchParams` would replace it, perhaps by another letter.
 */
export function openForm(
  text: string,
  { isAddress = () => false, decoder }: FormReading = {},
): Form | { problem: FieldProblem } {
  const charset = decoder?.encoding ?? 'UTF-8'
  const problem = {
    pointer: '',
    expected: `${charset} text`,
    received: `escapes that are not ${charset}`,
  }
  const pairs = pairsIn(text, decoder)
  if (pairs === undefined) return { problem }
  if (!pairs.some(({ hasValue }) => hasValue)) {
    return { problem: { pointer: '', expected: 'a form of name=value pairs', received: 'text without any' } }
  }
  return {
    fields(wanted) {
      const asked = wanted ? pairs.filter(({ name }) => wanted.has(name)) : pairs
      const addresses = new Set(asked.map(({ name }) => name).filter(isAddress))
      try {
        const values = asked.map(({ name, raw }): [string, string] => [
          name,
          addresses.has(name) ? decodedAddress(raw, decoder) : decoded(raw, decoder),
        ])
        return { fields: fieldsOf(values) }
      } catch {
        return { problem }
      }
    },
  }
}

interface Pair {
  readonly name: string
  /** The value as it stands in the form. */
  readonly raw: string
  /** Whether an equals sign stands behind the name. */
  readonly hasValue: boolean
}

/** The pairs that have a name; `undefined` if one has an escape that is not of the charset. */
function pairsIn(text: string, decoder: Decoder | undefined): readonly Pair[] | undefined {
  try {
    return text
      .split('&')
      .map((pair) => {
        const equals = pair.indexOf('=')
        const hasValue = equals >= 0
        const name = decoded(hasValue ? pair.slice(0, equals) : pair, decoder)
        return { name, raw: hasValue ? pair.slice(equals + 1) : '', hasValue }
      })
      .filter(({ name }) => name !== '')
  } catch {
    return undefined
  }
}

/** Once if all texts of a name are equal. */
export function fieldsOf(values: readonly (readonly [name: string, text: string])[]): FormFields {
  const fields = new Map<string, Set<string>>()
  for (const [name, text] of values) fields.set(name, (fields.get(name) ?? new Set()).add(text))
  return new Map([...fields].map(([name, texts]) => [name, formValue([...texts])]))
}

function formValue(texts: readonly string[]): FormValue {
  const [only = ''] = texts
  return texts.length === 1 ? only : texts
}

const strictUtf8: Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Decodes as the URL standard does: `+` is a space, and a `%` that begins no escape stays. Byte for byte and in place,
 * since replacing text takes a second for millions of escapes. Throws TypeError if an escape is invalid in the charset.
 *
 * @param decoder - The charset of the text's bytes, if not UTF-8.
 * @param forPlus - The byte that a raw `+` becomes.
 */
function decoded(raw: string, decoder: Decoder | undefined, forPlus = space): string {
  if (!decoder && !/[%+]/.test(raw)) return raw
  const bytes = Buffer.from(raw, decoder ? 'latin1' : 'utf8')
  let length = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    const escaped = byte === percent ? escapedByte(bytes[at + 1], bytes[at + 2]) : undefined
    bytes[length] = escaped ?? (byte === plus ? forPlus : byte)
    length += 1
    if (escaped !== undefined) at += 2
  }
  return (decoder ?? strictUtf8).decode(bytes.subarray(0, length))
}

const percent = 0x25
const plus = 0x2b
const space = 0x20

function escapedByte(high: number | undefined, low: number | undefined): number | undefined {
  const highNibble = nibbleOf(high)
  const lowNibble = nibbleOf(low)
  return highNibble === undefined || lowNibble === undefined ? undefined : highNibble * 16 + lowNibble
}

/** The value of a hex digit, by its character code. */
function nibbleOf(digit = 0): number | undefined {
  if (digit >= 0x30 && digit <= 0x39) return digit - 0x30
  const lower = digit | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : undefined
}

/** Replaces a raw `+` until its meaning is known. */
const rawPlus = 0x01

/**
 * A raw `+` inside a local part was a `+`, since a space cannot be there: many senders escape `@` but not `+`.
 * Elsewhere it is a space, as in the URL standard.
 */
function decodedAddress(raw: string, decoder: Decoder | undefined): string {
  if (!raw.includes('+') || raw.includes('\u0001') || raw.includes('%01')) return decoded(raw, decoder)
  // No list of addresses is that long.
  if (raw.length > bounds.listCharacters) return decoded(raw, decoder)
  const text = decoded(raw, decoder, rawPlus)
  const bytes = Buffer.from(text, 'utf16le')
  const units = new Uint16Array(bytes.buffer, bytes.byteOffset, text.length)
  let from = 0
  for (let at = 0; at <= units.length; at += 1) {
    const unit = units[at] ?? space
    if (!endsLocalPart(unit)) continue
    settlePluses(units, from, at, unit === atSign)
    from = at + 1
  }
  return bytes.toString('utf16le')
}

const atSign = 0x40
const dollar = 0x24
const endsLocalParts: ReadonlySet<number> = new Set(
  Array.from('@,;:<>"\'()[] \t\n\v\f\r\u00a0\u3000\ufeff', (character) => character.charCodeAt(0)),
)

function endsLocalPart(unit: number): boolean {
  // Most are letters.
  return (unit < 0x61 || unit > 0x7a) && unit !== rawPlus && endsLocalParts.has(unit)
}

/** Only the part of an emailId after its `$` is an address. */
function settlePluses(units: Uint16Array, from: number, end: number, isLocalPart: boolean): void {
  let begin = from
  if (isLocalPart) while (begin < end && units[begin] !== dollar) begin += 1
  begin = begin < end ? begin + 1 : from
  while (units[begin] === rawPlus) begin += 1
  for (let at = from; at < end; at += 1) {
    if (units[at] === rawPlus) units[at] = isLocalPart && at >= begin ? plus : space
  }
}
