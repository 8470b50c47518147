import { pipeline, Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { recipientOf } from '../../core/address.ts'
import { exportColumns, fromExport } from './own-export.ts'
import { fieldName, maxRecordLength, UnreadableListError, type ListRecord } from './record.ts'

/** What the column of the address is called. */
export const addressNames = ['email', 'email address', 'address', 'recipient'] as const

interface CsvRow {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

/**
 * The entries of a file with a header line, or with one address a line. Fields are separated by commas, semicolons or
 * tabs: by whichever the first line has most of.
 */
export async function* csvRecords(head: string, text: AsyncIterable<string>): AsyncIterable<ListRecord> {
  const parser = parse({
    info: true,
    delimiter: delimiterOf(head),
    record_delimiter: ['\r\n', '\n', '\r'],
    // Files written by hand hold quotes inside of fields, such as those of a server's reply.
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    ltrim: true,
    max_record_size: maxRecordLength,
  })
  // The parser fails with it where the text does.
  pipeline(Readable.from(text, { objectMode: false }), parser, () => undefined)
  let fieldsOf: ((record: readonly string[]) => ReadonlyMap<string, string>) | undefined
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRow>) {
      if (record.every((field) => field.trim() === '')) continue
      if (fieldsOf === undefined) {
        const names = record.map(fieldName)
        const isHeader = addressNames.some((name) => names.includes(fieldName(name)))
        fieldsOf = isHeader ? byHeader(record) : byAddress(record)
        if (isHeader) continue
      }
      yield { line: info.lines, fields: fieldsOf(record) }
    }
  } catch (error) {
    throw error instanceof CsvError ? noCsv(error) : error
  }
}

function delimiterOf(head: string): string {
  const [firstLine = ''] = head.trimStart().split(/[\r\n]/, 1)
  const countOf = (delimiter: string) => firstLine.split(delimiter).length
  return [',', ';', '\t'].reduce((most, other) => (countOf(other) > countOf(most) ? other : most))
}

function byHeader(header: readonly string[]): (record: readonly string[]) => ReadonlyMap<string, string> {
  const names = header.map(fieldName)
  const isOwn = header.length === exportColumns.length && exportColumns.every((name, i) => name === header[i])
  return (record) => {
    const fields = new Map<string, string>()
    names.forEach((name, index) => {
      const field = record[index] ?? ''
      // Of two columns of one name the first that holds something counts.
      if (!fields.get(name)) fields.set(name, (isOwn ? fromExport(field) : field).trim())
    })
    return fields
  }
}

function byAddress(first: readonly string[]): (record: readonly string[]) => ReadonlyMap<string, string> {
  const [address = '', ...others] = first.filter((field) => field.trim() !== '')
  if (others.length > 0 || recipientOf(address) === undefined) {
    throw new UnreadableListError(
      'The file has no header line: expected one with a column email, address or recipient; or one address a line.',
    )
  }
  return ([field = '']) => new Map([['email', field.trim()]])
}

function noCsv(error: CsvError): UnreadableListError {
  const line = typeof error.lines === 'number' ? ` (line ${error.lines})` : ''
  const isLong = error.code === 'CSV_MAX_RECORD_SIZE' || error.code === 'CSV_QUOTE_NOT_CLOSED'
  const problem = isLong
    ? `a quote is not closed, or an entry is longer than ${maxRecordLength} bytes`
    : error.message
  return new UnreadableListError(`The file cannot be read as CSV${line}: ${problem}.`)
}
