import { stringify } from 'csv-stringify/sync'
import { Option, type Command } from 'commander'
import { numberIn } from './day-range.ts'

/** The options of every list. */
export interface ListFormat {
  /** Default: all. */
  readonly limit?: number
  readonly json?: boolean
  readonly csv?: boolean
}

const mostRows = 1_000_000

/** Adds `--limit`, `--json` and `--csv`. @param what - is listed, such as `the rows` */
export function withListOptions(command: Command, what: string): Command {
  return command
    .option('--limit <number>', `no more than so many (default: all)`, numberIn(1, mostRows))
    .addOption(new Option('--json', `print ${what} as JSON`).conflicts('csv'))
    .option('--csv', `print ${what} as CSV, times in UTC`)
}

/** Rows with a heading, or without; a cell that a spreadsheet would take for a formula is escaped. */
export function csvOf(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, string | number | undefined>>[],
  header = true,
): string {
  return stringify([...rows], { header, columns: [...columns], escape_formulas: true })
}

/** A line that says how many are not shown; none where all are. */
export function moreLine(all: number, shown: number): string {
  return all > shown ? `${(all - shown).toLocaleString('en-US')} more (--limit).\n` : ''
}
