import { csvRecords } from './csv-records.ts'
import { jsonRecords } from './json-records.ts'
import { maxRecordLength, UnreadableListError, type ListRecord, type UnreadRecord } from './record.ts'

/**
 * The entries of a file, which is never held whole: CSV with a header line, one address a line, or a JSON array of
 * objects, alone or inside of an object. UTF-8, with or without a byte order mark.
 *
 * @throws UnreadableListError - where the file is something else, after the entries before that place.
 */
export async function* listRecords(
  bytes: AsyncIterable<Uint8Array>,
): AsyncIterable<ListRecord | UnreadRecord> {
  const { head, text } = await peeked(textOf(bytes))
  yield* /^\s*[[{]/.test(head) ? jsonRecords(text) : csvRecords(head, text)
}

async function* textOf(bytes: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  const decoded = (part?: Uint8Array) => {
    try {
      return decoder.decode(part, { stream: part !== undefined })
    } catch {
      throw notUtf8(line + lineEndsIn(new TextDecoder().decode(part).split('\ufffd', 1)[0] ?? ''))
    }
  }
  for await (const part of bytes) {
    const text = decoded(part)
    yield text
    line += lineEndsIn(text)
  }
  yield decoded()
}

function notUtf8(line: number): UnreadableListError {
  return new UnreadableListError(
    `The file is not UTF-8 (line ${line}): save it as that, for example with iconv -f GB18030 -t UTF-8, and import it again.`,
  )
}

function lineEndsIn(text: string): number {
  let ends = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) ends += 1
  return ends
}

/** The text, and its beginning up to the end of the first line that is not blank. */
async function peeked(chunks: AsyncIterable<string>): Promise<{ head: string; text: AsyncIterable<string> }> {
  const iterator = chunks[Symbol.asyncIterator]()
  let head = ''
  while (head.length < maxRecordLength && !/[\r\n]/.test(head.trimStart())) {
    const next = await iterator.next()
    if (next.done) break
    head += next.value
  }
  async function* whole() {
    try {
      yield head
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return { head, text: whole() }
}
