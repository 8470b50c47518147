import type { Page } from '../ledger/ports.ts'
import { positionOf } from '../rows/position.ts'
import type { Row } from '../rows/row.ts'
import { ResultTooLargeError, type Given } from './database.ts'
import { definition, quoted, tables, type PostgresTables, type TableName } from './schema.ts'

/** Of rows that may be large. */
const usualRowsInPage = 500

interface Listing {
  readonly table: TableName
  /** What a page has of a row `d`. Default: all of it. The columns of the order are among it. */
  readonly select?: string
  /** A condition on `d`, and on what is {@link given}. */
  readonly where?: string
  /** What is given, with its types. */
  readonly givenColumns?: Readonly<Record<string, 'text' | 'text[]' | 'bigint'>>
  readonly given?: Given
  /** Columns that name a row, by which pages are in order. Default: the table's key. */
  readonly order?: readonly string[]
  readonly isDescending?: boolean
  readonly rowsInPage?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The pages of a list, each one statement, which begins behind the last row of the page before: nothing is held open in between.
 * One that is more than the database gives back at once is asked for again with half as many rows, as are those behind it.
 * @throws where the position is none of a list in this order
 */
export async function* pagesOf(
  { database, nameOf }: PostgresTables,
  listing: Listing,
  position?: string,
): AsyncIterable<Page<Row>> {
  const { table } = listing
  let rowsInPage = listing.rowsInPage ?? usualRowsInPage
  const order = listing.order ?? tables[table].key
  let after: Given | undefined =
    position === undefined
      ? undefined
      : positionOf(position, Object.fromEntries(order.map((column) => [afterName(column), ''])))
  for (;;) {
    const statement = pageStatement(nameOf(table), listing, {
      order,
      isFirst: after === undefined,
      rowsInPage,
    })
    const rows = await unlessTooLarge(
      database.read(statement, { ...listing.given, ...after }, listing.signal),
      rowsInPage,
    )
    if (rows === undefined) {
      rowsInPage = Math.ceil(rowsInPage / 2)
      continue
    }
    const last = rows.length < rowsInPage ? undefined : rows.at(-1)
    after = last && Object.fromEntries(order.map((column) => [afterName(column), last[column]]))
    yield { items: rows, rows: rows.length, ...(after && { next: JSON.stringify(after) }) }
    if (after === undefined) return
  }
}

/** The rows, or `undefined` where they are too large, and fewer can be asked for. */
async function unlessTooLarge<T>(rows: Promise<T>, asked: number): Promise<T | undefined> {
  try {
    return await rows
  } catch (error) {
    if (error instanceof ResultTooLargeError && asked > 1) return undefined
    throw error
  }
}

/**
 * The rows of many keys, of so many by one statement, and of half as many where that is more than the database gives back at
 * once.
 */
export async function* rowsOfMany<Key>(
  keys: readonly Key[],
  mostAtOnce: number,
  read: (some: readonly Key[]) => Promise<readonly Row[]>,
): AsyncIterable<Row> {
  let most = mostAtOnce
  let from = 0
  while (from < keys.length) {
    const some = keys.slice(from, from + most)
    const rows = await unlessTooLarge(read(some), some.length)
    if (rows === undefined) {
      most = Math.ceil(some.length / 2)
    } else {
      yield* rows
      from += some.length
    }
  }
}

/** The rows of all pages. */
export async function* rowsOf(store: PostgresTables, listing: Listing): AsyncIterable<Row> {
  for await (const { items } of pagesOf(store, listing)) yield* items
}

function pageStatement(
  name: string,
  { select = 'd.*', where, givenColumns = {}, isDescending = false }: Listing,
  page: { readonly order: readonly string[]; readonly isFirst: boolean; readonly rowsInPage: number },
): string {
  const own = page.order.map((column) => `d.${quoted(column)}`)
  const after = page.order.map(afterName)
  const definitions = [
    ...Object.entries(givenColumns).map(([column, type]) => definition(column, type)),
    ...after.map((column) => definition(column, 'text')),
  ]
  const isBehind = `(${own.join(', ')}) ${isDescending ? '<' : '>'} (${after.map(given).join(', ')})`
  const conditions = [...(where === undefined ? [] : [where]), ...(page.isFirst ? [] : [isBehind])]
  return `WITH n AS (SELECT * FROM jsonb_to_record($1::jsonb) AS n(${definitions.join(', ')}))
    SELECT ${select} FROM ${name} AS d ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
    ORDER BY ${own.map((column) => (isDescending ? `${column} DESC` : column)).join(', ')} LIMIT ${page.rowsInPage}`
}

/** A value that is given to a page, as its condition names it: a constant to the planner, so that it goes by the index. */
export function given(name: string): string {
  return `(SELECT n.${quoted(name)} FROM n)`
}

function afterName(column: string): string {
  return `after ${column}`
}

/** About how many rows a table has, as PostgreSQL counted them when it last looked; where it never did, they are counted. */
export async function approximateRows(
  { database, nameOf }: PostgresTables,
  table: TableName,
): Promise<number> {
  return (await approximateSize({ database, nameOf }, table)).rows
}

/** The same, and how many bytes they take with their indexes. */
export async function approximateSize(
  { database, nameOf }: PostgresTables,
  table: TableName,
): Promise<{ readonly rows: number; readonly bytes: number }> {
  const literal = `'${nameOf(table).replaceAll("'", "''")}'::regclass`
  const [size] = await database.read(
    `SELECT pg_total_relation_size(${literal}) AS bytes, CASE WHEN reltuples > 0 THEN reltuples::bigint
       ELSE (SELECT count(*) FROM ${nameOf(table)}) END AS rows
     FROM pg_class WHERE oid = ${literal}`,
  )
  return { rows: Number(size?.rows ?? 0), bytes: Number(size?.bytes ?? 0) }
}
