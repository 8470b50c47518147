import type { BounceClass } from './event.ts'
import { judgeReply } from './replies.ts'

/**
 * The class of a bounce as far as the reply itself says, where the provider names none. 4yz is transient by definition
 * (RFC 5321 §4.2.1, RFC 3463 §2), and a full mailbox passes, whatever code stands beside it. Other 5yz are not read as
 * `hard`: providers call some of them soft.
 */
export function bounceClassOfReply(reply: string): BounceClass {
  const isTransient = /^\s*4(?:\d\d|\.\d{1,3}\.\d{1,3})\b/.test(reply)
  return isTransient || judgeReply(reply).class === 'full' ? 'soft' : 'undetermined'
}

/** The three digits with which a reply begins (RFC 5321 §4.2), where it does. */
export function replyCodeOf(reply: string): string | undefined {
  return /^\s*([245]\d\d)\b/.exec(reply)?.[1]
}
