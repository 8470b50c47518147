import { utc8OffsetMs } from './instant.ts'
import { hiddenIn, trimmed } from './text.ts'

/**
 * The key of a message: the provider's own MessageId, or `task:<taskId>` where an event of a batch names only its task.
 */
export type MessageKey = string

const taskPrefix = 'task:'

/** The key of a message that is known only by its batch task. A task's number does not identify its provider. */
export function taskMessageKey(taskId: string): MessageKey {
  return `${taskPrefix}${taskId}`
}

/** Whether the key names a batch task and not one message. */
export function isTaskKey(message: MessageKey): boolean {
  return message.startsWith(taskPrefix)
}

/** A message's key must leave room, in the 1,024 bytes of a sort key, for the suffixes of its facts. */
export const maxIdentifierBytes = 512

/**
 * Whether an identifier from outside can be a key. `#` separates a delivery's key from the suffixes of its facts' rows.
 */
export function isIdentifier(text: string): boolean {
  const isShort =
    text.length <= maxIdentifierBytes && new TextEncoder().encode(text).length <= maxIdentifierBytes
  return isShort && /^[^\s#]+$/u.test(text) && hiddenIn(text) === undefined
}

/** An identifier from outside, trimmed and without `<…>` around it; `undefined` if it cannot be a key. */
export function identifierIn(text: string): string | undefined {
  const [, inside = text] = /^\s*<([^<>]*)>\s*$/.exec(text) ?? []
  const identifier = trimmed(inside)
  return isIdentifier(identifier) ? identifier : undefined
}

// qcloudses-30-<appId>-date-<yyyyMMddHHmmss, UTC+8>-<random>: the only shape of MessageId that carries its instant.
const tencentSesMessageId = /^qcloudses-.*-date-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)-/

// 1447054895514_15555555_32350_1350.sc-…: the beginning reads as Unix milliseconds.
const sendCloudMessageId = /^(\d{13})_[\d_]+\.sc-/

/**
 * When a message of SendCloud may have been sent, by the digits at the head of its id. No document says so, so it serves only
 * where nothing reported it.
 */
export function claimedSentAtOf(message: MessageKey): number | undefined {
  const digits = sendCloudMessageId.exec(message)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/**
 * When the message was sent, if its key contains it. A pure function of the key: the row's `sentAt` and its place in
 * the pending index do not depend on which event arrived first.
 */
export function sentAtOf(message: MessageKey): number | undefined {
  const parts = tencentSesMessageId.exec(message)
  if (!parts) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const asUtcMs = Date.UTC(year, month - 1, day, hour, minute, second)
  // Date.UTC reads February 31 as a day in March, and the year 50 as 1950: only a real date is formatted back to
  // itself.
  const at = new Date(asUtcMs)
  const isRealDay = at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day
  const isRealInstant = isRealDay && hour < 24 && minute < 60 && second < 60
  return isRealInstant ? asUtcMs - utc8OffsetMs : undefined
}
