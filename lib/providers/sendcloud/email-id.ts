import { identifierIn, isTaskKey, type MessageKey } from '../../core/message.ts'
import { trimmed } from '../../core/text.ts'

/** What an emailId names: `<messageId><index>$<recipient>`, such as `1447…_1350.sc-10_10_126_221-inbound0$ben@ifaxin.com`. */
export interface EmailId {
  readonly message: MessageKey
  /** As it came; may be empty. */
  readonly recipient: string
}

/** Takes an emailId apart at its first `$`: a local part may hold one, a messageId does not. */
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

// 1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound, with or without an index behind it; and its tasks.
const shape = /^\d{13}_[\d_]+\.sc-|-inbound\d*$|^task:sendcloud:/

/** Whether a message's key has the shape of SendCloud's. */
export function ownsMessage(message: MessageKey): boolean {
  return shape.test(message)
}

/**
 * The key of a message, from its messageId, or from what stands before the `$` of an emailId: the messageId with the
 * recipient's index behind it, not padded and set apart by nothing. Every messageId in the documents and in what was seen
 * ends in `-inbound`, so behind that the digits are an index. Where it ends otherwise nobody can tell where an index begins:
 * then the emailId's whole left part is the key, which keeps mails apart that digits alone tell apart, and calls each
 * recipient's mail a message of its own. `undefined` where the text cannot be a key.
 */
export function messageKeyOf(messageIdAndIndex: string): MessageKey | undefined {
  const identifier = identifierIn(messageIdAndIndex)
  // Digits alone are an index without a messageId.
  if (identifier === undefined || isTaskKey(identifier) || /^\d+$/.test(identifier)) return undefined
  return identifier.replace(/(?<=-inbound)\d+$/, '')
}
