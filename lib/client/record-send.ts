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

/** As many as a mail of Tencent's can have recipients would open too many connections at once. */
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
  /** What sending returned: the MessageId of Tencent SES; the messageId of SendCloud, or an emailId of it. */
  readonly messageId: string
  /** Each is one address, in any spelling of its letters, with or without a name. */
  readonly recipients: string | readonly string[]
  /** When it was sent. Only needed where the MessageId does not tell: `qcloudses-…-date-20261121160000-…` does. */
  readonly sentAt?: Date | undefined
  /** Whose mail it is: `tencent-ses` where nothing is said, or another provider's name, such as `sendcloud`. */
  readonly provider?: string | undefined
}

/**
 * Tells the ledger of a mail that was sent: for the applications that send. Optional; callbacks and the poll need none of
 * it. A mail that is told of is `requested` from then on, and asked about, even where nothing at all is ever heard of it.
 *
 *     const { MessageId } = await ses.SendEmail(mail)
 *     await recordSend({ messageId: MessageId, recipients: mail.Destination })
 *
 * One write for each recipient, of the same row that callbacks write. Before, between or after them, once or several
 * times, it ends in the same row, and no status is ever lowered: a retry of it needs no care. Should `sentAt` differ from
 * what the MessageId says, the MessageId is right, since it says the same to everybody: another `new Date()` in a retry
 * leaves no second fact. Where the MessageId tells no instant, each `sentAt` is a fact of its own, and the earliest counts
 * as when the mail was sent; so keep the date, and tell it again. Fractions of a second are left out.
 *
 * `TABLE_PREFIX` (such as `delivery-ledger-prod`) names the deployment. `RETENTION_DAYS` is how long a row stays after its
 * last write: 400 by default, as in a deployment. Rows take it from whoever writes them last, so set it to what was deployed
 * where that is another. Region, credentials and endpoint come from the environment as the AWS SDK defines it. All of it is
 * read at the first call. The caller needs `dynamodb:UpdateItem` on the table `<TABLE_PREFIX>-deliveries`, and
 * `dynamodb:PutItem`, with which a row that holds fifty instants of its request already is written; nothing that reads.
 *
 * Resolves once every recipient is durably written.
 *
 * @throws TypeError where an argument is wrong: it says which, repeats no address, and nothing was written.
 * @throws AggregateError where recipients could not be written: it says how many. Calling it again with the same arguments
 *   is all there is to do.
 * @throws ConfigError where a setting is wrong, before anything is written.
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
  // `sentAt` is told by the very clock that it would be held against.
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
