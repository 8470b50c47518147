import { nameOf, type Delivery } from './delivery.ts'
import { rejectionIn } from './fact.ts'
import { recipientDomain } from './figures.ts'
import { refusingProviderOf } from './mailbox-providers.ts'
import type { ReplyClass } from './judge-reply.ts'
import { fingerprintOf } from './reply-fingerprint.ts'
import { verdictOfBounce } from './stored-verdict.ts'

/** Mails that bounced for one reason. */
export interface BounceReason {
  readonly class: ReplyClass
  /** The rule that gave the class: see reply-rules.ts. */
  readonly rule: string
  /** What their replies have in common; empty where there was no reply. */
  readonly reason: string
  mails: number
  /** Mails by who refused them. */
  readonly providers: Map<string, number>
  /** One of the mails, the same in whichever order they are added. */
  sample: BounceSample
}

interface BounceSample {
  readonly recipient: string
  readonly message: string
  /** The reply as received, or what the provider says where there was none. */
  readonly reply: string
}

/** The reasons by class, rule and fingerprint. */
export interface BounceReasons {
  readonly reasons: Map<string, BounceReason>
  mails: number
  /** Mails of further reasons than are kept apart. */
  others: number
}

/** Replies that no rule and no fingerprint brings together may be as many as mails. */
const maxReasons = 10_000

export function noBounces(): BounceReasons {
  return { reasons: new Map(), mails: 0, others: 0 }
}

/** Whether the delivery bounced, and was not delivered after all. */
export function hasBounced({ status }: Pick<Delivery, 'status'>): boolean {
  return status === 'bounced' || status === 'soft-bounced'
}

/** Adds the last bounce of a delivery that {@link hasBounced}, which must not be added twice, to the reasons given. */
export function addBounce(into: BounceReasons, delivery: Delivery): void {
  const last = delivery.facts.get('bounced')?.at(-1)
  if (last === undefined || !hasBounced(delivery)) return
  const { reply, detail } = rejectionIn(last)
  const { class: replyClass = 'unknown', rule } = verdictOfBounce(delivery, last)
  const reason = fingerprintOf(reply, delivery.recipient)
  const { recipient, message } = delivery
  const sample = { recipient, message, reply: reply === '' ? detail : reply }
  into.mails += 1
  const found = reasonOf(into, { class: replyClass, rule, reason, sample })
  if (found === undefined) {
    into.others += 1
    return
  }
  const provider = refusingProviderOf(recipientDomain(delivery), reply)
  found.mails += 1
  found.providers.set(provider, (found.providers.get(provider) ?? 0) + 1)
  if (nameOf(sample) < nameOf(found.sample)) found.sample = sample
}

function reasonOf(
  { reasons }: BounceReasons,
  first: Omit<BounceReason, 'mails' | 'providers'>,
): BounceReason | undefined {
  const key = `${first.class} ${first.rule} ${first.reason}`
  const known = reasons.get(key)
  if (known || reasons.size >= maxReasons) return known
  const added = { ...first, mails: 0, providers: new Map<string, number>() }
  reasons.set(key, added)
  return added
}

/** The reasons, those of the most mails first. */
export function commonestFirst({ reasons }: BounceReasons): readonly BounceReason[] {
  return [...reasons.values()].sort((a, b) => b.mails - a.mails || (a.reason < b.reason ? -1 : 1))
}

/** Who refused, those of the most mails first. */
export function providersOf({
  providers,
}: BounceReason): readonly (readonly [name: string, mails: number])[] {
  return [...providers].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
}
