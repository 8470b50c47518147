import * as v from 'valibot'
import { isExpired } from './expiry.ts'
import type { Reading } from './delivery-row.ts'
import { problemOf, textIn, type Row } from './row.ts'

// Rows named by a digest of their content: how they are found and read, without their parts (docs/adr/0006).

interface Heads<Head> extends Reading {
  /** Names the table to a person. */
  readonly table: string
  readonly rowOf: (id: string) => Promise<Row | undefined>
  /** The ids that begin with these digits, of rows that have not expired. */
  readonly idsBeginningWith: (digits: string) => Promise<readonly string[]>
  /** Throws a `ValiError` where the row does not hold what this version writes. */
  readonly read: (row: Row) => Head
}

export interface HeadReader<Head> {
  /** The content of the rows. One that was changed by hand and cannot be read is logged and left out. */
  readable(rows: AsyncIterable<Row>): AsyncIterable<Head>
  /** The head of an id, which may be shortened if it still names one; `undefined` if there is none. */
  find(given: string): Promise<Head | undefined>
}

/** Reads heads. Expired ones are left out, since it may take days until they are deleted. */
export function readHeads<Head>(of: Heads<Head>): HeadReader<Head> {
  const attempt = (row: Row): { head: Head } | { problem: string } => {
    try {
      return { head: of.read(row) }
    } catch (error) {
      if (v.isValiError<v.GenericSchema>(error)) return { problem: problemOf(error.issues[0]) }
      throw error
    }
  }
  return {
    async *readable(rows) {
      for await (const row of rows) {
        if (isExpired(row, of.clock.now())) continue
        const read = attempt(row)
        if ('head' in read) yield read.head
        else of.log('row unreadable', { id: textIn(row, 'id'), problem: read.problem })
      }
    },
    async find(given) {
      const id = await wholeIdOf(given, of.idsBeginningWith)
      const row = id === undefined ? undefined : await of.rowOf(id)
      if (row === undefined || isExpired(row, of.clock.now())) return undefined
      const read = attempt(row)
      if ('head' in read) return read.head
      throw new Error(`The row '${id}' of ${of.table} cannot be read: ${read.problem}.`)
    },
  }
}

async function wholeIdOf(
  given: string,
  idsBeginningWith: (digits: string) => Promise<readonly string[]>,
): Promise<string | undefined> {
  const digits = given.trim().toLowerCase()
  if (!/^[0-9a-f]{6,64}$/.test(digits)) {
    throw new Error('An id is 64 hex digits. Give it whole, or at least its first 6.')
  }
  if (digits.length === 64) return digits
  const ids = await idsBeginningWith(digits)
  if (ids.length > 1) {
    throw new Error(`'${digits}' begins ${ids.length} ids. Give more digits:\n${ids.toSorted().join('\n')}`)
  }
  return ids[0]
}
