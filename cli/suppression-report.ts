import type { Delivery } from '../lib/core/delivery.ts'
import { formatInstant } from '../lib/core/instant.ts'
import {
  inOrderOfTime,
  linesOf,
  parseEvidence,
  suppressionReasons,
  type HeldReason,
  type Suppression,
  type SuppressionReason,
} from '../lib/core/suppression.ts'
import { heldReasonAsJson } from '../lib/query/suppression-json.ts'
import { doubtsOf, type Doubt } from '../lib/suppressions/recheck.ts'
import { verdictOfFact, verdictWords, type BounceVerdict } from './verdict-words.ts'
import { colored } from './colors.ts'
import { filled, widthOf } from './columns.ts'
import type { LocalTimes } from './local-time.ts'

/** A row of the list, and why the address is on it now. */
export interface ListedRow {
  readonly row: Suppression
  readonly held: readonly HeldReason[]
}

type Cells = readonly [reason: SuppressionReason | '', since: string, note: string]

/** What the columns show of a row: a line for each reason. */
export interface RowInColumns {
  readonly recipient: string
  readonly cells: readonly Cells[]
}

export function rowInColumns({ row, held }: ListedRow, times: LocalTimes): RowInColumns {
  const cells = held.length > 0 ? held.map((reason) => cellsOf(reason, times)) : [offListCells(row, times)]
  return { recipient: row.recipient, cells }
}

/** A line for each reason of each row, in columns. */
export function inColumns(rows: readonly RowInColumns[]): readonly string[] {
  const addressWidth = widthOf(rows.map(({ recipient }) => recipient))
  const reasonWidth = Math.max(...suppressionReasons.map((reason) => reason.length))
  return rows.flatMap(({ recipient, cells }) =>
    cells.map(([reason, since, note]) => {
      const padded = reason.padEnd(reasonWidth)
      const word = reason === '' ? padded : colored(reason, padded)
      const line = [filled(recipient, addressWidth), word, since, note]
      return `${line.join('  ').trimEnd()}\n`
    }),
  )
}

function cellsOf({ reason, sinceMs, untilMs, fromDomain }: HeldReason, { time }: LocalTimes): Cells {
  const until = untilMs === undefined ? '' : `until ${time(untilMs)}`
  const from = fromDomain === undefined ? '' : `from ${fromDomain}`
  return [reason, time(sinceMs), [until, from].filter((part) => part !== '').join(' ')]
}

/** For an address that is not on the list: the last evidence against it, and why that does not hold. */
function offListCells(row: Suppression, { time, timeOf }: LocalTimes): Cells {
  const last = parseEvidence(inOrderOfTime(linesOf(row)).at(-1) ?? '')
  const removedAt = row.removals.at(-1)
  const note = removedAt === undefined ? 'not on the list' : `off the list since ${timeOf(removedAt)}`
  return [last?.reason ?? '', last === undefined ? '' : time(last.occurredAtMs), note]
}

/** A row as JSON; with the mails to the address also how each of its bounces is judged, and what is in doubt. */
export function asJson(row: Suppression, held: readonly HeldReason[], mails?: readonly Delivery[]): object {
  const [first] = held
  return {
    recipient: row.recipient,
    isSuppressed: held.length > 0,
    ...(first && heldReasonAsJson(first)),
    reasons: held.map(heldReasonAsJson),
    evidence: row.evidence,
    ...(row.blocklisted.length > 0 && { blocklisted: row.blocklisted }),
    ...(row.unclearBounces.length > 0 && { unclearBounces: row.unclearBounces }),
    removals: row.removals,
    ...(mails && { bounces: bouncesOf(mails), doubts: doubtsWhileHeld(row, held, mails).map(doubtWords) }),
  }
}

/** Why hard bounces that keep an address on the list may no longer hold. */
export function doubtsWhileHeld(
  row: Suppression,
  held: readonly HeldReason[],
  mails: readonly Delivery[],
): readonly Doubt[] {
  return held.some(({ reason }) => reason === 'hard-bounce') ? doubtsOf(row, mails) : []
}

interface JudgedBounce extends BounceVerdict {
  readonly message: string
  readonly at?: string
  readonly bounce: string
  readonly words: string
}

/** Each bounce of these mails with its judgment. */
export function bouncesOf(mails: readonly Delivery[]): readonly JudgedBounce[] {
  return mails.flatMap((delivery) =>
    (delivery.facts.get('bounced') ?? []).map((fact) => {
      const verdict = verdictOfFact(delivery, fact)
      return {
        message: delivery.message,
        ...(fact.occurredAtMs !== undefined && { at: formatInstant(fact.occurredAtMs) }),
        bounce: fact.detail,
        ...verdict,
        words: verdictWords(verdict),
      }
    }),
  )
}

/** The number of bounces shown with their reasons; the newest matter most. */
const shownBounces = 20

/**
 * One address for a person to read: whether it is on the list and why, what happened, how its bounces are judged, what
 * is in doubt.
 */
export function historyOf(
  row: Suppression,
  held: readonly HeldReason[],
  mails: readonly Delivery[],
  times: LocalTimes,
): string {
  const entries = [
    ...linesOf(row).map((line) => ({ atMs: parseEvidence(line)?.occurredAtMs ?? 0, line })),
    ...row.removals.map((removal) => ({ atMs: Date.parse(removal), line: `${removal} taken off the list` })),
  ].sort((a, b) => a.atMs - b.atMs)
  const bounces = bouncesOf(mails).toSorted((a, b) => ((a.at ?? '') < (b.at ?? '') ? 1 : -1))
  const doubts = doubtsWhileHeld(row, held, mails)
  return [
    `${row.recipient}  ${held.length > 0 ? 'on the list' : 'not on the list'}`,
    ...held.flatMap((reason) => reasonLines(reason, times)),
    ...section(
      '',
      entries.map(({ line }) => line),
    ),
    ...section(
      'How its bounces are judged, newest first:',
      bounces
        .slice(0, shownBounces)
        .flatMap((one) => [`${times.timeOf(one.at ?? 'time unknown')} ${one.bounce}`, `  ${one.words}`]),
    ),
    ...section('In doubt:', doubts.map(doubtWords)),
    '',
    `Times are in ${times.zone}${times.zone === 'UTC' ? '' : '; those with a Z are in UTC'}.`,
    '',
  ].join('\n')
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return []
  return ['', ...(title === '' ? [] : [title]), ...lines.map((line) => `  ${line}`)]
}

function reasonLines(
  { reason, sinceMs, untilMs, fromDomain, line }: HeldReason,
  { time }: LocalTimes,
): readonly string[] {
  const evidence = parseEvidence(line)
  return [
    ['reason', reason],
    ['since', time(sinceMs)],
    ['until', untilMs === undefined ? undefined : time(untilMs)],
    ['from', fromDomain],
    ['provider', evidence?.provider],
    ['message', evidence?.message],
    ['judged', evidence?.judgement && `${evidence.judgement.class}, by rule ${evidence.judgement.rule}`],
  ].flatMap(([name = '', value]) => (value === undefined ? [] : [`  ${name.padEnd(8)}  ${value}`]))
}

export function doubtWords(doubt: Doubt): string {
  switch (doubt.type) {
    case 'delivered-since':
      return `${doubt.kind} at ${formatInstant(doubt.atMs)}, after its last hard bounce (message ${doubt.message})`
    case 'judged-otherwise':
      return `the present rules read its bounces otherwise: ${doubt.line}`
  }
}
