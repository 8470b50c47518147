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

/** As the URL standard decodes: `+` is a space, and a `%` that begins no escape is itself. Throws URIError. */
function decoded(raw: string): string {
  if (!/[%+]/.test(raw)) return raw
  return decodeURIComponent(raw.replaceAll('+', ' ').replace(/%(?![\da-f]{2})/gi, '%25'))
}
