import type { Delivery } from './delivery.ts'
import type { Fact } from './fact.ts'
import type { ReplyClass } from './judge-reply.ts'
import { eventOf } from './stored-event.ts'
import { verdictOf, type Verdict } from './suppression-rules.ts'

/** The judgment of a stored bounce by the rules of now. */
export function verdictOfBounce(delivery: Delivery, fact: Fact): Verdict {
  return verdictOf(eventOf(delivery, 'bounced', fact))
}

/** The class of a stored bounce's reply. */
export function replyClassOf(delivery: Delivery, fact: Fact): ReplyClass {
  return verdictOfBounce(delivery, fact).class ?? 'unknown'
}
