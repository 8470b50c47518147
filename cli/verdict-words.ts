import type { Delivery } from '../lib/core/delivery.ts'
import type { Fact } from '../lib/core/fact.ts'
import type { ReplyClass } from '../lib/core/judge-reply.ts'
import { replyRules } from '../lib/core/reply-rules.ts'
import { replySources } from '../lib/core/reply-sources.ts'
import { unclearBounces } from '../lib/core/suppression.ts'
import type { Verdict } from '../lib/core/suppression-rules.ts'
import { verdictOfBounce } from '../lib/core/stored-verdict.ts'

/** The judgment of a stored bounce, and its source. */
export interface BounceVerdict extends Verdict {
  readonly source: string
}

export function verdictOfFact(delivery: Delivery, fact: Fact): BounceVerdict {
  const verdict = verdictOfBounce(delivery, fact)
  return { ...verdict, source: sourceOf(verdict.rule) }
}

/** `gone, by rule mailbox-not-there: a reason not to send to it. Source: RFC 5321 …` */
export function verdictWords({
  class: replyClass = 'unknown',
  rule,
  verdict,
  source,
}: BounceVerdict): string {
  const soft = passing.has(replyClass) ? ' (soft: it passes)' : ''
  return `${replyClass}${soft}, by rule ${rule}: ${consequences[verdict]}. Source: ${source}.`
}

/** Temporary classes, even if the provider calls the bounce hard. */
const passing: ReadonlySet<ReplyClass> = new Set(['full', 'rate', 'transient'])

/** What follows from a verdict for the address. */
export const consequences: Readonly<Record<Verdict['verdict'], string>> = {
  'hard-bounce': 'a reason not to send to it',
  unclear: `a reason not to send to it once there are ${unclearBounces.needed} of different messages, on different days, within ${unclearBounces.withinDays} days`,
  leave: 'no reason not to send to it',
  complaint: 'a reason not to send to it',
  unsubscribe: 'a reason not to send to it',
  blocklist: 'a reason not to send to it for a time',
  'by-hand': 'a reason not to send to it',
}

function sourceOf(rule: string): string {
  const known = replyRules.find(({ name }) => name === rule)
  if (known) return replySources[known.source]
  if (rule.startsWith('sub-stat-')) return 'SendCloud, Webhook Event Description, subStat of invalid'
  return otherSources.get(rule) ?? 'the reply says nothing that a rule understands'
}

const otherSources: ReadonlyMap<string, string> = new Map([
  ['soft-bounce', 'the provider calls it soft: RFC 5321 §4.2.1, a later try may succeed'],
  ['code-transient', 'RFC 5321 §4.2.1, RFC 3463 §2: a code that begins with 4 passes'],
])
