import type { Row, RowValue } from '../rows/row.ts'
import type { Given } from './database.ts'
import { definition, quoted, tables, type TableName } from './schema.ts'

// Pieces of statements. Names come from lib/postgres/schema.ts; what comes from outside is in the one parameter.

/** `$1` as a row `n` with columns of a table; others are added with their types. */
export function givenAs(
  table: TableName,
  columns: readonly string[],
  others: Readonly<Record<string, 'text' | 'text[]' | 'bigint' | 'jsonb'>> = {},
): string {
  const types: Readonly<Record<string, string>> = tables[table].columns
  const definitions = columns.map((column) => definition(column, types[column] as 'text'))
  const more = Object.entries(others).map(([name, type]) => definition(name, type))
  return `jsonb_to_record($1::jsonb) AS n(${[...definitions, ...more].join(', ')})`
}

/** Names as a list. */
export function list(names: readonly string[]): string {
  return names.map(quoted).join(', ')
}

/** The columns that something has a value for. */
export function presentIn(given: Given): readonly string[] {
  return Object.keys(given).filter((name) => given[name] !== undefined)
}

/** Takes what the row `d` has of a column, and else what is new. */
export function once(column: string): string {
  return `${quoted(column)} = coalesce(d.${quoted(column)}, EXCLUDED.${quoted(column)})`
}

/** Takes what is new of a column. */
export function latest(column: string): string {
  return `${quoted(column)} = EXCLUDED.${quoted(column)}`
}

/** Unites a set of the row `d` with new members, where it has room or holds them. */
export function unitedWithinRoom(set: string, maxMembers: number): string {
  const known = `d.${quoted(set)}`
  const added = `EXCLUDED.${quoted(set)}`
  return `${quoted(set)} = CASE
    WHEN ${known} IS NULL THEN ${added}
    WHEN ${added} IS NULL OR ${added} <@ ${known} OR cardinality(${known}) >= ${maxMembers} THEN ${known}
    ELSE ${known} || ARRAY(SELECT unnest(${added}) EXCEPT SELECT unnest(${known})) END`
}

/** The later of both ends. */
export const latestExpiry = '"expiresAt" = greatest(d."expiresAt", EXCLUDED."expiresAt")'

/** Columns in which several of the table of DynamoDB stand, each by its name. */
const holders = ['headers', 'latest']

/** A row as the table of DynamoDB has it. */
export function flat(row: Row): Row {
  const held = holders.flatMap((holder) => Object.entries((row[holder] ?? {}) as Record<string, RowValue>))
  const own = Object.entries(row).filter(([name]) => !holders.includes(name))
  return Object.fromEntries([...held, ...own])
}
