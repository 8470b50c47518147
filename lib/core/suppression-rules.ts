import type { DeliveryEvent } from './event.ts'
import { canonicalDomain, domainOf } from './address.ts'
import { sentAtOf } from './message.ts'
import { judgeReply, type ReplyClass } from './judge-reply.ts'
import { replyRulesVersion } from './reply-rules.ts'
import type { SuppressionEvidence, SuppressionReason } from './suppression.ts'

/** Stored with what the rules put on the list. Rises whenever a rule here or for replies changes. */
export const suppressionRulesVersion = replyRulesVersion

/** What an event says for or against sending to its recipient, and why. */
export interface Verdict {
  /** The name of the rule that decided: one of this file, or of reply-rules.ts. */
  readonly rule: string
  /**
   * - a reason: the address goes on the list.
   * - `unclear`: a bounce that counts only with others (`unclearBounces` in suppression.ts).
   * - `leave`: no evidence against the address.
   */
  readonly verdict: SuppressionReason | 'unclear' | 'leave'
  /** Of a bounce: what the receiving server's reply means. */
  readonly class?: ReplyClass
}

/**
 * What Tencent Cloud's reasons for not sending mean. They concern the address if it is on one of Tencent's lists or its
 * owner has unsubscribed. All others are temporary, or concern the account, the template or the sender. 3020 is about a
 * kind of mailbox that the account blocks, so about the account. Source: GetSendEmailStatus, data type SendEmailStatus
 * (product 1084), read 2026-11-21.
 */
const sendStatuses: ReadonlyMap<string, SuppressionReason> = new Map([
  ['SendStatus 1007', 'blocklist'],
  ['SendStatus 1013', 'unsubscribe'],
])

/** SendCloud's numbers for mail that it did not send. Source: "Webhook Event Description", subStat of invalid. */
const subStatsOfDrops: ReadonlyMap<string, SuppressionReason> = new Map([
  ['subStat 401', 'blocklist'],
  ['subStat 402', 'unsubscribe'],
])

/**
 * What SendCloud's numbers for a bounce mean. They are used only if the server's reply is not understood. Source:
 * "Webhook Event Description", subStat of invalid.
 */
const subStatsOfBounces: ReadonlyMap<string, ReplyClass> = new Map([
  ['subStat 403', 'infrastructure'], // server unreachable
  ['subStat 404', 'gone'], // address format error
  ['subStat 405', 'blocked'], // ip and domain rejected
  ['subStat 406', 'gone'], // address does not exist
  ['subStat 407', 'spam'],
  ['subStat 408', 'policy'], // sender / recipient rejected
])

/**
 * Which events are evidence against an address. An address goes on the list only if the provider or the receiving
 * server says, in words or codes, that the recipient or the mailbox is the cause (docs/adr/0007).
 */
export function verdictOf(event: DeliveryEvent): Verdict {
  switch (event.kind) {
    case 'complained':
      return { rule: 'complained', verdict: 'complaint' }
    case 'unsubscribed':
      return { rule: 'unsubscribed', verdict: 'unsubscribe' }
    case 'dropped':
      return verdictOfDrop(event)
    case 'bounced':
      return verdictOfBounce(event)
    case 'requested':
    case 'deferred':
    case 'delivered':
    case 'opened':
    case 'clicked':
    case 'unknown':
      return { rule: 'no-rejection', verdict: 'leave' }
  }
}

function verdictOfDrop({ provider, code = '' }: DeliveryEvent): Verdict {
  const reasons =
    provider === 'tencent-ses' ? sendStatuses : provider === 'sendcloud' ? subStatsOfDrops : undefined
  const reason = reasons?.get(code)
  return reason === undefined
    ? { rule: 'drop', verdict: 'leave' }
    : { rule: ruleOfCode(code), verdict: reason }
}

function verdictOfBounce(event: DeliveryEvent): Verdict {
  const judged = judgementOf(event)
  const { class: replyClass, rule } = judged
  // RFC 5321 §4.2.1: a later try may succeed, whatever the words say (SendCloud's soft 506 included).
  if (event.bounceClass === 'soft') return { class: replyClass, rule: 'soft-bounce', verdict: 'leave' }
  // The poll reports no class: the reply itself has to be permanent.
  const isForGood = event.bounceClass === 'hard' || judged.isPermanent
  const verdict = isForGood ? verdictOfClass(replyClass) : 'leave'
  // A reply that is not understood counts only if the provider calls the bounce hard.
  const isGuess = replyClass === 'unknown' && event.bounceClass !== 'hard'
  return { class: replyClass, rule, verdict: isGuess ? 'leave' : verdict }
}

/** What a class means for the mailbox if the bounce is permanent. */
function verdictOfClass(replyClass: ReplyClass): Verdict['verdict'] {
  if (replyClass === 'gone' || replyClass === 'closed') return 'hard-bounce'
  return replyClass === 'ambiguous' || replyClass === 'unknown' ? 'unclear' : 'leave'
}

function judgementOf({
  provider,
  reply = '',
  recipient,
  code = '',
}: DeliveryEvent): ReturnType<typeof judgeReply> {
  const judged = judgeReply(reply, { recipient })
  const byNumber = provider === 'sendcloud' ? subStatsOfBounces.get(code) : undefined
  if (judged.class !== 'unknown' || byNumber === undefined) return judged
  return { ...judged, class: byNumber, rule: ruleOfCode(code) }
}

/** `subStat 406` → `sub-stat-406`. */
function ruleOfCode(code: string): string {
  return code.replace(/[A-Z]/g, '-$&').toLowerCase().replaceAll(' ', '-').replace(/^-/, '')
}

/** The event's evidence against its recipient; `undefined` if it is none. */
export function suppressionOf(event: DeliveryEvent): SuppressionEvidence | undefined {
  const { rule, verdict, class: replyClass } = verdictOf(event)
  if (verdict === 'leave') return undefined
  const reason = verdict === 'unclear' ? 'hard-bounce' : verdict
  const fromDomain = reason === 'unsubscribe' ? fromDomainOf(event) : undefined
  return {
    recipient: event.recipient,
    reason,
    occurredAtMs: event.occurredAtMs ?? event.sentAtMs ?? sentAtOf(event.message) ?? 0,
    source: event.source,
    provider: event.provider,
    message: event.message,
    ...(fromDomain !== undefined && { fromDomain }),
    ...(replyClass !== undefined && { judgement: { class: replyClass, rule } }),
    ...(verdict === 'unclear' && { isUnclear: true }),
    detail: [event.reply, event.detail, event.code].find((text) => text !== undefined && text !== '') ?? '',
  }
}

/** How strong the event is as evidence: 0 none, 1 counts only with others, 2 enough by itself. */
export function weightOf(event: DeliveryEvent): number {
  const { verdict } = verdictOf(event)
  return verdict === 'leave' ? 0 : verdict === 'unclear' ? 1 : 2
}

function fromDomainOf({ columns }: DeliveryEvent): string | undefined {
  return canonicalDomain((columns.fromDomain ?? '').trim()) ?? domainOf(columns.from ?? '')
}
