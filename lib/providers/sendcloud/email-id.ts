import { identifierIn, isTaskKey, type MessageKey } from '../../core/message.ts'
import { trimmed } from '../../core/text.ts'

/**
 * The parts of an emailId: `<messageId><index>$<recipient>`, such as
 * `1447…_1350.sc-10_10_126_221-inbound0$ben@ifaxin.com`.
 */
export interface EmailId {
  readonly message: MessageKey
  /** As received; may be empty. */
  readonly recipient: string
}

/** Splits an emailId at its first `$`: a local part may hold one, a messageId does not. */
export function emailIdParts(emailId: unknown): EmailId | undefined {
  if (typeof emailId !== 'string') return undefined
  const [, inside = emailId] = /^\s*<([^<>]*)>\s*$/.exec(emailId) ?? []
  const dollar = inside.indexOf('$')
  const message = dollar < 0 ? undefined : messageKeyOf(inside.slice(0, dollar))
  return message === undefined ? undefined : { message, recipient: trimmed(inside.slice(dollar + 1)) }
}

/** The key of a message, by the messageId or one of the emailIds that sending it returned. */
export function keyOfSent(returned: string): MessageKey | undefined {
  return returned.includes('$') ? emailIdParts(returned)?.message : messageKeyOf(returned)
}

// 1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound, with or without an index after it; and its tasks.
const shape = /^\d{13}_[\d_]+\.sc-|-inbound\d*$|^task:sendcloud:/

/** Whether a message's key has the shape of SendCloud's. */
export function ownsMessage(message: MessageKey): boolean {
  return shape.test(message)
}

/**
 * The key of a message, from its messageId or from the part of an emailId before the `$`: the messageId followed by the
 * recipient's index, without padding or separator. Every messageId in the documents and in live traffic ends in
 * `-inbound`, so digits after that are an index. With any other ending the index cannot be found: then the whole left
 * part of the emailId is the key. That keeps different mails apart, and makes each recipient's mail a message of its
 * own. `undefined` if the text cannot be a key.
 */
export function messageKeyOf(messageIdAndIndex: string): MessageKey | undefined {
  const identifier = identifierIn(messageIdAndIndex)
  // Digits alone are an index without a messageId.
  if (identifier === undefined || isTaskKey(identifier) || /^\d+$/.test(identifier)) return undefined
  return identifier.replace(/(?<=-inbound)\d+$/, '')
}
