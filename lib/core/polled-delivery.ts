import {
  impliedStatus,
  isPending,
  mayBeAgainstAddress,
  statusRanks,
  type Delivery,
  type DeliveryKey,
} from './delivery.ts'
import type { BounceClass, DeliveryEvent } from './event.ts'
import { isSameOccurrence, rejectionIn, type Fact } from './fact.ts'
import { formatInstant } from './instant.ts'
import { reachMs } from './schedule.ts'
import { replyCodeOf } from './bounce-class.ts'
import { weightOf } from './suppression-rules.ts'

/** What the provider's list says of one delivery at the moment of asking. */
export interface PolledDelivery extends DeliveryKey {
  readonly provider: string
  readonly spelling?: string
  /** The provider's own name of the delivery, as it was received. */
  readonly emailId?: string
  /** What the row reports of the message. */
  readonly columns?: DeliveryEvent['columns']
  readonly sentAtMs?: number
  /** Absent where the row does not say what became of the mail. */
  readonly outcome?: PolledOutcome
  /** What happened at an instant that the list does not show. */
  readonly engagement: readonly ('opened' | 'clicked' | 'complained' | 'unsubscribed')[]
  /** What happened at an instant that it shows. */
  readonly events?: readonly PolledEvent[]
}

export interface PolledEvent {
  readonly kind: 'opened' | 'clicked'
  readonly occurredAtMs: number
  /** Of a click. */
  readonly link?: string
  readonly detail: string
}

export interface PolledOutcome {
  readonly kind: 'requested' | 'deferred' | 'delivered' | 'dropped' | 'bounced'
  readonly occurredAtMs?: number
  readonly bounceClass?: BounceClass
  readonly code?: string
  readonly reply?: string
  readonly detail: string
}

/**
 * The events that a row lacks of what the poll reports: none if it lacks nothing, so polling again writes nothing. They
 * depend only on the poll's response and the row, not on the time of the call, so an interrupted pass that is run again
 * gives the same row.
 */
export function missingEvents(known: Delivery | undefined, polled: PolledDelivery): readonly DeliveryEvent[] {
  const outcome = polled.outcome && asEvent(polled, polled.outcome)
  const engagement = polled.engagement
    .filter((kind) => !known?.facts.has(kind))
    .map((kind) => asEvent(polled, { kind, detail: '' }))
  const events = (polled.events ?? [])
    .map((event) => asEvent(polled, event))
    .filter((event) => !(known?.facts.get(event.kind) ?? []).some((fact) => isSameOccurrence(fact, event)))
  const missing = [...(outcome && isLacking(known, outcome) ? [outcome] : []), ...engagement, ...events]
  return missing.length === 0 && known && lacksRegion(known, polled) ? [inItsRegion(polled)] : missing
}

/**
 * Whether the row does not show yet in which region's list the mail is: only asked of those that will be looked up, since
 * nobody else needs it.
 */
function lacksRegion(known: Delivery, { columns }: PolledDelivery): boolean {
  return columns?.region !== undefined && !known.columns.has('region') && isPending(known.status)
}

/** Records the region, with the request that every listed mail is. */
function inItsRegion(polled: PolledDelivery): DeliveryEvent {
  const sent = polled.sentAtMs === undefined ? {} : { occurredAtMs: polled.sentAtMs }
  return asEvent(polled, { kind: 'requested', ...sent, detail: '' })
}

/** The event that closes a delivery for which no more reports will arrive, and why. */
export function unknownEvent(delivery: Delivery, sentAtMs: number, why: string): DeliveryEvent {
  return {
    provider: delivery.provider,
    recipient: delivery.recipient,
    message: delivery.message,
    kind: 'unknown',
    source: 'poll',
    occurredAtMs: sentAtMs + reachMs,
    detail: `sent ${formatInstant(sentAtMs)}, never settled, and ${why}`,
    columns: {},
    headers: new Map(),
  }
}

// A settled outcome is recorded even under a higher status. An intermediate step is recorded only if nothing later is
// known.
function isLacking(known: Delivery | undefined, event: DeliveryEvent): boolean {
  if (!known) return true
  if (event.kind === 'requested' || event.kind === 'deferred') {
    return statusRanks[impliedStatus(event)] > statusRanks[known.status]
  }
  const facts = known.facts.get(event.kind)
  return (
    facts === undefined || isFinalRejection(known, facts, event) || isFirstAgainstAddress(known, facts, event)
  )
}

/**
 * Whether the poll is stronger evidence against the address than any fact: a callback reports a drop in free text, the
 * poll by its number.
 */
function isFirstAgainstAddress(known: Delivery, facts: readonly Fact[], event: DeliveryEvent): boolean {
  if (!mayBeAgainstAddress(event.kind)) return false
  // Its provider has listed the address, even if another copy of the mail was delivered.
  const isStanding = event.kind === 'dropped' || known.status === impliedStatus(event)
  return isStanding && facts.every((fact) => weightOf(factAsEvent(event, fact)) < weightOf(event))
}

/** A fact of the same delivery and kind, parsed back into the fields of its event that the rules use. */
function factAsEvent(event: DeliveryEvent, fact: Fact): DeliveryEvent {
  return { ...event, code: '', ...factsByText(event, fact) }
}

/** The fields that the rules use, parsed from a fact of this kind and provider. */
export function factsByText(
  { kind, provider }: Pick<DeliveryEvent, 'kind' | 'provider'>,
  fact: Fact,
): Pick<DeliveryEvent, 'bounceClass' | 'reply' | 'code' | 'detail'> {
  if (kind === 'bounced') {
    const rejection = rejectionIn(fact)
    return { ...rejection, ...codeIn(subStatAtHead, 'subStat', rejection.detail) }
  }
  if (kind !== 'dropped') return { detail: fact.detail }
  if (provider === 'sendcloud')
    return { detail: fact.detail, ...codeIn(subStatAtHead, 'subStat', fact.detail) }
  // A callback reports a drop in free text; only the poll reports its number.
  return {
    detail: fact.detail,
    ...(fact.source === 'poll' && codeIn(sendStatusAtHead, 'SendStatus', fact.detail)),
  }
}

const subStatAtHead = /^([45]\d\d) /
const sendStatusAtHead = /^(-?\d+)/

function codeIn(shape: RegExp, name: string, text: string): Pick<DeliveryEvent, 'code'> {
  const code = shape.exec(text)?.[1]
  return code === undefined ? {} : { code: `${name} ${code}` }
}

/**
 * A soft bounce is retried, and the last reply may differ. The poll reports no class and may word the same bounce
 * differently, so it is a new bounce only if it is later and has another reply code.
 */
function isFinalRejection(known: Delivery, facts: readonly Fact[], event: DeliveryEvent): boolean {
  if (known.status !== 'soft-bounced' || impliedStatus(event) !== 'bounced') return false
  const code = replyCodeOf(event.reply ?? '')
  return facts.every((fact) => {
    const knownCode = replyCodeOf(rejectionIn(fact).reply)
    const isLater = (event.occurredAtMs ?? 0) > (fact.occurredAtMs ?? 0)
    return isLater && code !== undefined && knownCode !== undefined && knownCode !== code
  })
}

function asEvent(
  polled: PolledDelivery,
  fields: Pick<DeliveryEvent, 'kind' | 'occurredAtMs' | 'link' | 'bounceClass' | 'code' | 'reply' | 'detail'>,
): DeliveryEvent {
  return {
    provider: polled.provider,
    recipient: polled.recipient,
    ...(polled.spelling !== undefined && { spelling: polled.spelling }),
    message: polled.message,
    ...(polled.emailId !== undefined && { emailId: polled.emailId }),
    source: 'poll',
    ...fields,
    ...(polled.sentAtMs !== undefined && { sentAtMs: polled.sentAtMs }),
    columns: polled.columns ?? {},
    headers: new Map(),
  }
}
