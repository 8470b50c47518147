import type { Row, RowValue } from '../rows/row.ts'
import { definition, quoted, tables, type Store, type TableName } from './schema.ts'

/** A column of a row as the table has it. */
interface RawColumn {
  readonly name: string
  /** In PostgreSQL's own words: `text`, `text[]`, `bigint`, `jsonb`. */
  readonly type: string
  /** One, or of a set each; what is not text is JSON. */
  readonly values: readonly string[]
}

/** Every column of the row of a key that is not null, in the order of their names; none where there is no row. */
export async function rawRow(
  { database, nameOf }: Store,
  table: TableName,
  key: Readonly<Record<string, string>>,
): Promise<readonly RawColumn[]> {
  const names = Object.keys(key)
  const [row] = await database.read(
    `SELECT d.* FROM ${nameOf(table)} AS d
     JOIN jsonb_to_record($1::jsonb) AS n(${names.map((name) => definition(name, 'text')).join(', ')})
     ON ${names.map((name) => `d.${quoted(name)} = n.${quoted(name)}`).join(' AND ')}`,
    key,
  )
  return row === undefined ? [] : columnsOf(table, row)
}

/** The first rows of a small table, each with its columns. */
export async function rawRows(
  { database, nameOf }: Store,
  table: TableName,
  limit: number,
): Promise<readonly (readonly RawColumn[])[]> {
  const rows = await database.read(`SELECT d.* FROM ${nameOf(table)} AS d LIMIT ${limit}`)
  return rows.map((row) => columnsOf(table, row))
}

function columnsOf(table: TableName, row: Row): readonly RawColumn[] {
  const types: Readonly<Record<string, string>> = tables[table].columns
  return Object.entries(row)
    .map(([name, value]) => ({ name, type: types[name] ?? '', values: textsOf(value) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

function textsOf(value: RowValue): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? (value as readonly unknown[]) : [value]
  return all.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
}
