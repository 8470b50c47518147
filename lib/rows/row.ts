import * as v from 'valibot'

/** What a column of a row holds. A set is a list without repeats, in no order. */
export type RowValue = string | number | Uint8Array | readonly string[] | Readonly<Record<string, unknown>>

/** A row of any table of any store, by the names of its columns. A column without value is absent. */
export type Row = Readonly<Record<string, RowValue>>

/** The members of a set, sorted; none where the column is absent. */
export function membersOf(row: Row, set: string): readonly string[] {
  return listIn(row, set).toSorted()
}

/** A list as it stands there; empty where the column is absent or holds something else. What is no text among it is left out. */
export function listIn(row: Row, column: string): readonly string[] {
  const value = row[column]
  return Array.isArray(value) ? value.filter((member): member is string => typeof member === 'string') : []
}

/** Text, if the column holds any. */
export function textIn(row: Row, column: string): string | undefined {
  const value = row[column]
  return typeof value === 'string' ? value : undefined
}

/** The same where it has to be there, and a row that lacks it is nobody's. */
export function textOf(row: Row, column: string): string {
  return textIn(row, column) ?? ''
}

/** A row that does not hold what this version writes. */
export class UnreadableRowError extends Error {}

/** Text that has to be there. Throws {@link UnreadableRowError}. */
export function requiredText(row: Row, column: string): string {
  const value = textIn(row, column)
  if (value !== undefined) return value
  throw new UnreadableRowError(`${column}: expected a string, got nothing or another type`)
}

/** Says where a row is wrong and what was expected, never the value: it may be an address. */
export function problemOf(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? 'row'}: expected ${issue.expected ?? 'another value'}`
}

// Columns as valibot schemas.

export const count = v.pipe(v.number(), v.integer(), v.minValue(0))

export const texts = v.pipe(
  v.array(v.string()),
  v.transform((members) => members.toSorted()),
)

export const instant = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
  v.finite(),
)
