import type { Command } from 'commander'
import pMap from 'p-map'
import { bareAddress, recipientOf } from '../lib/core/address.ts'
import { countsOf, sentAtOfDelivery, type Delivery } from '../lib/core/delivery.ts'
import type { EventKind } from '../lib/core/event.ts'
import { byTime, type Fact } from '../lib/core/fact.ts'
import { formatInstant } from '../lib/core/instant.ts'
import { identifierIn, isTaskKey, type MessageKey } from '../lib/core/message.ts'
import { heldReasons } from '../lib/core/suppression.ts'
import { oneLine } from '../lib/core/text.ts'
import type { DeliveryReader, StoredInboundMail } from '../lib/ledger/ports.ts'
import { emailIdParts } from '../lib/providers/sendcloud/email-id.ts'
import { deliveryReader } from '../lib/table/delivery-reader.ts'
import { inboundMailReader } from '../lib/table/inbound-reader.ts'
import { suppressionReader } from '../lib/table/suppression-reader.ts'
import { CommandError } from './command-error.ts'
import { shownId, withLedger, type OpenLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'
import { bouncesOf } from './suppression-report.ts'
import { verdictOfFact, verdictWords } from './verdict-words.ts'

/** Concurrent reads of one command. */
const concurrentQueries = 8

/** Declares `ledger show`. */
export function registerShow(program: Command): void {
  program
    .command('show')
    .description('what became of the mails to a recipient, or of one message')
    .argument('<recipient | MessageId | emailId>', "an emailId in single quotes, for the sake of its '$'")
    .option('--json', 'print the rows as JSON')
    .action(show)
}

/** Prints what became of the mails to a recipient, or of one message to its recipients. */
export async function show(asked: string, options: { json?: boolean }): Promise<void> {
  await withLedger(async (ledger) => {
    const deliveries = await deliveriesOf(asked, ledger)
    if (options.json) {
      printJson(deliveries.map(asJson))
      return
    }
    const recipients = deliveries.length > 0 ? deliveries.map(({ recipient }) => recipient) : [asked]
    const doNotSend = await warningsAbout(recipients, ledger)
    if (deliveries.length === 0) {
      throw new CommandError([nothingFound(asked, ledger.name), ...doNotSend].join('\n').trimEnd())
    }
    const answers = await pMap(deliveries, (delivery) => answersTo(delivery, ledger), {
      concurrency: concurrentQueries,
    })
    const timelines = deliveries.map((delivery, index) => timelineOf(delivery, answers[index] ?? []))
    process.stdout.write([...timelines, ...doNotSend].join('\n'))
  })
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
    recipient: delivery.recipient,
    message: delivery.message,
    provider: delivery.provider,
    status: delivery.status,
    ...(delivery.spellings.length > 0 && { spellings: delivery.spellings }),
    ...(delivery.emailIds.length > 0 && { emailIds: delivery.emailIds }),
    counts: Object.fromEntries(countsOf(delivery)),
    facts: Object.fromEntries(
      [...delivery.facts].map(([kind, facts]) => [kind, facts.map((fact) => fact.text)]),
    ),
    columns: Object.fromEntries(delivery.columns),
    ...(delivery.facts.has('bounced') && { bounces: bouncesOf([delivery]) }),
  }
}

/** One delivery for a person to read: recipient and message, then everything that happened in order of time. */
function timelineOf(delivery: Delivery, answers: readonly StoredInboundMail[]): string {
  const sentAtMs = sentAtOfDelivery(delivery)
  const columns = columnsOf(delivery)
  const width = Math.max(...columns.map(([name]) => name.length))
  const entries = [...delivery.facts].flatMap(([kind, facts]) => facts.map((fact) => ({ kind, fact })))
  const isFirst = entries.some(({ fact }) => fact.occurredAtMs === sentAtMs)
  return [
    `${delivery.recipient}  ${delivery.status}`,
    ...columns.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    '',
    ...(sentAtMs === undefined || isFirst ? [] : [`  ${formatInstant(sentAtMs).padEnd(24)}  sent`]),
    ...entries.sort((a, b) => byTime(a.fact, b.fact)).flatMap((one) => linesOf(one, delivery)),
    ...answers.map(answerLine),
    '',
  ].join('\n')
}

function columnsOf(delivery: Delivery): readonly (readonly [name: string, value: string])[] {
  return [
    ['message', delivery.message],
    ['provider', delivery.provider],
    ...delivery.emailIds.map((emailId) => ['emailId', emailId] as const),
    ...delivery.spellings.map((spelling) => ['spelling', spelling] as const),
    ...[...delivery.columns].filter(([name]) => name !== 'sentAt'),
  ]
}

interface ShownFact {
  readonly kind: EventKind
  readonly fact: Fact
}

/** A bounce is followed by its judgment. */
function linesOf(entry: ShownFact, delivery: Delivery): readonly string[] {
  if (entry.kind !== 'bounced') return [lineOf(entry)]
  const words = verdictWords(verdictOfFact(delivery, entry.fact))
  return [lineOf(entry), `  ${' '.repeat(24)}  ${' '.repeat(12)}  (${words})`]
}

function lineOf({ kind, fact }: ShownFact): string {
  const time = fact.occurredAtMs === undefined ? 'time unknown' : formatInstant(fact.occurredAtMs)
  const parts = [fact.link ?? '', fact.detail, fact.source === 'poll' ? '(from the poll)' : '']
  return `  ${time.padEnd(24)}  ${kind.padEnd(12)}  ${parts.filter((part) => part !== '').join(' ')}`.trimEnd()
}

function answerLine({ id, receivedAt, columns }: StoredInboundMail): string {
  const parts = oneLine(`${columns.get('subject') ?? ''} (ledger inbound show ${shownId(id)})`)
  return `  ${(receivedAt[0] ?? '').padEnd(24)}  ${'answered'.padEnd(12)}  ${parts}`
}
