import { eventKinds, type DeliveryEvent, type EventKind } from './event.ts'
import { countOf, type Fact } from './fact.ts'
import { minuteMs, requestDateOf } from './instant.ts'
import { claimedSentAtOf, sentAtOf, type MessageKey } from './message.ts'
import { reachMs } from './schedule.ts'
import { shardOf } from './shard.ts'

/**
 * The statuses of a delivery, lowest rank first. A status only rises, so the order of arrival does not matter
 * (docs/adr/0001). Gaps leave room for a status between two others.
 */
export const statusRanks = {
  requested: 10,
  deferred: 20,
  unknown: 30,
  'soft-bounced': 40,
  // Below `delivered`: only a copy to the same address, or an attempt that timed out, was not sent.
  dropped: 45,
  delivered: 50,
  bounced: 70,
} as const

export type Status = keyof typeof statusRanks

/** Narrows text from outside to a status. */
export function isStatus(text: string): text is Status {
  return Object.hasOwn(statusRanks, text)
}

/** The status that an event implies. Engagement implies delivery: a mail that was opened was received. */
export function impliedStatus(event: DeliveryEvent): Status {
  switch (event.kind) {
    case 'requested':
    case 'deferred':
    case 'delivered':
    case 'dropped':
    case 'unknown':
      return event.kind
    case 'bounced':
      return event.bounceClass === 'soft' ? 'soft-bounced' : 'bounced'
    case 'opened':
    case 'clicked':
    case 'complained':
    case 'unsubscribed':
      return 'delivered'
  }
}

/** Whether the event is an action of the recipient, which usually follows a known delivery. */
export function isEngagement(kind: EventKind): boolean {
  return kind === 'opened' || kind === 'clicked' || kind === 'complained' || kind === 'unsubscribed'
}

const kindsAgainstAddress: ReadonlySet<EventKind> = new Set([
  'dropped',
  'bounced',
  'complained',
  'unsubscribed',
])

/** Whether an event of the kind may speak against its recipient: the rules of suppression are asked about no other. */
export function mayBeAgainstAddress(kind: EventKind): boolean {
  return kindsAgainstAddress.has(kind)
}

/** Whether there is something left to ask the provider about the delivery. */
export function isPending(status: Status): boolean {
  return status === 'requested' || status === 'deferred' || status === 'soft-bounced'
}

/** The day of messages whose key does not contain it. */
const undated = 'undated'

/**
 * One partition of an index takes 1,000 writes a second, and a campaign is sent within minutes: 16 partitions take 16,000, more than
 * a table takes that was not made ready for it. Nobody reads one partition of this index: a run goes through all of it.
 */
const pendingShards = 16

/** As for `pendingShards`, but read all at once, and few mails are problems. */
const problemShards = 8

/** The day in UTC+8 on which a message was sent, as its key shows it: a pure function of the key, whatever is known of the mail. */
function sentDayOf(message: MessageKey): string {
  const sentAtMs = sentAtOf(message) ?? claimedSentAtOf(message)
  return sentAtMs === undefined ? undated : requestDateOf(sentAtMs)
}

/** The partition of the pending index for a message's unsettled deliveries: the day, and one of 16 shards. */
export function pendingPartitionOf(message: MessageKey): string {
  return partition(sentDayOf(message), shardOf(message, pendingShards))
}

/** The partition of the index of problems for a delivery: the day on which it was sent, and one of 8 shards. */
export function problemPartitionOf({ message, recipient }: DeliveryKey): string {
  return partition(sentDayOf(message), shardOf(recipient, problemShards))
}

/** Every partition of the index of problems that has mails of a day (YYYY-MM-DD in UTC+8), or of no day (`undefined`). */
export function problemPartitionsOf(day: string | undefined): readonly string[] {
  return Array.from({ length: problemShards }, (_, shard) => partition(day ?? undated, shard))
}

function partition(day: string, shard: number): string {
  return `${day}#${String(shard).padStart(2, '0')}`
}

const problemKinds: ReadonlySet<EventKind> = new Set(['deferred', 'dropped', 'bounced', 'complained'])

/** Whether the event puts its delivery among the problems of its day. Nothing takes it out again; readers look at the status. */
export function isProblem(kind: EventKind): boolean {
  return problemKinds.has(kind)
}

/** One message to one recipient. */
export interface DeliveryKey {
  readonly recipient: string
  readonly message: MessageKey
}

/** Identifies a delivery. */
export function nameOf({ recipient, message }: DeliveryKey): string {
  return `${recipient} ${message}`
}

/** A delivery as read from the table: the row, and the facts that did not fit into it. */
export interface Delivery extends DeliveryKey {
  readonly provider: string
  readonly status: Status
  /** Every received spelling of the address that differs from `recipient`; sorted. */
  readonly spellings: readonly string[]
  /** SendCloud's own names of the delivery, sorted. */
  readonly emailIds: readonly string[]
  /** Facts of each kind, in order of time. A kind without facts is absent. */
  readonly facts: ReadonlyMap<EventKind, readonly Fact[]>
  /** Columns of the message: subject, from, the sender's own headers and so on. */
  readonly columns: ReadonlyMap<string, string>
}

/**
 * How often each kind of event happened; kinds that never did are absent. A delivery is requested once, even if the
 * sender and the provider report different times.
 */
export function countsOf(delivery: Delivery): ReadonlyMap<EventKind, number> {
  const counts = eventKinds.map(
    (kind) => [kind, countOf(delivery.facts.get(kind) ?? [], isEngagement(kind))] as const,
  )
  return new Map(
    counts
      .filter(([, count]) => count > 0)
      .map(([kind, count]) => [kind, kind === 'requested' ? 1 : count] as const),
  )
}

/**
 * When the message was sent: by its key, else by the earliest `requested` fact, else by what its id claims where that fits the
 * facts, else by the earliest of them.
 */
export function sentAtOfDelivery(delivery: Delivery): number | undefined {
  const earliest = (facts: readonly Fact[]) =>
    facts.flatMap((fact) => fact.occurredAtMs ?? []).reduce<number | undefined>(least, undefined)
  const known = sentAtOf(delivery.message) ?? earliest(delivery.facts.get('requested') ?? [])
  if (known !== undefined) return known
  const first = earliest([...delivery.facts.values()].flat())
  const claimed = claimedSentAtOf(delivery.message)
  return isClaimPlausible(claimed, first) ? claimed : first
}

/** A mail is sent before anything happens to it, and nothing is reported of it later than the provider's reach. */
function isClaimPlausible(claimedMs: number | undefined, firstMs: number | undefined): boolean {
  if (claimedMs === undefined || firstMs === undefined) return false
  return claimedMs <= firstMs + minuteMs && claimedMs >= firstMs - reachMs
}

function least(a: number | undefined, b: number): number {
  return a === undefined ? b : Math.min(a, b)
}
