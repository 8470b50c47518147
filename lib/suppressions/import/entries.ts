import { canonicalDomain, recipientOf } from '../../core/address.ts'
import { dayMs, formatInstant, isAhead, parseInstant } from '../../core/instant.ts'
import {
  defaultBlocklistDays,
  evidenceLine,
  parseEvidence,
  suppressionReasons,
  type SuppressionEvidence,
  type SuppressionReason,
} from '../../core/suppression.ts'
import { oneLine } from '../../core/text.ts'
import { addressNames } from './csv-records.ts'
import { entryInstant } from './entry-instant.ts'
import { listFormats, type ListFormat, type StatedReason } from './formats.ts'
import { fieldName, type ListRecord, type UnreadRecord } from './record.ts'

/** What an entry of a list says, or why it is refused. */
export type ReadEntry =
  | {
      readonly type: 'evidence'
      readonly line: number
      readonly evidence: SuppressionEvidence
      /** Whether the entry has an instant of its own. */
      readonly isDated: boolean
    }
  | { readonly type: 'refused'; readonly line: number; readonly problem: string }
  /** The list has it, and sends to it all the same: a subscriber, or a row of our own export that is not on our list. */
  | { readonly type: 'left-aside'; readonly line: number }

export interface ReadingOrder {
  readonly format: ListFormat
  /** Of entries that state none. */
  readonly reason?: SuppressionReason | undefined
  /** The instant of entries that have none. */
  readonly asOfMs: number
  readonly nowMs: number
}

/** Reads the entries of a list of this format. */
export async function* readEntries(
  records: AsyncIterable<ListRecord | UnreadRecord>,
  order: ReadingOrder,
): AsyncIterable<ReadEntry> {
  for await (const record of records) yield readEntry(record, order)
}

function readEntry(record: ListRecord | UnreadRecord, order: ReadingOrder): ReadEntry {
  const { line } = record
  if ('problem' in record) return { type: 'refused', line, problem: record.problem }
  const valueOf = (...names: readonly string[]) =>
    names.map((name) => record.fields.get(fieldName(name)) ?? '').find((value) => value !== '') ?? ''
  const format = listFormats[order.format]
  const stated = format.reasonOf(valueOf)
  if (stated.type === 'none-holds') return { type: 'left-aside', line }

  const time = valueOf(...format.timeNames(valueOf))
  const read = {
    recipient: recipientOf(valueOf(...addressNames)),
    reason: reasonOf(stated, order.reason),
    occurredAtMs: time === '' ? order.asOfMs : instantIn(time, order.format),
  }
  const { recipient, reason, occurredAtMs } = read
  const refused = (problem: string) => ({ type: 'refused', line, problem }) as const
  if (recipient === undefined) return refused(noAddress(valueOf(...addressNames)))
  if (reason === undefined) return refused(noReason(stated))
  if (occurredAtMs === undefined) return refused(noInstant(time))
  if (isAhead(occurredAtMs, order.nowMs)) {
    return refused(`${quoted(time)} is in the future, by this machine's clock: ${formatInstant(order.nowMs)}`)
  }
  const domain = reason === 'unsubscribe' ? valueOf('from domain') : ''
  const fromDomain = canonicalDomain(domain)
  if (domain !== '' && fromDomain === undefined) return refused(`${quoted(domain)} is no domain`)
  const evidence = {
    recipient,
    reason,
    occurredAtMs,
    source: 'import' as const,
    provider: order.format,
    ...statedEnd(order.format, { reason, occurredAtMs }, valueOf),
    ...(fromDomain !== undefined && { fromDomain }),
    detail: oneLine(format.detailOf(valueOf)),
  }
  return { type: 'evidence', line, evidence: withPlainDetail(evidence), isDated: time !== '' }
}

/** Our own export has evidence of a list that states no instant at the beginning of time: older than any removal. */
function instantIn(time: string, format: ListFormat): number | undefined {
  return format === 'csv' && time === formatInstant(0) ? 0 : entryInstant(time)
}

/** Our own export shows an end in any case; one that somebody stated is kept. */
function statedEnd(
  format: ListFormat,
  { reason, occurredAtMs }: Pick<SuppressionEvidence, 'reason' | 'occurredAtMs'>,
  valueOf: (name: string) => string,
): { readonly untilMs?: number } {
  const isStated =
    format === 'csv' && reason === 'blocklist' && ['list', 'import'].includes(valueOf('source'))
  const untilMs = isStated ? parseInstant(valueOf('until')) : undefined
  const isUsual = untilMs === occurredAtMs + defaultBlocklistDays * dayMs
  return untilMs === undefined || isUsual ? {} : { untilMs }
}

/** What the list states in so many words stays; `--reason` is for what it does not state. */
function reasonOf(
  stated: StatedReason,
  byOperator: SuppressionReason | undefined,
): SuppressionReason | undefined {
  switch (stated.type) {
    case 'stated':
      return stated.reason
    case 'likely':
      return byOperator ?? stated.reason
    case 'absent':
      return byOperator
    case 'unknown':
    case 'none-holds':
      return undefined
  }
}

/** Words of a stranger that would be read as a domain or as a judgement of ours get a hyphen before them. */
function withPlainDetail(evidence: SuppressionEvidence): SuppressionEvidence {
  const stored = parseEvidence(evidenceLine(evidence))
  const isPlain = stored?.fromDomain === evidence.fromDomain && stored?.judgement === undefined
  return isPlain ? evidence : { ...evidence, detail: `- ${evidence.detail}` }
}

function noAddress(text: string): string {
  return text === ''
    ? 'has no address'
    : `${quoted(text)} is no email address: expected one, such as somebody@example.com`
}

function noReason(stated: StatedReason): string {
  const expected = `expected ${suppressionReasons.join(', ')}`
  return stated.type === 'unknown'
    ? `the reason ${quoted(stated.word)} is not known: ${expected}`
    : `has no reason: say one for all such entries with --reason (${expected})`
}

function noInstant(text: string): string {
  return `${quoted(text)} is no instant between 2000 and 2100: expected one such as 2026-11-21T08:00:03Z, or Unix seconds`
}

const shownLength = 80

/** Text of a stranger, for a terminal. */
function quoted(text: string): string {
  const line = oneLine(text)
  return `'${line.length > shownLength ? `${line.slice(0, shownLength).toWellFormed()}…` : line}'`
}
