import { open } from 'node:fs/promises'
import { stringify } from 'csv-stringify/sync'
import type { Delivery } from '../../lib/core/delivery.ts'
import { formatInstant } from '../../lib/core/instant.ts'
import { deliveryAsJson } from '../../lib/query/delivery-json.ts'
import { exportColumns, exportedRow } from './export-row.ts'
import { CommandError } from '../command-error.ts'

/** Where mails are written. */
export interface ExportOutput {
  write(mails: readonly Delivery[]): Promise<void>
  /** How many bytes have been written, those of earlier runs included. */
  bytes(): number
  /** @param isWhole - whether all mails are written: what is not whole and cannot be continued is removed */
  close(isWhole: boolean): Promise<void>
}

/** Formats that are continued behind their last whole line. */
type TextFormat = 'ndjson' | 'csv'

/** One line of JSON for each mail. */
function ndjsonOf(mails: readonly Delivery[]): string {
  return mails.map((mail) => `${JSON.stringify(deliveryAsJson(mail))}\n`).join('')
}

/** A cell that a spreadsheet would take for a formula gets an apostrophe before it: subjects and headers are strangers' words. */
function csvOf(rows: readonly (readonly (string | number | undefined)[])[]): string {
  return stringify([...rows], { escape_formulas: true })
}

const header = csvOf([exportColumns.map(({ name }) => name)])

function csvRow(mail: Delivery): readonly (string | number | undefined)[] {
  return exportedRow(mail).map((cell, place) =>
    exportColumns[place]?.type === 'instant' && typeof cell === 'number' ? formatInstant(cell) : cell,
  )
}

function textOf(format: TextFormat, mails: readonly Delivery[]): string {
  return format === 'csv' ? csvOf(mails.map(csvRow)) : ndjsonOf(mails)
}

/**
 * Writes a text file, which only its owner may read.
 * @param from - how many of its bytes stay; what an interrupted run wrote behind them is cut off
 */
export async function textFile(file: string, format: TextFormat, from: number): Promise<ExportOutput> {
  const handle = await open(file, from === 0 ? 'w' : 'r+', 0o600)
  if ((await handle.stat()).size < from) {
    await handle.close()
    throw new CommandError(`${file} is shorter than its checkpoint says: begin anew with --restart.`)
  }
  // A file that was there keeps its mode.
  await handle.chmod(0o600)
  await handle.truncate(from)
  let bytes = from
  const append = async (text: string) => {
    const data = Buffer.from(text)
    // A full disk takes a part, and refuses the rest.
    for (let written = 0; written < data.length;) {
      const { bytesWritten } = await handle.write(data, written, data.length - written, bytes + written)
      written += bytesWritten
    }
    // The checkpoint must not know of more than the disk has.
    await handle.datasync()
    bytes += data.length
  }
  if (from === 0 && format === 'csv') await append(header)
  return {
    write: (mails) => append(textOf(format, mails)),
    bytes: () => bytes,
    close: () => handle.close(),
  }
}

/** Writes to standard output, no faster than it is read. */
export async function textToStandardOutput(format: TextFormat): Promise<ExportOutput> {
  let bytes = 0
  const write = async (text: string) => {
    bytes += Buffer.byteLength(text)
    if (!process.stdout.write(text)) await new Promise<void>((done) => process.stdout.once('drain', done))
  }
  if (format === 'csv') await write(header)
  return {
    write: (mails) => write(textOf(format, mails)),
    bytes: () => bytes,
    close: () => Promise.resolve(),
  }
}
