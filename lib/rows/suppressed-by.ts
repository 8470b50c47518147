import { formatInstant } from '../core/instant.ts'
import { suppressionRulesVersion } from '../core/suppression-rules.ts'
import { parseEvidence, type SuppressionEvidence } from '../core/suppression.ts'

/** Why the recipient is on the list, in columns for a person to read; all are absent if it is not. */
export function suppressedByColumns(line: string | undefined) {
  const evidence = line === undefined ? undefined : parseEvidence(line)
  return {
    suppressedBy: line,
    reason: evidence?.reason,
    since: evidence && formatInstant(evidence.occurredAtMs),
    provider: evidence?.provider,
    message: evidence?.message,
    rulesVersion: isJudged(evidence?.source) ? suppressionRulesVersion : undefined,
  }
}

/** Whether our rules made the evidence out of an event. */
function isJudged(source: SuppressionEvidence['source'] | undefined): boolean {
  return source === 'callback' || source === 'poll'
}
