import * as v from 'valibot'
import { parseEnvironment, tableEntries } from './config.ts'
import { recipientOf } from './core/address.ts'
import { lazily } from './lazily.ts'
import { dynamoDbClient } from './table/client.ts'
import { tableNames } from './table/names.ts'
import { isOnSuppressionList } from './table/suppression-reader.ts'

/** One read of one small item; the caller waits for it. */
const requestTimeoutMs = 2_000

const list = lazily(() => {
  const { TABLE_PREFIX } = parseEnvironment({ TABLE_PREFIX: tableEntries.TABLE_PREFIX }, process.env)
  return { client: dynamoDbClient(requestTimeoutMs), table: tableNames(TABLE_PREFIX).suppressions }
})

const oneAddress = v.pipe(v.string(), v.transform(recipientOf), v.string())

/**
 * Whether nothing should be sent to the recipient: for the applications that send.
 *
 *     if (await isSuppressed('Somebody <somebody@example.com>')) return
 *
 * `TABLE_PREFIX` (such as `delivery-ledger-prod`) names the deployment; region, credentials and endpoint come from the
 * environment as the AWS SDK defines it. All of it is read at the first call. The caller needs `dynamodb:GetItem` on the
 * table `<TABLE_PREFIX>-suppressions`, and nothing else.
 *
 * One consistent read of one item: what the ledger has written a moment ago counts.
 *
 * @param recipient - one address, in any spelling of its letters, with or without a name.
 * @throws TypeError where the argument is not one address. Where the table cannot be read, the fault is thrown too: it is
 *   never answered as `false`, so whoever would rather send than wait has to say so.
 */
export async function isSuppressed(recipient: string): Promise<boolean> {
  const address = v.safeParse(oneAddress, recipient)
  if (!address.success) {
    throw new TypeError(
      "isSuppressed: expected one email address, such as 'a@example.com' or 'Name <a@example.com>'; the argument is none.",
    )
  }
  return isOnSuppressionList(list(), address.output)
}
