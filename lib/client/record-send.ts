import { systemClock } from '../runtime/clock.ts'
import { parseEnvironment, tableEntries } from '../runtime/config.ts'
import type { DeliveryWriter } from '../ledger/ports.ts'
import { dynamoDbClient } from '../table/client.ts'
import { deliveryWriter } from '../table/delivery-writer.ts'
import { tableNames } from '../table/names.ts'
import { recordSendBy, type Send } from './record-events.ts'

/** One write of one small item; the caller waits for it. */
const requestTimeoutMs = 2_000

let deliveries: DeliveryWriter | undefined

function openDeliveries(): DeliveryWriter {
  const { TABLE_PREFIX, RETENTION_DAYS } = parseEnvironment(tableEntries, process.env)
  return deliveryWriter({
    client: dynamoDbClient(requestTimeoutMs),
    table: tableNames(TABLE_PREFIX).deliveries,
    retentionDays: RETENTION_DAYS,
    clock: systemClock,
  })
}

/**
 * Records a mail that was sent: for the applications that send. Optional; callbacks and the poll do not need it. The
 * mail is `requested` from then on, and the provider is asked about it even if no callback ever arrives.
 *
 *     const { MessageId } = await ses.SendEmail(mail)
 *     await recordSend({ messageId: MessageId, recipients: mail.Destination })
 *
 * One write for each recipient, to the same row that callbacks write. In any order and with any repeats the row is the
 * same, and no status is ever lowered, so retries are safe. If the MessageId contains the time of sending, it is used
 * instead of `sentAt`: another `new Date()` in a retry adds no second fact. Otherwise each `sentAt` is a fact of its
 * own, and the earliest counts as the time of sending; so keep the date for retries. Fractions of a second are dropped.
 *
 * `TABLE_PREFIX` (such as `delivery-ledger-prod`) names the deployment. `RETENTION_DAYS` is how long a row stays after its
 * last write: 400 by default, as in a deployment. The last writer of a row sets it, so use the deployment's value if
 * that is another. Region, credentials and endpoint come from the environment as the AWS SDK defines it. All of it is
 * read at the first call. The caller needs `dynamodb:UpdateItem` on the table `<TABLE_PREFIX>-deliveries`, and
 * `dynamodb:PutItem`, needed for a row that already holds fifty instants of its request; no permission to read.
 *
 * Resolves once every recipient is durably written.
 *
 * @throws TypeError if an argument is wrong: it names the argument, repeats no address, and nothing was written.
 * @throws AggregateError if recipients could not be written: it says how many. Call it again with the same arguments.
 * @throws ConfigError if a setting is wrong, before anything is written.
 */
export async function recordSend(send: Send): Promise<void> {
  await recordSendBy(() => (deliveries ??= openDeliveries()), send)
}
