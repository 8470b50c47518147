import { hourMs } from './instant.ts'
import { hiddenIn, trimmed } from './text.ts'

/**
 * The key of a message: the provider's own MessageId, or `task:<taskId>` where an event of a batch names
 * nothing but its task.
 */
export type MessageKey = string

const taskPrefix = 'task:'

/** The key of a message that is known only by its batch task. A task's number says nothing about whose it is. */
export function taskMessageKey(taskId: string): MessageKey {
  return `${taskPrefix}${taskId}`
}

/** Whether the key names a batch task and not one message. */
export function isTaskKey(message: MessageKey): boolean {
  return message.startsWith(taskPrefix)
}

/** A message's key must leave room, in the 1,024 bytes of a sort key, for what sets its facts apart. */
export const maxIdentifierBytes = 512

/** Whether an identifier from outside can be a key. `#` sets the rows of a delivery's facts apart from its own. */
export function isIdentifier(text: string): boolean {
  const isShort =
    text.length <= maxIdentifierBytes && new TextEncoder().encode(text).length <= maxIdentifierBytes
  return isShort && /^[^\s#]+$/u.test(text) && hiddenIn(text) === undefined
}

/** The identifier that a text from outside is, trimmed and without `<…>` around it; `undefined` where it cannot be a key. */
export function identifierIn(text: string): string | undefined {
  const [, inside = text] = /^\s*<([^<>]*)>\s*$/.exec(text) ?? []
  const identifier = trimmed(inside)
  return isIdentifier(identifier) ? identifier : undefined
}

// qcloudses-30-<appId>-date-<yyyyMMddHHmmss, UTC+8>-<random>: the only shape of MessageId that carries its instant.
const tencentSesMessageId = /^qcloudses-.*-date-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)-/

/**
 * When the message was sent, as far as its key tells. A pure function of the key: what is derived from it
 * (the row's `sentAt`, its place in the pending index) cannot depend on which event arrived first.
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
  // Date.UTC takes a 31st of February for a day of March, and the year 50 for 1950: what is real reads back as itself.
  const at = new Date(asUtcMs)
  const isRealDay = at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day
  const isRealInstant = isRealDay && hour < 24 && minute < 60 && second < 60
  return isRealInstant ? asUtcMs - 8 * hourMs : undefined
}
