import * as v from 'valibot'
import { blocklistDays, parseEnvironment, tableEntries } from '../runtime/config.ts'
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
import { dynamoDbClient } from '../table/client.ts'
import { tableNames } from '../table/names.ts'
import { suppressionReader } from '../table/suppression-reader.ts'

/** One read of one small item; the caller waits for it. */
const requestTimeoutMs = 2_000

let list: ReturnType<typeof openList> | undefined

function openList() {
  const settings = parseEnvironment(
    { TABLE_PREFIX: tableEntries.TABLE_PREFIX, BLOCKLIST_DAYS: blocklistDays },
    process.env,
  )
  const client = dynamoDbClient(requestTimeoutMs)
  return {
    blocklistDays: settings.BLOCKLIST_DAYS,
    reader: suppressionReader({ client, table: tableNames(settings.TABLE_PREFIX).suppressions }),
  }
}

/** The mail about to be sent, where that matters. */
interface Sending {
  /** The domain of the sender's address. Unsubscriptions from another domain's mail do not count. Default: any sender. */
  readonly fromDomain?: string | undefined
  /** Reasons that do not apply to this mail: a receipt is also sent to a person who left the newsletter. */
  readonly except?: readonly SuppressionReason[] | undefined
}

/** Why nothing should be sent to a recipient. */
interface SuppressionAnswer {
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

/**
 * Whether nothing should be sent to the recipient: for the applications that send.
 *
 *     if (await isSuppressed('Somebody <somebody@example.com>')) return
 *     if (await isSuppressed(recipient, { fromDomain: 'shop.example.com', except: ['unsubscribe'] })) return
 *
 * `TABLE_PREFIX` (such as `delivery-ledger-prod`) names the deployment; `BLOCKLIST_DAYS` (default 14) is how long a
 * provider's own list counts that states no end; region, credentials and endpoint come from the environment as the AWS SDK defines it. All of
 * it is read at the first call. The caller needs `dynamodb:GetItem` on the table `<TABLE_PREFIX>-suppressions`, no
 * other permission.
 *
 * One consistent read of one item: it sees every completed write.
 *
 * @param recipient - one address, in any spelling of its letters, with or without a name.
 * @param sending - what is about to be sent. Default: any mail, from any domain.
 * @throws TypeError if an argument is wrong. If the table cannot be read, that error is thrown too, never returned as
 *   `false`: catch it to send anyway.
 */
export async function isSuppressed(recipient: string, sending: Sending = {}): Promise<boolean> {
  return (await reasonFor('isSuppressed', recipient, sending)) !== undefined
}

/**
 * Why nothing should be sent to the recipient; `undefined` if there is no reason. Takes the same arguments as {@link
 * isSuppressed}, needs the same permission and throws the same. Of several reasons it returns the earliest lasting one;
 * the provider's temporary list comes last.
 */
export async function suppressionOf(
  recipient: string,
  sending: Sending = {},
): Promise<SuppressionAnswer | undefined> {
  const held = await reasonFor('suppressionOf', recipient, sending)
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
  const { reader, blocklistDays: days } = (list ??= openList())
  const row = await reader.ofRecipient(address.output)
  if (row === undefined) return undefined
  return reasonsAgainst(mail.output, heldReasons(row, { nowMs: Date.now(), blocklistDays: days }))[0]
}
