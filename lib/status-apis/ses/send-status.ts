/** The code that says that there is no such mail: an answer about the query, and nothing that became of a mail. */
export const noRecord = 2001

/**
 * What a `SendStatus` other than 0 means: Tencent Cloud did not send the mail, so it never reached the recipient.
 * Source: GetSendEmailStatus, data type SendEmailStatus (product 1084), read 2026-11-21.
 */
const meanings: ReadonlyMap<number, string> = new Map([
  [1001, 'internal error'],
  [1002, 'internal error'],
  [1003, 'internal error'],
  [1004, 'timed out'],
  [1005, 'internal error'],
  [1006, 'too many mails to the same address in a short time'],
  [1007, 'the address is on the blocklist'],
  [1008, 'the sender domain is rejected by the recipient'],
  [1009, 'internal error'],
  [1010, 'the daily limit was reached'],
  [1011, 'no permission for custom content: use a template'],
  [1013, 'the recipient has unsubscribed'],
  [3007, 'the template is invalid'],
  [3008, 'temporarily blocked by the recipient domain'],
  [3009, 'no permission for the template'],
  [3010, 'the template data is malformed'],
  [3014, 'the sender domain is not verified'],
  [3020, 'the mailbox type of the recipient is on the blocklist'],
  [3024, 'the address format is wrong'],
  [3030, 'the bounce rate is too high'],
  [3033, 'the account is out of money'],
])

/** A code as a person reads it. A code that is not documented is still a failure to send, and says so. */
export function describeSendStatus(sendStatus: number): string {
  return `${String(sendStatus)} ${meanings.get(sendStatus) ?? 'an undocumented failure to send'}`
}
