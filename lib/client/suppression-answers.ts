import * as v from 'valibot'
import { canonicalDomain, recipientOf } from '../core/address.ts'
import {
  heldReasons,
  parseEvidence,
  reasonsAgainst,
  replyIn,
  suppressionReasons,
  type HeldReason,
  type SuppressionReason,
} from '../core/suppression.ts'
import type { SuppressionReader } from '../suppressions/ports.ts'

/** The list that is asked. */
export interface AskedList {
  readonly reader: Pick<SuppressionReader, 'ofRecipient'>
  /** For how many days a provider's own list counts that states no end. */
  readonly blocklistDays: number
}

/** The mail about to be sent, where that matters. */
export interface Sending {
  /** The domain of the sender's address. Unsubscriptions from another domain's mail do not count. Default: any sender. */
  readonly fromDomain?: string | undefined
  /** Reasons that do not apply to this mail: a receipt is also sent to a person who left the newsletter. */
  readonly except?: readonly SuppressionReason[] | undefined
}

/** Why nothing should be sent to a recipient. */
export interface SuppressionAnswer {
  readonly reason: SuppressionReason
  readonly since: Date
  /** Absent if it holds until an operator removes it. */
  readonly until?: Date
  /** The sender's domain that the recipient unsubscribed from; absent if unknown, and for other reasons. */
  readonly fromDomain?: string
  /** `tencent-ses` or `sendcloud`; absent if an operator added the address. */
  readonly provider?: string
  /** The message that it was reported for; absent like the provider. */
  readonly message?: string
  /** The receiving server's reply to a hard bounce, if it has words; at most 300 characters. */
  readonly reply?: string
}

const oneAddress = v.pipe(v.string(), v.transform(recipientOf), v.string())
const oneDomain = v.pipe(v.string(), v.trim(), v.transform(canonicalDomain), v.string())
const sendingSchema = v.object({
  fromDomain: v.optional(oneDomain),
  except: v.optional(v.array(v.picklist(suppressionReasons)), []),
})

/** Throws TypeError if an argument is wrong. */
export async function isHeld(list: AskedList, recipient: string, sending: Sending): Promise<boolean> {
  return (await reasonFor(list, 'isSuppressed', recipient, sending)) !== undefined
}

/** Throws TypeError if an argument is wrong. */
export async function answerOf(
  list: AskedList,
  recipient: string,
  sending: Sending,
): Promise<SuppressionAnswer | undefined> {
  const held = await reasonFor(list, 'suppressionOf', recipient, sending)
  if (held === undefined) return undefined
  const evidence = parseEvidence(held.line)
  const reply = evidence === undefined ? '' : replyIn(evidence)
  return {
    reason: held.reason,
    since: new Date(held.sinceMs),
    ...(held.untilMs !== undefined && { until: new Date(held.untilMs) }),
    ...(held.fromDomain !== undefined && { fromDomain: held.fromDomain }),
    ...(evidence?.provider !== undefined && { provider: evidence.provider }),
    ...(evidence?.message !== undefined && { message: evidence.message }),
    ...(reply !== '' && { reply }),
  }
}

async function reasonFor(
  { reader, blocklistDays: days }: AskedList,
  caller: string,
  recipient: string,
  sending: Sending,
): Promise<HeldReason | undefined> {
  const address = v.safeParse(oneAddress, recipient)
  if (!address.success) {
    throw new TypeError(
      `${caller}: expected one email address, such as 'a@example.com' or 'Name <a@example.com>'; the argument is not one.`,
    )
  }
  const mail = v.safeParse(sendingSchema, sending)
  if (!mail.success) {
    const field = v.getDotPath(mail.issues[0]) ?? ''
    throw new TypeError(
      field.startsWith('except')
        ? `${caller}: expected except to be a list of ${suppressionReasons.join(', ')}.`
        : `${caller}: expected fromDomain to be a domain, such as 'shop.example.com'.`,
    )
  }
  const row = await reader.ofRecipient(address.output)
  if (row === undefined) return undefined
  return reasonsAgainst(mail.output, heldReasons(row, { nowMs: Date.now(), blocklistDays: days }))[0]
}
