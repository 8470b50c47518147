import type { BackfillFigures, BackfillReport } from '../lib/reconcile/backfill/backfill.ts'
import { inColumns } from './columns.ts'
import { counted } from './counted.ts'

/** The report for a person: a table, and what is left to do. */
export function linesOf(report: BackfillReport, isDryRun: boolean): readonly string[] {
  const { dates, total, stopped } = report
  const forEstimate = total.calls - dates.reduce((sum, { calls }) => sum + calls, 0)
  const table = [
    ['date', 'calls', 'rows', 'discovered', 'repaired', 'settled', isDryRun ? 'would be added' : 'added'],
    ...(forEstimate === 0 ? [] : [['estimate', String(forEstimate), '', '', '', '', '']]),
    ...dates.map((date) => [date.requestDate, ...cellsOf(date)]),
    ['total', ...cellsOf(total)],
  ]
  return [
    ...(isDryRun ? ['Dry run: nothing was written.\n'] : []),
    ...inColumns(table, figureColumns).map((line) => `${line}\n`),
    '\n',
    ...dates.flatMap(({ requestDate, offset, problem }) =>
      problem === undefined
        ? []
        : [`${requestDate} is not complete, with ${counted(offset, 'row')} read. ${problem}\n`],
    ),
    ...(stopped && stopped.problem !== dates.at(-1)?.problem ? [`${stopped.problem}\n`] : []),
    whatIsLeft(report, isDryRun),
  ]
}

function cellsOf(figures: BackfillFigures): readonly string[] {
  const { calls, rows, discovered, repaired, settled, added } = figures
  const facts = [...added].map(([kind, count]) => `${kind} ${count}`).join(', ')
  return [...[calls, rows, discovered, repaired, settled].map(String), facts === '' ? 'nothing' : facts]
}

/** All but the date and what was added. */
const figureColumns = new Set([1, 2, 3, 4, 5])

function whatIsLeft(report: BackfillReport, isDryRun: boolean): string {
  const left = unfinishedDates(report)
  const [first, last] = [left.at(0), left.at(-1)]
  if (first === undefined || last === undefined) return 'Every date is complete.\n'
  const unread = report.unread.length === 0 ? '' : `${counted(report.unread.length, 'date')} not begun. `
  const dryRun = isDryRun ? ' --dry-run' : ''
  return `${unread}Run it again: ledger reconcile --from ${first} --to ${last}${dryRun}\n`
}

/** The dates that are not complete, in order. */
export function unfinishedDates({ dates, unread }: BackfillReport): readonly string[] {
  const incomplete = dates.filter(({ problem }) => problem !== undefined)
  return [...incomplete.map(({ requestDate }) => requestDate), ...unread]
}

export function asJson(report: BackfillReport, asked: Readonly<Record<string, unknown>>): object {
  const { dates, unread, total, stopped } = report
  return {
    ...asked,
    dates: dates.map((date) => ({ ...date, added: Object.fromEntries(date.added) })),
    unread,
    total: { ...total, added: Object.fromEntries(total.added) },
    ...(stopped && { stopped }),
  }
}
