import type { BounceClass } from './event.ts'

/**
 * The class of a bounce as far as the reply's own code tells, for tellings that name no class. 4yz is transient by
 * definition (RFC 5321 §4.2.1, RFC 3463 §2). 5yz is not read as `hard`: providers call some of them soft, such as
 * 552 for a full mailbox.
 */
export function bounceClassOfReply(reply: string): BounceClass {
  return /^\s*4(?:\d\d|\.\d{1,3}\.\d{1,3})\b/.test(reply) ? 'soft' : 'undetermined'
}

/** The three digits with which a reply begins (RFC 5321 §4.2), where it does. */
export function replyCodeOf(reply: string): string | undefined {
  return /^\s*([245]\d\d)\b/.exec(reply)?.[1]
}
