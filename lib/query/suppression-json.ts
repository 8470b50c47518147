import { formatInstant } from '../core/instant.ts'
import {
  heldReasons,
  parseEvidence,
  reasonsAgainst,
  replyIn,
  type HeldReason,
  type Suppression,
} from '../core/suppression.ts'
import type { SuppressionQuestion } from './parameters.ts'

/**
 * Whether nothing should be sent to the recipient, and each reason, in the order of `suppressionOf`: what that returns is
 * the first.
 * @param known - absent where nothing is known of the recipient
 */
export function suppressionAsJson(
  question: SuppressionQuestion,
  known: Suppression | undefined,
  at: { readonly nowMs: number; readonly blocklistDays: number },
): { readonly address: string; readonly suppressed: boolean; readonly reasons: readonly object[] } {
  const reasons = known ? reasonsAgainst(question, heldReasons(known, at)) : []
  return {
    address: question.recipient,
    suppressed: reasons.length > 0,
    reasons: reasons.map(reasonAsJson),
  }
}

function reasonAsJson(held: HeldReason): object {
  const evidence = parseEvidence(held.line)
  const reply = evidence === undefined ? '' : replyIn(evidence)
  return { ...heldReasonAsJson(held), ...(reply !== '' && { reply }) }
}

/** Why an address is on the list, and by what; instants in UTC. */
export function heldReasonAsJson({ reason, sinceMs, untilMs, fromDomain, line }: HeldReason): object {
  const evidence = parseEvidence(line)
  return {
    reason,
    since: formatInstant(sinceMs),
    ...(untilMs !== undefined && { until: formatInstant(untilMs) }),
    ...(fromDomain !== undefined && { fromDomain }),
    ...(evidence?.provider !== undefined && { provider: evidence.provider }),
    ...(evidence?.message !== undefined && { message: evidence.message }),
  }
}
