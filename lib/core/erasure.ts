import { dayMs } from './instant.ts'
import { claimedSentAtOf, sentAtOf, type MessageKey } from './message.ts'

/**
 * How long a tombstone holds: the poll reports what was sent in the last 30 days, and a mail may have been sent right before
 * the erasure.
 */
export const tombstoneMs = 35 * dayMs

/** What is known of when a message was sent. */
interface Sent {
  readonly message: MessageKey
  /** As somebody reported it. */
  readonly requestedAtMs?: number | undefined
}

/**
 * Whether a message was sent before an erasure: by its key, else as it was reported, else as its id claims. One of which
 * nothing says when counts as before. The first event is no answer: a mail may be opened weeks after it was sent.
 */
export function isSentBefore({ message, requestedAtMs }: Sent, erasedAtMs: number, nowMs: number): boolean {
  const sentAtMs = sentAtOf(message) ?? requestedAtMs ?? claimedUpTo(nowMs, message)
  return sentAtMs === undefined || sentAtMs < erasedAtMs
}

function claimedUpTo(nowMs: number, message: MessageKey): number | undefined {
  const claimedMs = claimedSentAtOf(message)
  return claimedMs !== undefined && claimedMs <= nowMs ? claimedMs : undefined
}
