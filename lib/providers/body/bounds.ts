import { typeName, type FieldProblem } from '../provider.ts'

/**
 * The bounds of a body, checked before it is parsed, so that a stranger's body costs little (docs/costs.md). No
 * provider sends a hundredth of them. A body beyond them is answered 400 and kept.
 */
export const bounds = {
  /** Events of an array, and recipients of one event or send. */
  elements: 5_000,
  /** Characters of a text that lists recipients: 400 for each allowed one. */
  listCharacters: 2_000_000,
  /** Values of JSON, of whatever type and at whatever depth. */
  values: 50_000,
  /** Arrays and objects within each other. */
  depth: 32,
  /** Pairs of a form. */
  pairs: 15_000,
  /** The sender's own headers of one event. */
  headers: 1_000,
  /** Fields of one event without a column of their own, and the characters of any field but a list of recipients. */
  fields: 1_000,
  characters: 64 * 1024,
} as const

/**
 * The bound that a JSON text exceeds; `undefined` if there is none, whether or not it is JSON. Reads no more than
 * needed: the engine's search skips text without structure, and it stops at the bound.
 */
export function jsonBeyond(text: string): FieldProblem | undefined {
  const structure = /["[\]{},]/g
  let values = 1
  let strings = 0
  let depth = 0
  for (let found = structure.exec(text); found; found = structure.exec(text)) {
    switch (found[0]) {
      case '"':
        strings += 1
        structure.lastIndex = endOfString(text, found.index) + 1
        break
      case ',':
        values += 1
        break
      case '[':
      case '{':
        values += 1
        depth += 1
        break
      default:
        depth -= 1
    }
    // A value has at most one name, so a text with more strings is not JSON.
    if (values > bounds.values || strings > 2 * bounds.values)
      return beyond('', `at most ${bounds.values} values`)
    if (depth > bounds.depth) return beyond('', `values at most ${bounds.depth} deep within each other`)
    // Nor is a text that closes more than it opened.
    if (depth < 0) return undefined
  }
  return undefined
}

const quote = 0x22
const backslash = 0x5c

/** The index of the quote that ends a string, or of the text's end. */
function endOfString(text: string, begin: number): number {
  const end = text.indexOf('"', begin + 1)
  // Most strings hold no quote, and the engine finds their ends fast.
  if (end < 0 || text.charCodeAt(end - 1) !== backslash) return end < 0 ? text.length : end
  for (let at = begin + 1; at < text.length; at += 1) {
    const character = text.charCodeAt(at)
    if (character === quote) return at
    if (character === backslash) at += 1
  }
  return text.length
}

/** The bound that a form exceeds: it has one more pair than ampersands. */
export function formBeyond(text: string): FieldProblem | undefined {
  return separatorsUpTo(text, '&', bounds.pairs) < bounds.pairs
    ? undefined
    : beyond('', `at most ${bounds.pairs} pairs`)
}

/** Whether a list, in any notation, has more elements than allowed. */
export function isListBeyond(value: unknown): boolean {
  return elementsUpTo(value, bounds.elements + 1) > bounds.elements
}

/** A list in text has one more element than separators, whatever is between them. */
function elementsUpTo(value: unknown, most: number): number {
  if (typeof value === 'string') {
    if (value.length > bounds.listCharacters) return most
    const commas = separatorsUpTo(value, ',', most)
    return commas + separatorsUpTo(value, ';', most - commas) + 1
  }
  if (!Array.isArray(value)) return 1
  let elements = 0
  for (const entry of value) {
    elements += elementsUpTo(entry, most - elements)
    if (elements >= most) break
  }
  return elements
}

function separatorsUpTo(text: string, separator: string, most: number): number {
  let found = 0
  for (let at = text.indexOf(separator); at >= 0 && found < most; at = text.indexOf(separator, at + 1))
    found += 1
  return found
}

/**
 * The bounds that one event's fields exceed.
 *
 * @param isHeader - whether a field is a header of the sender's own.
 * @param lists - fields that may be longer, since they list recipients.
 */
export function fieldsBeyond(
  fields: ReadonlyMap<string, unknown>,
  pointer: string,
  isHeader: (field: string) => boolean,
  lists: ReadonlySet<string> = new Set(),
): readonly FieldProblem[] {
  let headers = 0
  for (const field of fields.keys()) if (isHeader(field)) headers += 1
  if (headers > bounds.headers)
    return [beyond(pointer, `at most ${bounds.headers} headers of the sender's own`)]
  if (fields.size - headers > bounds.fields) return [beyond(pointer, `at most ${bounds.fields} fields`)]
  const expected = `at most ${bounds.characters} characters`
  return [...fields].flatMap(([field, value]) =>
    lists.has(field) || lengthOf(value) <= bounds.characters
      ? []
      : [{ pointer: `${pointer}/${shownName(field)}`, expected, received: `${typeName(value)} of more` }],
  )
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  return typeof value === 'object' ? JSON.stringify(value).length : 0
}

/** A name may be anything, even an address. */
function shownName(field: string): string {
  return /^[\w-]{1,40}$/.test(field) ? field : 'a field'
}

export function listProblem(field: string): FieldProblem {
  return beyond(`/${field}`, `at most ${bounds.elements} recipients`)
}

export function beyond(pointer: string, expected: string): FieldProblem {
  return { pointer, expected, received: 'more' }
}
