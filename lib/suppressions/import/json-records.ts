import {
  fieldName,
  maxRecordLength,
  UnreadableListError,
  type ListRecord,
  type UnreadRecord,
} from './record.ts'

const closedBy = new Map([
  ['}', '{'],
  [']', '['],
])

/**
 * The objects in the arrays of a text, such as `[{…}]` and `{"Suppressions": [{…}]}`; of nested ones, the outermost.
 * Several such texts may follow each other. Each object is held and parsed by itself.
 */
export async function* jsonRecords(chunks: AsyncIterable<string>): AsyncIterable<ListRecord | UnreadRecord> {
  const scanner = new Scanner()
  for await (const chunk of chunks) yield* scanner.recordsIn(chunk)
  scanner.end()
}

/** Looks at quotes and brackets alone. */
class Scanner {
  readonly #open: string[] = []
  #isInString = false
  #isEscaped = false
  #line = 1
  /** The object that is being read, so far, and how many brackets are open around it. */
  #record: { readonly line: number; readonly depth: number; text: string } | undefined;

  *recordsIn(chunk: string): Iterable<ListRecord | UnreadRecord> {
    let from = 0
    for (let at = 0; at < chunk.length; at += 1) {
      const sign = chunk.charAt(at)
      if (sign === '\n') this.#line += 1
      if (this.#isInString) this.#inString(sign)
      else if (sign === '"') this.#isInString = true
      else if (sign === '{' || sign === '[') {
        if (this.#opens(sign)) from = at
      } else if (sign === '}' || sign === ']') {
        const ended = this.#closes(sign)
        if (ended) yield recordOf(ended.line, ended.text + chunk.slice(from, at + 1))
      }
    }
    this.#keep(chunk.slice(from))
  }

  end(): void {
    if (this.#isInString || this.#open.length > 0) throw noJson(this.#line, 'it ends in the middle')
  }

  #inString(sign: string): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (sign === '\\') this.#isEscaped = true
    else if (sign === '"') this.#isInString = false
  }

  /** Whether an entry begins here. */
  #opens(sign: string): boolean {
    const begins = sign === '{' && this.#record === undefined && this.#open.at(-1) === '['
    if (begins) this.#record = { line: this.#line, depth: this.#open.length, text: '' }
    this.#open.push(sign)
    return begins
  }

  /** The entry that ends here, if one does. */
  #closes(sign: string): { readonly line: number; readonly text: string } | undefined {
    if (this.#open.pop() !== closedBy.get(sign)) throw noJson(this.#line, `${sign} closes nothing`)
    const record = this.#record
    if (record?.depth !== this.#open.length) return undefined
    this.#record = undefined
    return record
  }

  #keep(rest: string): void {
    if (this.#record === undefined) return
    this.#record.text += rest
    if (this.#record.text.length > maxRecordLength) {
      throw noJson(this.#record.line, `an entry is longer than ${maxRecordLength} characters`)
    }
  }
}

function noJson(line: number, problem: string): UnreadableListError {
  return new UnreadableListError(`The file cannot be read as JSON (line ${line}): ${problem}.`)
}

function recordOf(line: number, text: string): ListRecord | UnreadRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { line, problem: 'is no JSON object' }
  }
  if (typeof value !== 'object' || value === null) return { line, problem: 'is no JSON object' }
  return { line, fields: new Map(Object.entries(value).map(([name, of]) => [fieldName(name), textOf(of)])) }
}

/** The text of a plain value, or of a list of them. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ')
  if (typeof value === 'string') return value.trim()
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
