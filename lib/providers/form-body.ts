import type { Decoder } from './charset.ts'
import type { FieldProblem } from './provider.ts'

/** What came under a name: its text, or several where the name repeats and the texts differ. */
type FormValue = string | readonly string[]

/** The fields of a form, in the order of their names' first coming. */
export type FormFields = ReadonlyMap<string, FormValue>

interface FormReading {
  /** Names whose values are decoded; the others are passed over. Default: all. */
  readonly wanted?: Pick<ReadonlySet<string>, 'has'> | undefined
  /** Whether a field holds addresses, in which a raw `+` is a `+`. Default: none does. */
  readonly isAddress?: (name: string) => boolean
  /** Another charset than UTF-8, of which the text has the bytes. */
  readonly decoder?: Decoder | undefined
}

/**
 * The fields of `application/x-www-form-urlencoded` text. An escape that is not of its charset is a problem and no
 * replacement character: `URLSearchParams` hides it, and may even make another letter of it.
 */
export function parseForm(
  text: string,
  reading: FormReading = {},
): { fields: FormFields } | { problem: FieldProblem } {
  const values: [string, string][] = []
  let hasPair = false
  try {
    for (const pair of text.split('&')) {
      hasPair ||= pair.indexOf('=') > 0
      const value = valueIn(pair, reading)
      if (value) values.push(value)
    }
  } catch {
    const charset = reading.decoder?.encoding ?? 'UTF-8'
    const received = `escapes that are not ${charset}`
    return { problem: { pointer: '', expected: `${charset} text`, received } }
  }
  if (hasPair) return { fields: fieldsOf(values) }
  return { problem: { pointer: '', expected: 'a form of name=value pairs', received: 'text without any' } }
}

/** `undefined` where there is no name, or nobody wants it. */
function valueIn(pair: string, { wanted, isAddress, decoder }: FormReading): [string, string] | undefined {
  const equals = pair.indexOf('=')
  const decode = decoder ? (escaped: string) => decodedBy(decoder, escaped) : decodeURIComponent
  const name = decoded(equals < 0 ? pair : pair.slice(0, equals), decode)
  if (name === '' || wanted?.has(name) === false) return undefined
  const raw = equals < 0 ? '' : pair.slice(equals + 1)
  return [name, isAddress?.(name) ? decodedAddress(raw, decode) : decoded(raw, decode)]
}

/** Once where a name's texts all say the same. */
export function fieldsOf(values: readonly (readonly [name: string, text: string])[]): FormFields {
  const fields = new Map<string, Set<string>>()
  for (const [name, text] of values) fields.set(name, (fields.get(name) ?? new Set()).add(text))
  return new Map([...fields].map(([name, texts]) => [name, formValue([...texts])]))
}

function formValue(texts: readonly string[]): FormValue {
  const [only = ''] = texts
  return texts.length === 1 ? only : texts
}

type Decode = (escaped: string) => string

/** As the URL standard decodes: `+` is a space, and a `%` that begins no escape is itself. Throws where an escape is wrong. */
function decoded(raw: string, decode: Decode): string {
  if (!/[%+]/.test(raw) && decode === decodeURIComponent) return raw
  return decode(
    raw
      .split('+')
      .join(' ')
      .replace(/%(?![\da-f]{2})/gi, '%25'),
  )
}

/** Stands for a raw `+` until it is known what that is. */
const plus = '\u0001'

/**
 * A raw `+` inside of a local part was a `+`, since no space stands there: many senders escape `@` and forget it. Before,
 * behind and between addresses it is the space that the URL standard has it be.
 */
function decodedAddress(raw: string, decode: Decode): string {
  if (!raw.includes('+') || raw.includes(plus) || raw.includes('%01')) return decoded(raw, decode)
  const text = decoded(raw.split('+').join(plus), decode)
  return text.replace(/[^\s,;:<>"'()[\]@]+@?/g, (run) => {
    if (!run.endsWith('@')) return run.split(plus).join(' ')
    // Of an emailId, only what stands behind its `$` is of an address.
    let start = run.indexOf('$') + 1
    while (run[start] === plus) start += 1
    return run.slice(0, start).split(plus).join(' ') + run.slice(start).split(plus).join('+')
  })
}

function decodedBy(decoder: Decoder, escaped: string): string {
  const bytes = escaped.replace(/%([\da-f]{2})/gi, (_escape, byte: string) =>
    String.fromCharCode(parseInt(byte, 16)),
  )
  return decoder.decode(Buffer.from(bytes, 'latin1'))
}
