import { formatInstant, parseInstant } from './instant.ts'
import type { MessageKey } from './message.ts'
import { oneLine } from './text.ts'

/** Why nothing should be sent to an address. */
export const suppressionReasons = ['hard-bounce', 'complaint', 'unsubscribe', 'blocklist', 'by-hand'] as const

export type SuppressionReason = (typeof suppressionReasons)[number]

/** One thing that speaks for not sending to an address any more. */
export interface SuppressionEvidence {
  /** Trimmed and in lower case. */
  readonly recipient: string
  readonly reason: SuppressionReason
  /**
   * When it happened. Where the poll tells that something happened but not when: when the message was sent, the earliest
   * that it can have been.
   */
  readonly occurredAtMs: number
  readonly source: 'callback' | 'poll' | 'operator'
  /** Who told it; absent where an operator did. */
  readonly provider?: string
  /** The message that it is about; absent where an operator told it. */
  readonly message?: MessageKey
  /** What was told, on one line. */
  readonly detail: string
}

/** What is known of one address: everything that spoke against it, and when it was taken off the list. */
export interface Suppression {
  readonly recipient: string
  /** Whether the address is on the list now: whether there is evidence newer than the last removal. */
  readonly isSuppressed: boolean
  /**
   * Why it is on the list: the line of evidence newer than the last removal that comes first as text, which is the
   * earliest to the second. Absent where it is not.
   */
  readonly suppressedBy?: string
  /** A line each, in order of time. */
  readonly evidence: readonly string[]
  /** Instants at which an operator took it off the list, earliest first. */
  readonly removals: readonly string[]
}

const marks: ReadonlyMap<SuppressionEvidence['source'], string> = new Map([
  ['poll', '[poll]'],
  ['operator', '[operator]'],
  ['callback', ''],
])

/** Longest line that a detail is given room in; what identifies the evidence stands there whole, however long it is. */
const maxLineLength = 300
const nothing = '-'

/**
 * Evidence as it stands in the table: one line that sorts by time, to the second, and that a person can read.
 *
 *     <instant>[poll] <reason> <provider> <message> <detail>
 *     2026-11-21T08:00:03Z hard-bounce tencent-ses qcloudses-… 551 5.1.1 recipient is not exist
 *     2026-11-21T08:00:03Z[operator] by-hand <note>
 */
export function evidenceLine(evidence: SuppressionEvidence): string {
  const { occurredAtMs, source, reason, provider, message } = evidence
  const time = formatInstant(occurredAtMs) + (marks.get(source) ?? '')
  const about = source === 'operator' ? [] : [provider ?? nothing, message ?? nothing]
  const identity = [time, reason, ...about].join(' ')
  const detail = shortened(oneLine(evidence.detail), maxLineLength - identity.length - 1)
  return detail === '' ? identity : `${identity} ${detail}`
}

/** Reads a line back; `undefined` for one that no evidence wrote. */
export function parseEvidence(line: string): Omit<SuppressionEvidence, 'recipient'> | undefined {
  const [first = '', second, ...rest] = line.split(' ')
  const [source, mark] = [...marks].find(([, known]) => first.endsWith(known)) ?? ['callback', '']
  const occurredAtMs = parseInstant(first.slice(0, first.length - mark.length))
  const reason = suppressionReasons.find((known) => known === second)
  if (occurredAtMs === undefined || reason === undefined) return undefined
  if (source === 'operator') return { occurredAtMs, source, reason, detail: rest.join(' ') }
  const [provider = nothing, message = nothing, ...detail] = rest
  return {
    occurredAtMs,
    source,
    reason,
    ...(provider !== nothing && { provider }),
    ...(message !== nothing && { message }),
    detail: detail.join(' '),
  }
}

/** An instant of which text order is order of time: always with milliseconds. */
export function sortableInstant(instantMs: number): string {
  return new Date(instantMs).toISOString()
}

/**
 * What the table's write of evidence does to a row, as a pure function: the model that the table is held against.
 * A suppression is a function of its set of evidence and its set of removals, so any order and any repeats end in the same.
 */
export function withEvidence(known: Suppression | undefined, evidence: SuppressionEvidence): Suppression {
  return suppressionOfSets(
    evidence.recipient,
    [...(known?.evidence ?? []), evidenceLine(evidence)],
    known?.removals ?? [],
  )
}

/** The same for a removal. An address that was never on the list stays unknown. */
export function withRemoval(known: Suppression, atMs: number): Suppression {
  return suppressionOfSets(known.recipient, known.evidence, [...known.removals, sortableInstant(atMs)])
}

function suppressionOfSets(
  recipient: string,
  evidence: readonly string[],
  removals: readonly string[],
): Suppression {
  const removedAtMs = lastOf(removals)
  const [suppressedBy] = evidence.filter((line) => instantOf(line) > removedAtMs).sort(asTable)
  return {
    recipient,
    isSuppressed: suppressedBy !== undefined,
    ...(suppressedBy !== undefined && { suppressedBy }),
    evidence: inOrderOfTime(evidence),
    removals: [...new Set(removals)].sort(),
  }
}

/** The last of these instants; before all time where there is none. */
export function lastOf(instants: readonly string[]): number {
  const readable = instants
    .map((instant) => Date.parse(instant))
    .filter((instantMs) => !Number.isNaN(instantMs))
  return Math.max(beforeAllTimeMs, ...readable)
}

// The least that a Date can hold.
const beforeAllTimeMs = -8.64e15

/** Distinct lines, earliest first. */
export function inOrderOfTime(lines: readonly string[]): readonly string[] {
  return [...new Set(lines)].sort((a, b) => instantOf(a) - instantOf(b) || asTable(a, b))
}

// A line that no evidence wrote is older than any removal.
function instantOf(line: string): number {
  return parseEvidence(line)?.occurredAtMs ?? beforeAllTimeMs
}

// DynamoDB compares strings by their bytes in UTF-8, which is not the order of JavaScript's own comparison.
function asTable(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  return maxLength < 2 ? '' : `${text.slice(0, maxLength - 1).toWellFormed()}…`
}
