import type { BounceClass } from './event.ts'
import { judgeReply } from './judge-reply.ts'

/**
 * The class of a bounce by the reply itself, where the provider names none. 4yz is transient by definition (RFC 5321
 * §4.2.1, RFC 3463 §2), and a full mailbox is temporary, whatever the code. Other 5yz are not read as `hard`: providers
 * call some of them soft.
 */
export function bounceClassOfReply(reply: string): BounceClass {
  const isTransient = /^\s*4(?:\d\d|\.\d{1,3}\.\d{1,3})\b/.test(reply)
  return isTransient || judgeReply(reply).class === 'full' ? 'soft' : 'undetermined'
}

/** The three digits at the beginning of a reply (RFC 5321 §4.2), if any. */
export function replyCodeOf(reply: string): string | undefined {
  return /^\s*([245]\d\d)\b/.exec(reply)?.[1]
}
