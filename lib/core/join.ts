import { impliedStatus, statusRanks, type Delivery, type Status } from './delivery.ts'
import type { DeliveryEvent, EventKind } from './event.ts'
import { byTime, factOf, parseFact, sentFactOf, type Fact } from './fact.ts'
import { formatInstant } from './instant.ts'
import { sentAtOf } from './message.ts'

/**
 * The effect of the table's one write on a row, as a pure function: a run foresees by it what its own writes will make of a row,
 * and the table is tested against it. Sets unite, the status rises, and columns of the message are set once. So events that agree on their message give the same
 * delivery in any order and with any repeats.
 */
export function joined(known: Delivery | undefined, event: DeliveryEvent): Delivery {
  const facts = new Map(known?.facts)
  for (const [kind, text] of factsOf(event))
    facts.set(kind, united(facts.get(kind) ?? [], parseFact(kind, text)))
  return {
    recipient: event.recipient,
    message: event.message,
    provider: known?.provider ?? event.provider,
    status: higher(known?.status, impliedStatus(event)),
    spellings: withMember(known?.spellings, event.spelling),
    emailIds: withMember(known?.emailIds, event.emailId),
    facts,
    columns: new Map([...columnsOf(event), ...(known?.columns ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** The facts of an event: its own, and when the message was sent if it reports that. */
function factsOf(event: DeliveryEvent): readonly (readonly [EventKind, string])[] {
  const { text, whole } = factOf(event)
  const sent = sentFactOf(event)
  return [[event.kind, whole ?? text], ...(sent === undefined ? [] : [['requested', sent] as const])]
}

function columnsOf(event: DeliveryEvent): readonly (readonly [string, string])[] {
  const sentAtMs = sentAtOf(event.message)
  const sentAt = sentAtMs === undefined ? [] : [['sentAt', formatInstant(sentAtMs)] as const]
  return [...sentAt, ...Object.entries(event.columns), ...event.headers]
}

function withMember(known: readonly string[] = [], added: string | undefined): readonly string[] {
  return added === undefined ? known : [...new Set([...known, added])].sort()
}

function united(facts: readonly Fact[], fact: Fact): readonly Fact[] {
  return facts.some((other) => other.text === fact.text) ? facts : [...facts, fact].sort(byTime)
}

function higher(known: Status | undefined, added: Status): Status {
  return known !== undefined && statusRanks[known] >= statusRanks[added] ? known : added
}
