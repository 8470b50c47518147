import { Option, type Command } from 'commander'
import pMap from 'p-map'
import { bareAddress, recipientOf } from '../lib/core/address.ts'
import { sentAtOfDelivery, type Delivery } from '../lib/core/delivery.ts'
import { requestDateStartMs } from '../lib/core/instant.ts'
import { identifierIn, isTaskKey, type MessageKey } from '../lib/core/message.ts'
import { heldReasons } from '../lib/core/suppression.ts'
import type { DeliveryReader, StoredInboundMail } from '../lib/ledger/ports.ts'
import { emailIdParts } from '../lib/providers/sendcloud/email-id.ts'
import { systemClock } from '../lib/runtime/clock.ts'
import { deliveryReader } from '../lib/table/delivery-reader.ts'
import { inboundMailReader } from '../lib/table/inbound-reader.ts'
import { suppressionReader } from '../lib/table/suppression-reader.ts'
import { ageIn } from './age.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import { dayIn, numberIn } from './day-range.ts'
import { deliveryAsJson } from './delivery-json.ts'
import { timelineOf } from './delivery-timeline.ts'
import { localTimes, timeZoneOption, type LocalTimes, type TimeZoneOption } from './local-time.ts'
import { withLedger, type OpenLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'
import { bouncesOf } from './suppression-report.ts'

/** Concurrent reads of one command. */
const concurrentQueries = 8

interface ShowOptions extends TimeZoneOption {
  /** Default: 10. */
  readonly limit?: number
  readonly all?: boolean
  /** Unix milliseconds. */
  readonly since?: number
  readonly json?: boolean
}

const shownMails = 10

/** Declares `ledger show`. */
export function registerShow(program: Command): void {
  program
    .command('show')
    .description('what became of the mails to a recipient, or of one message, the latest first')
    .argument('<recipient | MessageId | emailId>', "an emailId in single quotes, for the sake of its '$'")
    .addOption(
      new Option('--limit <number>', `mails shown (default: ${shownMails})`)
        .argParser(numberIn(1, 10_000))
        .conflicts('all'),
    )
    .option('--all', 'show every mail')
    .option('--since <day | age>', 'only mails sent since then: YYYY-MM-DD in UTC+8, or 24h, or 3d', sinceIn)
    .addOption(timeZoneOption())
    .option('--json', 'print the rows as JSON')
    .action(show)
}

function sinceIn(text: string): number {
  return /^\d{4}-/.test(text) ? requestDateStartMs(dayIn(text)) : systemClock.now() - ageIn(text)
}

/** Prints what became of the mails to a recipient, or of one message to its recipients. */
export async function show(asked: string, options: ShowOptions): Promise<void> {
  await withLedger(async (ledger) => {
    const found = await deliveriesOf(asked, ledger)
    const { shown, earlier } = latest(found, options)
    if (options.json) {
      printJson(shown.map(asJson))
      if (earlier > 0) process.stderr.write(`${earlierWords(earlier)}\n`)
      return
    }
    const recipients = found.length > 0 ? shown.map(({ recipient }) => recipient) : [asked]
    const doNotSend = await warningsAbout(recipients, ledger)
    if (found.length === 0) {
      throw new CommandError([nothingFound(asked, ledger.name), ...doNotSend].join('\n').trimEnd())
    }
    const answers = await pMap(shown, (delivery) => answersTo(delivery, ledger), {
      concurrency: concurrentQueries,
    })
    const times = localTimes(options)
    const timelines = shown.map((delivery, index) => timelineOf(delivery, answers[index] ?? [], times))
    process.stdout.write([...timelines, ...doNotSend, lastLine(earlier, times)].join('\n'))
  })
}

/** The latest by when they were sent; of the others only how many there are. */
function latest(
  found: readonly Delivery[],
  { limit = shownMails, all = false, since = -Infinity }: ShowOptions,
): { readonly shown: readonly Delivery[]; readonly earlier: number } {
  const dated = found.map((delivery) => ({ delivery, sentAtMs: sentAtOfDelivery(delivery) ?? 0 }))
  const shown = dated
    .filter(({ sentAtMs }) => sentAtMs >= since)
    .sort((one, other) => other.sentAtMs - one.sentAtMs || compared(one.delivery, other.delivery))
    .slice(0, all ? Infinity : limit)
    .map(({ delivery }) => delivery)
  return { shown, earlier: found.length - shown.length }
}

function compared(one: Delivery, other: Delivery): number {
  return one.recipient === other.recipient ? 0 : one.recipient < other.recipient ? -1 : 1
}

function lastLine(earlier: number, { zone }: LocalTimes): string {
  const others = earlier === 0 ? '' : `${earlierWords(earlier)} `
  return `${others}Times are in ${zone}.\n`
}

function earlierWords(earlier: number): string {
  return `${counted(earlier, 'more mail')}, earlier or of unknown time (--all, --limit, --since).`
}

/**
 * By address, by MessageId, or by SendCloud's emailId, which names a message and its recipient. Each may hold an `@`:
 * then all are tried, the likeliest first.
 */
async function deliveriesOf(
  asked: string,
  { client, tables, clock, log }: OpenLedger,
): Promise<readonly Delivery[]> {
  const reader = deliveryReader({ client, table: tables.deliveries, clock, log })
  const { bare, message, recipient, isBracketed } = readingsOf(asked)
  if (!bare.includes('@')) return reader.ofMessage(bare)
  const byMessage = () => (message === undefined ? [] : reader.ofMessage(message))
  const byRecipient = () => (recipient === undefined ? [] : reader.ofRecipient(recipient))
  const byEmailId = () => ofEmailId(bare, reader)
  const lookUps = isBracketed ? [byMessage, byRecipient, byEmailId] : [byRecipient, byEmailId, byMessage]
  for (const lookUp of lookUps) {
    const found = await lookUp()
    if (found.length > 0) return found
  }
  return []
}

async function ofEmailId(text: string, reader: DeliveryReader): Promise<readonly Delivery[]> {
  const named = emailIdParts(text)
  if (!named) return []
  const addressee = recipientOf(named.recipient)
  const ofMessage = await reader.ofMessage(named.message)
  return ofMessage.filter((delivery) => delivery.recipient === addressee)
}

/** What a text may name. */
interface Readings {
  readonly bare: string
  readonly message: MessageKey | undefined
  readonly recipient: string | undefined
  /** It is in angle brackets, like the id of a mail. */
  readonly isBracketed: boolean
}

function readingsOf(asked: string): Readings {
  const bare = bareAddress(asked).trim()
  return {
    bare,
    message: identifierIn(asked),
    recipient: recipientOf(bare),
    isBracketed: asked.trimStart().startsWith('<'),
  }
}

/** Mails in reply to the delivery, or to the message if the sender is unknown. */
async function answersTo(
  { message, recipient }: Delivery,
  { client, tables, clock, log }: OpenLedger,
): Promise<readonly StoredInboundMail[]> {
  const reader = inboundMailReader({ client, table: tables.inbound, clock, log })
  const mails = await Array.fromAsync(reader.answering(message))
  return mails.filter(({ answeredRecipient = recipient }) => answeredRecipient === recipient)
}

/** A line for each of the recipients to whom nothing should be sent any more. */
async function warningsAbout(
  addresses: readonly string[],
  { client, tables, clock, blocklistDays }: OpenLedger,
): Promise<readonly string[]> {
  const reader = suppressionReader({ client, table: tables.suppressions })
  const recipients = new Set(addresses.flatMap((address) => recipientOf(address) ?? []))
  const rows = await pMap(recipients, (recipient) => reader.ofRecipient(recipient), {
    concurrency: concurrentQueries,
  })
  return rows.flatMap((row) =>
    row && heldReasons(row, { nowMs: clock.now(), blocklistDays }).length > 0
      ? [
          `Do not send to ${row.recipient} any more: \`ledger suppressions show ${row.recipient}\` says why.\n`,
        ]
      : [],
  )
}

function nothingFound(asked: string, ledger: string): string {
  if (isTaskKey(asked)) return 'Deliveries of a batch task are found by their recipient: a task has no index.'
  const { bare, message, recipient } = readingsOf(asked)
  const known = `as far as ${ledger} knows.`
  if (!bare.includes('@')) return `There is no such message, ${known}`
  if (message === undefined) return `Nothing was sent to this recipient, ${known}`
  const orAddress = recipient === undefined ? '' : ', and nothing was sent to this address'
  return `No message has this id${orAddress}, ${known} ${noRfcMessageIds}`
}

const noRfcMessageIds =
  "An RFC Message-ID cannot be searched for: use the provider's MessageId or the recipient."

function asJson(delivery: Delivery): object {
  return {
    ...deliveryAsJson(delivery),
    ...(delivery.facts.has('bounced') && { bounces: bouncesOf([delivery]) }),
  }
}
