import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { nameOf, type Delivery } from '../core/delivery.ts'
import { isBeside } from '../rows/delivery-row.ts'
import type { Log } from '../runtime/ports.ts'
import { keyOf, wholeDeliveries } from './delivery-reader.ts'
import type { Item } from './pages.ts'

/** A file of a full export to S3 in DynamoDB JSON: a line `{"Item": {…}}` for each row, in gzip. */
interface ExportFile {
  readonly path: string
  readonly bytes: number
}

/** The folder or a file is not what was expected: the message says what. */
export class ExportError extends Error {}

/**
 * The data files of one export, somewhere below a folder: `AWSDynamoDB/<id>/data/*.json.gz`.
 * Throws {@link ExportError} if there are none, or those of several exports, in which every row would count twice.
 */
export async function exportFiles(folder: string): Promise<readonly ExportFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new ExportError(`${folder} is no folder that can be read.`)
  })
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.json.gz'))
  const [parent, another] = new Set(files.map(({ parentPath }) => parentPath))
  if (parent === undefined) {
    throw new ExportError(`${folder} holds no file *.json.gz: download AWSDynamoDB/<id>/data of the export.`)
  }
  if (another !== undefined)
    throw new ExportError(`${folder} holds several exports: choose one, such as ${parent}.`)
  const paths = files.map(({ name }) => join(parent, name)).sort()
  return Promise.all(paths.map(async (path) => ({ path, bytes: (await stat(path)).size })))
}

interface ExportReading {
  readonly log: Log
  readonly signal: AbortSignal
  /** How many bytes more were read. Every file is read twice. */
  readonly onBytes: (bytes: number) => void
  /** How many characters of rows beside other rows are held at most. Default: 64 million. */
  readonly maxBeside?: number
}

/** In one export, all deliveries so far, in one read. */
interface ExportedDeliveries {
  readonly deliveries: readonly Delivery[]
  /** Facts and columns of a delivery that stand in a row of their own, and found no room: its figures may be too low. */
  readonly leftOut: number
}

const deliveriesAtOnce = 1_000
const defaultMaxBeside = 64_000_000

/**
 * Every delivery of an export, whole, in no order. What is beside a row may be in any file: a first pass collects it, since
 * it is little, and a second reads the rows. Rows are taken as they were at the time of the export, the expired ones
 * included that DynamoDB had not deleted yet. Throws {@link ExportError} at what is no such export.
 */
export async function* exportedDeliveries(
  files: readonly ExportFile[],
  reading: ExportReading,
): AsyncIterable<ExportedDeliveries> {
  const { beside, leftOut } = await besideRows(files, reading)
  // Without time nothing expires.
  const deps = { clock: { now: () => 0, sleep: () => Promise.resolve() }, log: reading.log }
  const whole = (rows: readonly Item[]) =>
    wholeDeliveries(
      rows.flatMap((row) => [row, ...(beside.get(nameOf(keyOf(row))) ?? [])]),
      deps,
    )
  let rows: Item[] = []
  for await (const { line, place } of linesOf(files, reading)) {
    const item = itemIn(line, place)
    if (!isBeside(item)) rows.push(item)
    if (rows.length < deliveriesAtOnce) continue
    yield { deliveries: await whole(rows), leftOut }
    rows = []
  }
  yield { deliveries: await whole(rows), leftOut }
}

async function besideRows(
  files: readonly ExportFile[],
  reading: ExportReading,
): Promise<{ beside: ReadonlyMap<string, readonly Item[]>; leftOut: number }> {
  const beside = new Map<string, Item[]>()
  let room = reading.maxBeside ?? defaultMaxBeside
  let leftOut = 0
  for await (const { line, place } of linesOf(files, reading)) {
    if (!line.includes('"factOf"') && !line.includes('"columnsOf"')) continue
    const item = itemIn(line, place)
    if (!isBeside(item)) continue
    room -= line.length
    if (room < 0) {
      leftOut += 1
      continue
    }
    const name = nameOf({
      recipient: keyOf(item).recipient,
      message: (item.factOf ?? item.columnsOf)?.S ?? '',
    })
    const known = beside.get(name)
    if (known) known.push(item)
    else beside.set(name, [item])
  }
  for (const items of beside.values()) items.sort((a, b) => (keyOf(a).message < keyOf(b).message ? -1 : 1))
  return { beside, leftOut }
}

interface Line {
  readonly line: string
  /** For a person: file and number of the line. */
  readonly place: string
}

function itemIn(line: string, place: string): Item {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    parsed = undefined
  }
  const { Item: item } = (parsed ?? {}) as { Item?: Item }
  if (item?.recipient?.S === undefined || item.message?.S === undefined) {
    throw new ExportError(
      `${place} holds no row of the deliveries table: expected a full export in DynamoDB JSON.`,
    )
  }
  return item
}

/** A row of DynamoDB has 400 KB, and JSON may escape each byte of it. */
const maxLineLength = 3_000_000

/**
 * The lines of all files. Not by Node's readline, which also ends a line at U+2028, where JSON does not. Ends early if the
 * signal says so.
 */
async function* linesOf(
  files: readonly ExportFile[],
  { signal, onBytes }: ExportReading,
): AsyncIterable<Line> {
  for (const { path } of files) {
    const name = basename(path)
    const raw = createReadStream(path)
    raw.on('data', (chunk) => {
      onBytes(chunk.length)
    })
    const unzipped = raw.pipe(createGunzip())
    raw.on('error', (error) => unzipped.destroy(error))
    const decoder = new TextDecoder()
    let rest = ''
    let number = 0
    const at = () => `${name}, line ${(number += 1)},`
    try {
      for await (const chunk of unzipped as AsyncIterable<Uint8Array>) {
        if (signal.aborted) return
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
        rest = lines.pop() ?? ''
        if (rest.length > maxLineLength) throw new ExportError(`${name} has a line that no row can have.`)
        for (const line of lines) if (line !== '') yield { line, place: at() }
      }
    } catch (error) {
      if (isZlibError(error)) throw new ExportError(`${name} is no whole gzip file: download it again.`)
      throw error
    } finally {
      raw.destroy()
      unzipped.destroy()
    }
    if (rest !== '') yield { line: rest, place: at() }
  }
}

function isZlibError(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && code.startsWith('Z_')
}
