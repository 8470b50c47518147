import type { DeliveryEvent } from './event.ts'
import { canonicalDomain, domainOf } from './address.ts'
import { sentAtOf } from './message.ts'
import { judgeReply, type ReplyClass } from './replies.ts'
import { replyRulesVersion } from './reply-rules.ts'
import type { SuppressionEvidence, SuppressionReason } from './suppression.ts'

/** Stands beside what the rules put on the list. Rises whenever a rule here or of replies changes. */
export const suppressionRulesVersion = replyRulesVersion

/** What an event says for or against sending to its recipient, and why. */
export interface Verdict {
  /** The name of the rule that decided: one of this file, or of reply-rules.ts. */
  readonly rule: string
  /**
   * - a reason: the address goes on the list.
   * - `unclear`: a bounce that counts only together with others (`unclearBounces` in suppression.ts).
   * - `leave`: this says nothing against the address.
   */
  readonly verdict: SuppressionReason | 'unclear' | 'leave'
  /** Of a bounce: what the receiving server's reply means. */
  readonly class?: ReplyClass
}

/**
 * What Tencent Cloud's reasons for not sending say. They speak of the address where it is on a list of its own, or where
 * its owner has unsubscribed; all others pass, or speak of the account, the template or the sender. 3020 is about a kind
 * of mailbox that the account bars, so about the account.
 * Source: GetSendEmailStatus, data type SendEmailStatus (product 1084), read 2026-11-21.
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
 * What SendCloud's numbers for a bounce mean. One more witness beside the server's reply: it is heard only where the reply
 * says nothing. Source: "Webhook Event Description", subStat of invalid.
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
 * Which events speak against an address. Nobody goes on the list unless the provider or the receiving server says, in
 * words or codes, that the recipient or the mailbox is the cause (docs/adr/0007).
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
  // The poll names no class: then the reply itself has to say that it is for good.
  const isForGood = event.bounceClass === 'hard' || judged.isPermanent
  const verdict = isForGood ? verdictOfClass(replyClass) : 'leave'
  // What nobody understands counts only where the provider itself calls the bounce hard.
  const isGuess = replyClass === 'unknown' && event.bounceClass !== 'hard'
  return { class: replyClass, rule, verdict: isGuess ? 'leave' : verdict }
}

/** What a class says of the mailbox, where the bounce is for good. */
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

/** What the event says for not sending to its recipient any more; `undefined` where it says nothing. */
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

/** How much the event says against its recipient: 0 nothing, 1 something together with others, 2 all it takes. */
export function weightOf(event: DeliveryEvent): number {
  const { verdict } = verdictOf(event)
  return verdict === 'leave' ? 0 : verdict === 'unclear' ? 1 : 2
}

function fromDomainOf({ columns }: DeliveryEvent): string | undefined {
  return canonicalDomain((columns.fromDomain ?? '').trim()) ?? domainOf(columns.from ?? '')
}
