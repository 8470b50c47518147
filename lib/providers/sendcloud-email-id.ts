import { isIdentifier, isTaskKey, type MessageKey } from '../core/message.ts'

/** What an emailId names: `<messageId><index>$<recipient>`, such as `1447…_1350.sc-10_10_126_221-inbound0$ben@ifaxin.com`. */
export interface EmailId {
  readonly message: MessageKey
  /** As it came; may be empty. */
  readonly recipient: string
}

/** Takes an emailId apart at its first `$`: a local part may hold one, a messageId does not. */
export function emailIdParts(emailId: unknown): EmailId | undefined {
  if (typeof emailId !== 'string') return undefined
  const dollar = emailId.indexOf('$')
  const message = dollar < 0 ? undefined : messageKeyOf(emailId.slice(0, dollar).trim())
  return message === undefined ? undefined : { message, recipient: emailId.slice(dollar + 1).trim() }
}

/**
 * The key of a message: its messageId without the digits at its end. An emailId has its recipient's index there, which is
 * not padded and which nothing sets apart from the messageId. A messageId that ended in digits itself could not be told
 * from its index, so those are taken off wherever they come from, and `request`, which tells the messageId alone, ends in
 * the same key as the events that follow it. `undefined` where the text cannot be a key.
 */
export function messageKeyOf(messageId: string): MessageKey | undefined {
  if (!isIdentifier(messageId) || isTaskKey(messageId)) return undefined
  const key = messageId.replace(/\d+$/, '').toWellFormed()
  return key === '' ? undefined : key
}
