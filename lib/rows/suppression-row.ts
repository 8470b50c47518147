import {
  dayOf,
  evidenceLine,
  inOrderOfTime,
  parseEvidence,
  setOf,
  sortableInstant,
  suppressionReasons,
  type Suppression,
  type SuppressionEvidence,
  type SuppressionReason,
} from '../core/suppression.ts'
import { listIn, membersOf, textIn, type Row } from './row.ts'

// How a suppression is stored in its row. Sets are bounded, since a write costs by the size of the row; who is on the
// list stays exact beyond their bounds (docs/adr/0007).

/** The columns that are sets, each named as in {@link Suppression}. */
export const suppressionSets = [
  'evidence',
  'blocklisted',
  'unclearBounces',
  'unclearDays',
  'countedOut',
  'removals',
] as const

/** Lines that a set holds. Otherwise the row of an address that is still mailed could grow without bound. */
export const usualSetLimits = { evidence: 50, blocklisted: 20, unclearBounces: 60, unclearDays: 400 } as const

export type SetLimits = Readonly<Record<keyof typeof usualSetLimits, number>>

/** The column that keeps the latest evidence of a reason once the set has no room left for it. */
export function latestColumnOf(reason: SuppressionReason): string {
  return latestColumns[reason]
}

const latestColumns: Readonly<Record<SuppressionReason, string>> = {
  'hard-bounce': 'latestHardBounce',
  complaint: 'latestComplaint',
  unsubscribe: 'latestUnsubscribe',
  blocklist: 'latestBlocklisting',
  'by-hand': 'latestByHand',
}

/** The same of what a provider's list says of its end: for each provider one column. */
const latestListing = 'latestListing-'

function latestColumnFor({ reason, untilMs, provider = '' }: SuppressionEvidence): string {
  return reason === 'blocklist' && untilMs !== undefined
    ? `${latestListing}${provider}`
    : latestColumnOf(reason)
}

/** Evidence in the words of its row. */
export interface EvidenceInRow {
  readonly set: ReturnType<typeof setOf>
  readonly line: string
  /** Of which text order is order in time, to the millisecond. */
  readonly instant: string
  readonly day: string
  /** Where the latest evidence of its reason stands once the set has no room left. */
  readonly latestColumn: string
  /** The line behind its instant. */
  readonly latestValue: string
}

export function evidenceInRow(evidence: SuppressionEvidence): EvidenceInRow {
  const line = evidenceLine(evidence)
  const instant = sortableInstant(evidence.occurredAtMs)
  return {
    set: setOf(evidence),
    line,
    instant,
    day: dayOf(evidence.occurredAtMs),
    latestColumn: latestColumnFor(evidence),
    latestValue: `${instant} ${line}`,
  }
}

/** Each lost round is due to another write, so this many in a row are no coincidence. */
export const maxRounds = 50

export function rowKeptChanging(): Error {
  return new Error(`The row kept changing while it was written: others won ${maxRounds} rounds. Try again.`)
}

/** A row as the core represents it, with the evidence stored outside its sets. */
export function suppressionIn(row: Row): Suppression {
  const set = (column: string) => listIn(row, column)
  const latest = (reason: SuppressionReason) => latestIn(row, reason)
  const listings = Object.keys(row).filter((column) => column.startsWith(latestListing))
  const lasting = suppressionReasons.filter((reason) => reason !== 'blocklist')
  const suppressedBy = textIn(row, 'suppressedBy')
  const removedAt = textIn(row, 'removedAt')
  return {
    recipient: textIn(row, 'recipient') ?? '',
    evidence: inOrderOfTime([
      ...set('evidence').filter((line) => !isBlocklisting(line)),
      ...(suppressedBy === undefined || isBlocklisting(suppressedBy) ? [] : [suppressedBy]),
      ...lasting.flatMap(latest),
    ]),
    blocklisted: inOrderOfTime([
      ...set('blocklisted'),
      ...set('evidence').filter(isBlocklisting),
      ...latest('blocklist'),
      ...listings.flatMap((column) => lineIn(row, column) ?? []),
    ]),
    unclearBounces: inOrderOfTime(set('unclearBounces')),
    unclearDays: membersOf(row, 'unclearDays'),
    countedOut: membersOf(row, 'countedOut'),
    removals: [...new Set([...set('removals'), ...(removedAt === undefined ? [] : [removedAt])])].sort(),
  }
}

/**
 * The latest evidence of a reason that did not fit. For unsubscriptions the sender's domain is unknown then, so it
 * concerns every sender.
 */
function latestIn(row: Row, reason: SuppressionReason): readonly string[] {
  const line = lineIn(row, latestColumnOf(reason))
  if (line === undefined) return []
  return [reason === 'unsubscribe' ? line.replace(/ from:\S+/, '') : line]
}

/** The line behind its instant. */
function lineIn(row: Row, column: string): string | undefined {
  const value = textIn(row, column)
  return value?.slice(value.indexOf(' ') + 1)
}

/** Version 1 of the rules kept these with the lasting evidence. */
function isBlocklisting(line: string): boolean {
  return parseEvidence(line)?.reason === 'blocklist'
}
