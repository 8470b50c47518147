import { evidenceLine, inOrderOfTime, sortableInstant, type Suppression } from '../../lib/core/suppression.ts'
import type { SuppressionReader, SuppressionWriter } from '../../lib/ports.ts'
import { byBytes, eachAsync, requireKey } from './engine-rules.ts'

/** A row of the list. Evidence that found no room in the set stands beside it where it is the first or the latest. */
interface SuppressionRow {
  readonly evidence: Set<string>
  suppressedBy: string
  latest?: { readonly instant: string; readonly line: string }
}

/** The suppression list, without removals: reconcile makes none. */
export function inMemorySuppressions(maxEvidenceInRow: number): SuppressionWriter & SuppressionReader {
  const rows = new Map<string, SuppressionRow>()
  return {
    suppress: (evidence, signal) =>
      new Promise((resolve) => {
        signal?.throwIfAborted()
        requireKey(evidence.recipient)
        const line = evidenceLine(evidence)
        const row = rows.get(evidence.recipient)
        if (row) addEvidence(row, line, evidence.occurredAtMs, maxEvidenceInRow)
        else rows.set(evidence.recipient, { evidence: new Set([line]), suppressedBy: line })
        resolve()
      }),
    ofRecipient(recipient) {
      const row = rows.get(recipient)
      return Promise.resolve(row && suppressionIn(recipient, row))
    },
    all: () => eachAsync(eachSuppression(rows)),
  }
}

function addEvidence(
  row: SuppressionRow,
  line: string,
  occurredAtMs: number,
  maxEvidenceInRow: number,
): void {
  const instant = sortableInstant(occurredAtMs)
  if (byBytes(line, row.suppressedBy) < 0) row.suppressedBy = line
  if (row.evidence.has(line) || row.evidence.size < maxEvidenceInRow) row.evidence.add(line)
  else if (row.latest === undefined || row.latest.instant < instant) row.latest = { instant, line }
}

function* eachSuppression(rows: ReadonlyMap<string, SuppressionRow>): Iterable<Suppression> {
  for (const [recipient, row] of rows) yield suppressionIn(recipient, row)
}

function suppressionIn(recipient: string, { evidence, suppressedBy, latest }: SuppressionRow): Suppression {
  const beside = [suppressedBy, ...(latest ? [latest.line] : [])]
  return {
    recipient,
    isSuppressed: true,
    suppressedBy,
    evidence: inOrderOfTime([...evidence, ...beside]),
    removals: [],
  }
}
