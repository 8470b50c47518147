import {
  dayOf,
  evidenceLine,
  inOrderOfTime,
  setOf,
  sortableInstant,
  type Suppression,
  type SuppressionEvidence,
  type SuppressionReason,
} from '../../lib/core/suppression.ts'
import type { SuppressionReader, SuppressionWriter } from '../../lib/suppressions/ports.ts'
import { byBytes, eachAsync, requireKey } from './engine-rules.ts'

interface LatestEvidence {
  readonly reason: SuppressionReason
  readonly value: string
  readonly line: string
}

/** A row of the list. Evidence that found no room in its set stands beside it where it is the first or the latest. */
interface SuppressionRow {
  readonly evidence: Set<string>
  readonly blocklisted: Set<string>
  readonly unclearBounces: Set<string>
  readonly unclearDays: Set<string>
  /** By reason, and of what a provider's list says of its end by provider, too. */
  readonly latest: Map<string, LatestEvidence>
  first?: string
}

/** The suppression list, without removals: reconcile makes none. */
export function inMemorySuppressions(maxEvidenceInRow: number): SuppressionWriter & SuppressionReader {
  const rows = new Map<string, SuppressionRow>()
  return {
    suppress: (evidence, signal) =>
      new Promise((resolve) => {
        signal?.throwIfAborted()
        requireKey(evidence.recipient)
        const row = rows.get(evidence.recipient) ?? emptyRow()
        addEvidence(row, evidence, maxEvidenceInRow)
        rows.set(evidence.recipient, row)
        resolve()
      }),
    ofRecipient(recipient) {
      const row = rows.get(recipient)
      return Promise.resolve(row && suppressionIn(recipient, row))
    },
    all: () => eachAsync(eachSuppression(rows)),
  }
}

function emptyRow(): SuppressionRow {
  return {
    evidence: new Set(),
    blocklisted: new Set(),
    unclearBounces: new Set(),
    unclearDays: new Set(),
    latest: new Map(),
  }
}

function addEvidence(row: SuppressionRow, evidence: SuppressionEvidence, maxLines: number): void {
  const line = evidenceLine(evidence)
  const set = setOf(evidence)
  if (set === 'evidence' && (row.first === undefined || byBytes(line, row.first) < 0)) row.first = line
  if (row[set].has(line) || row[set].size < maxLines) row[set].add(line)
  else if (set === 'unclearBounces') row.unclearDays.add(dayOf(evidence.occurredAtMs))
  else keepLatest(row, evidence, line)
}

function keepLatest({ latest }: SuppressionRow, evidence: SuppressionEvidence, line: string): void {
  const value = `${sortableInstant(evidence.occurredAtMs)} ${line}`
  const { reason, untilMs, provider = '' } = evidence
  const name = untilMs === undefined ? reason : `${reason} of ${provider}`
  const known = latest.get(name)
  if (known !== undefined && byBytes(known.value, value) >= 0) return
  const kept = reason === 'unsubscribe' ? line.replace(/ from:\S+/, '') : line
  latest.set(name, { reason, value, line: kept })
}

function* eachSuppression(rows: ReadonlyMap<string, SuppressionRow>): Iterable<Suppression> {
  for (const [recipient, row] of rows) yield suppressionIn(recipient, row)
}

function suppressionIn(recipient: string, row: SuppressionRow): Suppression {
  const latest = (isBlocklist: boolean) =>
    [...row.latest.values()]
      .filter(({ reason }) => (reason === 'blocklist') === isBlocklist)
      .map(({ line }) => line)
  return {
    recipient,
    evidence: inOrderOfTime([
      ...row.evidence,
      ...(row.first === undefined ? [] : [row.first]),
      ...latest(false),
    ]),
    blocklisted: inOrderOfTime([...row.blocklisted, ...latest(true)]),
    unclearBounces: inOrderOfTime([...row.unclearBounces]),
    unclearDays: [...row.unclearDays].sort(),
    removals: [],
    countedOut: [],
  }
}
