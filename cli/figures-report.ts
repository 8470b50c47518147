import { stringify } from 'csv-stringify/sync'
import { machineRulesVersion } from '../lib/core/machine-opens.ts'
import { replyRulesVersion } from '../lib/core/reply-rules.ts'
import type { EngagementFigures, FigureTable, GroupFigures, Grouping } from '../lib/core/figures.ts'
import { statusRanks } from '../lib/core/delivery.ts'
import { printedLine } from '../lib/core/text.ts'
import { inColumns } from './columns.ts'
import { counted } from './counted.ts'
import { rangeWords, type DayRange } from './day-range.ts'

/** What was asked and found. */
export interface FiguresReport {
  readonly by: Grouping
  readonly range: DayRange
  readonly table: FigureTable
  /** Mails whose day is not known, so that they are in no range. */
  readonly undated: number
  /** Of an export: facts that found no room. */
  readonly leftOut: number
}

/** For a person: a line for each group, one for all, and what one must know to read them. */
export function linesOf(report: FiguresReport): readonly string[] {
  const { by, range, table } = report
  if (table.total.mails === 0) return [`There are no mails${asked(range)}.`, ...notesOf(report)]
  const rows = [
    headings(by),
    ...table.groups.map((group) => rowOf(printedLine(group.group), group)),
    ...(table.others ? [rowOf('others', table.others)] : []),
    rowOf('total', table.total),
  ]
  const figures = new Set(Array.from({ length: rows[0]?.length ?? 0 }, (_, place) => place).slice(1))
  return [
    `Mails by ${by}${asked(range)}. Days are days of sending, in UTC+8.`,
    '',
    ...inColumns(rows, figures),
    '',
    ...engagementLines(table.total),
    ...classLine(table.total),
    ...notesOf(report),
  ]
}

function asked(range: DayRange): string {
  const words = rangeWords(range)
  return words === '' ? '' : ` sent ${words}`
}

function headings(by: Grouping): readonly string[] {
  return [
    by,
    ...['mails', 'delivered', 'bounced', 'soft', 'dropped', 'unsettled', 'bounce', 'complaint', 'opened'],
    ...['by people', 'clicked', 'by people', 'p50', 'p95'],
  ]
}

function rowOf(name: string, { mails, statuses, rates, secondsToDelivery }: GroupFigures): readonly string[] {
  const unsettled = statuses.requested + statuses.deferred + statuses.unknown
  const counts = [
    mails,
    statuses.delivered,
    statuses.bounced,
    statuses['soft-bounced'],
    statuses.dropped,
    unsettled,
  ]
  const shares = [
    ...[rates.bounce, rates.complaint, rates.open, rates.openByPeople],
    ...[rates.click, rates.clickByPeople],
  ]
  const times = [secondsToDelivery?.p50, secondsToDelivery?.p95]
  return [
    name,
    ...counts.map((count) => count.toLocaleString('en-US')),
    ...shares.map(percent),
    ...times.map(duration),
  ]
}

/** `1.2 %`; smaller shares with as many digits as show them. */
export function percent(share: number | undefined): string {
  if (share === undefined) return '-'
  const value = 100 * share
  return `${value === 0 || value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2)} %`
}

/** `40 s`, `12 min`, `3.1 h`, `2.0 d`. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '-'
  if (seconds < 100) return `${seconds.toFixed(0)} s`
  if (seconds < 6_000) return `${(seconds / 60).toFixed(0)} min`
  return seconds < 172_800 ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`
}

function engagementLines({ opens, clicks, complained, unsubscribed }: GroupFigures): readonly string[] {
  return [
    `Opens   ${engagementWords(opens)}`,
    `Clicks  ${engagementWords(clicks)}`,
    `${counted(complained, 'complaint')}, ${counted(unsubscribed, 'unsubscription')}.`,
  ]
}

/** `12 of 9 mails (5 by people, 1 behind a proxy; 4 by machines; 3 unknown)` */
function engagementWords(of: EngagementFigures): string {
  const proxy = of.behindProxy === 0 ? '' : `, ${of.behindProxy.toLocaleString('en-US')} behind a proxy`
  return `${of.total.toLocaleString('en-US')} of ${counted(of.mails, 'mail')} (${of.byPeople.toLocaleString('en-US')} by people${proxy}; ${of.byMachines.toLocaleString('en-US')} by machines; ${of.unknown.toLocaleString('en-US')} unknown)`
}

function classLine({ classes }: GroupFigures): readonly string[] {
  const words = Object.entries(classes).map(([name, mails]) => `${name} ${mails.toLocaleString('en-US')}`)
  return words.length === 0 ? [] : [`Bounced because of: ${words.join(', ')}. \`ledger bounces\` says more.`]
}

function notesOf({ table, undated, leftOut, range }: FiguresReport): readonly string[] {
  return [
    ...(table.areGroupsSampled
      ? [
          'There are too many groups to count each: which have a line was drawn by lot, the rest is in `others`. Totals are exact.',
        ]
      : []),
    ...(undated > 0 && rangeWords(range) !== ''
      ? [
          `${counted(undated, 'mail')} of which no day is known ${undated === 1 ? 'is' : 'are'} not among them.`,
        ]
      : []),
    ...(leftOut > 0
      ? [`${counted(leftOut, 'fact')} beside a row found no room in memory: opens and clicks may be too low.`]
      : []),
  ]
}

/** Everything, for a program. Rates are shares from 0 to 1 and absent where there is nothing to divide by. */
export function asJson({ by, range, table, undated, leftOut }: FiguresReport): object {
  return {
    by,
    ...range,
    daysIn: 'UTC+8',
    machineRulesVersion,
    replyRulesVersion,
    undated,
    leftOut,
    ...table,
  }
}

/** A line for each group, `others` last; no line for the total, so that a column can be added up. */
export function asCsv({ by, table }: FiguresReport): string {
  const groups = [...table.groups, ...(table.others ? [{ group: 'others', ...table.others }] : [])]
  // A group may be named by a stranger: a formula must not become one in a spreadsheet.
  return stringify(
    groups.map(({ group, ...figures }) => ({ [by]: group, ...cellsOf(figures) })),
    { header: true, escape_formulas: true },
  )
}

function cellsOf(figures: GroupFigures): Record<string, number | string> {
  const { mails, statuses, opens, clicks, complained, unsubscribed, rates, secondsToDelivery } = figures
  const rounded = (value: number | undefined, digits: number) =>
    value === undefined ? '' : value.toFixed(digits)
  return {
    mails,
    ...Object.fromEntries(
      Object.keys(statusRanks).map((status) => [status, statuses[status as keyof typeof statuses]]),
    ),
    ...engagementCells('opens', opens),
    ...engagementCells('clicks', clicks),
    complained,
    unsubscribed,
    ...Object.fromEntries(
      Object.entries(rates).map(([name, share]) => [`${name}Rate`, rounded(share as number | undefined, 5)]),
    ),
    p50Seconds: rounded(secondsToDelivery?.p50, 1),
    p95Seconds: rounded(secondsToDelivery?.p95, 1),
  }
}

function engagementCells(kind: string, figures: EngagementFigures): Record<string, number> {
  return {
    [kind]: figures.total,
    [`${kind}ByPeople`]: figures.byPeople,
    [`${kind}BehindProxy`]: figures.behindProxy,
    [`${kind}ByMachines`]: figures.byMachines,
    [`${kind}Unknown`]: figures.unknown,
    [`${kind}Mails`]: figures.mails,
    [`${kind}MailsByPeople`]: figures.mailsByPeople,
  }
}
