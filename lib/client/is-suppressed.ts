import { blocklistDays, parseEnvironment, tableEntries } from '../runtime/config.ts'
import { dynamoDbClient } from '../table/client.ts'
import { tableNames } from '../table/names.ts'
import { suppressionReader } from '../table/suppression-reader.ts'
import {
  answerOf,
  isHeld,
  type AskedList,
  type Sending,
  type SuppressionAnswer,
} from './suppression-answers.ts'

/** One read of one small item; the caller waits for it. */
const requestTimeoutMs = 2_000

let list: AskedList | undefined

function openList(): AskedList {
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
  return isHeld((list ??= openList()), recipient, sending)
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
  return answerOf((list ??= openList()), recipient, sending)
}
