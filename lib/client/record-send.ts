import pMap from 'p-map'
import { systemClock } from '../runtime/clock.ts'
import { parseEnvironment, tableEntries } from '../runtime/config.ts'
import type { DeliveryEvent } from '../core/event.ts'
import { mailProviders } from '../providers/registry.ts'
import { dateInstant, readSend } from '../providers/send-reports/send-reports.ts'
import { dynamoDbClient } from '../table/client.ts'
import { deliveryWriter } from '../table/delivery-writer.ts'
import { tableNames } from '../table/names.ts'
import { errorName } from '../runtime/error-name.ts'

/** One write of one small item; the caller waits for it. */
const requestTimeoutMs = 2_000

/** A mail of Tencent's can have more recipients; a write for each at once would open too many connections. */
const concurrentWrites = 16

let deliveries: ReturnType<typeof openDeliveries> | undefined

function openDeliveries() {
  const { TABLE_PREFIX, RETENTION_DAYS } = parseEnvironment(tableEntries, process.env)
  return deliveryWriter({
    client: dynamoDbClient(requestTimeoutMs),
    table: tableNames(TABLE_PREFIX).deliveries,
    retentionDays: RETENTION_DAYS,
    clock: systemClock,
  })
}

/** One mail that a provider has accepted for sending. */
interface Send {
  /** The id that sending returned: the MessageId of Tencent SES; the messageId or an emailId of SendCloud. */
  readonly messageId: string
  /** Each is one address, in any spelling of its letters, with or without a name. */
  readonly recipients: string | readonly string[]
  /** When it was sent. Only needed if the MessageId does not contain it: `qcloudses-…-date-20261121160000-…` does. */
  readonly sentAt?: Date | undefined
  /** The provider that sent it, such as `sendcloud`. Default: `tencent-ses`. */
  readonly provider?: string | undefined
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
  const events = eventsOf(send)
  const writer = (deliveries ??= openDeliveries())
  const errors: unknown[] = []
  const write = (event: DeliveryEvent) =>
    writer.record(event).catch((error: unknown) => {
      errors.push(error)
    })
  await pMap(events, write, { concurrency: concurrentWrites })
  if (errors.length > 0) throw notWritten(errors, events.length)
}

function eventsOf(send: Send): readonly DeliveryEvent[] {
  // `sentAt` comes from the same clock that it would be compared to.
  const outcomes = readSend(send, {
    pointer: '',
    mailProviders,
    instant: dateInstant,
    nowMs: systemClock.now(),
  })
  const problems = outcomes.flatMap((outcome) => (outcome.type === 'invalid' ? outcome.problems : []))
  if (problems.length > 0) {
    const lines = problems.map(
      ({ pointer, expected, received }) =>
        `${pointer.slice(1) || 'the argument'}: expected ${expected}, got ${received}`,
    )
    throw new TypeError(`recordSend: ${lines.join('; ')}. Nothing was written.`)
  }
  return outcomes.flatMap((outcome) => (outcome.type === 'event' ? outcome.event : []))
}

function notWritten(errors: readonly unknown[], recipients: number): AggregateError {
  const names = [...new Set(errors.map(errorName))].join(', ')
  return new AggregateError(
    errors,
    `recordSend: ${errors.length} of ${recipients} recipients ${errors.length === 1 ? 'was' : 'were'} not written (${names}). Call it again with the same arguments: what is written stays as it is.`,
  )
}
