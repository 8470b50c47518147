import type { Reading } from '../rows/delivery-row.ts'
import { isExpired } from '../rows/expiry.ts'
import { readHeads, type HeadReader } from '../rows/heads.ts'
import { textOf, type Row } from '../rows/row.ts'
import { given, rowsOf } from './pages.ts'
import type { PostgresTables } from './schema.ts'
import { givenAs } from './statement.ts'

interface Heads<Head> extends Reading {
  readonly store: PostgresTables
  readonly table: 'inbound' | 'quarantine'
  /** The columns that are read of a row. Default: all. */
  readonly select?: string
  readonly read: (row: Row) => Head
}

/** Reads rows that a digest of their content names. */
export function headReader<Head>({ store, select = 'd.*', ...of }: Heads<Head>): HeadReader<Head> {
  return readHeads({
    ...of,
    rowOf: (id) => bodyRow(store, of.table, id, select),
    async idsBeginningWith(digits) {
      const listing = {
        table: of.table,
        select: 'd.id, d."expiresAt"',
        // Ids are hexadecimal. By the index of the key, as `starts_with` would not be.
        where: `d.id >= ${given('digits')} AND d.id < ${given('digits')} || 'g'`,
        givenColumns: { digits: 'text' },
        given: { digits },
      } as const
      const found = await Array.fromAsync(rowsOf(store, listing))
      return found.filter((row) => !isExpired(row, of.clock.now())).map((row) => textOf(row, 'id'))
    },
  })
}

/** One row of a table of bodies; its body is text or bytes, as it arrived. */
export async function bodyRow(
  { database, nameOf }: PostgresTables,
  table: 'inbound' | 'quarantine',
  id: string,
  select = 'd.*',
): Promise<Row | undefined> {
  const [row] = await database.read(
    `WITH n AS (SELECT * FROM ${givenAs(table, ['id'])})
     SELECT ${select} FROM ${nameOf(table)} AS d WHERE d.id = ${given('id')}`,
    { id },
  )
  return row && withBody(row)
}

/** What is no text is kept in base64. */
export function withBody({ bodyBase64, ...row }: Row): Row {
  return typeof bodyBase64 === 'string' ? { ...row, body: Buffer.from(bodyBase64, 'base64') } : row
}
