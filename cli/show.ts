import { Option, type Command } from 'commander'
import pMap from 'p-map'
import { recipientOf } from '../lib/core/address.ts'
import type { Delivery } from '../lib/core/delivery.ts'
import { isTaskKey } from '../lib/core/message.ts'
import { heldReasons } from '../lib/core/suppression.ts'
import { deliveryAsJson } from '../lib/query/delivery-json.ts'
import { findDeliveries, latestDeliveries, readingsOf, type OtherId } from '../lib/query/find-deliveries.ts'
import { idIndexes } from '../lib/rows/id-indexes.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import { numberIn } from './day-range.ts'
import { timelineText } from './delivery-timeline.ts'
import { findAnswers } from './find-answers.ts'
import { localTimes, timeZoneOption, type LocalTimes, type TimeZoneOption } from './local-time.ts'
import { withLedger, type OpenLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'
import { bouncesOf } from './suppression-report.ts'
import { shellWord } from './shell-word.ts'
import { sinceIn } from './since-option.ts'

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
    .argument(
      '<recipient | MessageId | emailId | own id | RFC Message-ID>',
      "an emailId in single quotes, for the sake of its '$'; an own id is in the header that correlationHeader names",
    )
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

/** Prints what became of the mails to a recipient, or of one message to its recipients. */
export async function show(asked: string, options: ShowOptions): Promise<void> {
  await withLedger(async (ledger) => {
    const { store } = ledger
    const reader = { ...store.deliveryReader(), ...store.otherIdReader() }
    const { deliveries: found, cutAt, notSearched } = await findDeliveries(asked, reader)
    const { shown, earlier } = latestDeliveries(found, {
      limit: options.all ? Infinity : (options.limit ?? shownMails),
      ...(options.since !== undefined && { sinceMs: options.since }),
    })
    if (options.json) {
      printJson(shown.map(asJson))
      const more = moreWords(earlier, cutAt)
      if (more !== '') process.stderr.write(`${more.trimEnd()}\n`)
      return
    }
    const recipients = found.length > 0 ? shown.map(({ recipient }) => recipient) : [asked]
    const doNotSend = await warningsAbout(recipients, ledger)
    if (found.length === 0) {
      throw new CommandError(
        [nothingFound(asked, ledger.name, notSearched), ...doNotSend].join('\n').trimEnd(),
      )
    }
    const answers = await pMap(shown, (delivery) => findAnswers(ledger, delivery), {
      concurrency: concurrentQueries,
    })
    const times = localTimes(options)
    const timelines = shown.map((delivery, index) =>
      timelineText(delivery, answers[index]?.mails ?? [], times),
    )
    process.stdout.write([...timelines, ...doNotSend, lastLine(moreWords(earlier, cutAt), times)].join('\n'))
  })
}

function lastLine(more: string, { zone }: LocalTimes): string {
  return `${more}Times are in ${zone}.\n`
}

function moreWords(earlier: number, cutAt: number | undefined): string {
  const ofRead = `${counted(earlier, 'more mail')}, earlier or of unknown time (--all, --limit, --since). `
  const beyond = `Only the latest ${cutAt ?? 0} mails with this id were read. `
  return `${earlier === 0 ? '' : ofRead}${cutAt === undefined ? '' : beyond}`
}

/** A line for each of the recipients to whom nothing should be sent any more. */
async function warningsAbout(
  addresses: readonly string[],
  { store, clock, blocklistDays }: OpenLedger,
): Promise<readonly string[]> {
  const reader = store.suppressionReader()
  const recipients = new Set(addresses.flatMap((address) => recipientOf(address) ?? []))
  const rows = await pMap(recipients, (recipient) => reader.ofRecipient(recipient), {
    concurrency: concurrentQueries,
  })
  return rows.flatMap((row) =>
    row && heldReasons(row, { nowMs: clock.now(), blocklistDays }).length > 0
      ? [
          `Do not send to ${row.recipient} any more: \`ledger suppressions show ${shellWord(row.recipient)}\` says why.\n`,
        ]
      : [],
  )
}

function nothingFound(asked: string, ledger: string, notSearched: NotSearched): string {
  if (isTaskKey(asked)) return 'Deliveries of a batch task are found by their recipient: a task has no index.'
  const { bare, message, recipient } = readingsOf(asked)
  const known = `as far as ${ledger} knows.`
  if (!bare.includes('@')) return `There is no such message, ${known} ${byOtherIds(notSearched)}`
  if (message === undefined) return `Nothing was sent to this recipient, ${known}`
  const orAddress = recipient === undefined ? '' : ', and nothing was sent to this address'
  return `No message has this id${orAddress}, ${known} ${byOtherIds(notSearched)}`
}

type NotSearched = Awaited<ReturnType<typeof findDeliveries>>['notSearched']

const otherIds: Readonly<Record<OtherId, { what: string; setting: string; index: string }>> = {
  ownId: { what: 'own id', setting: 'correlationHeader', index: idIndexes.ownId.index },
  rfcMessageId: {
    what: 'RFC Message-ID',
    setting: 'rfcMessageIdIndex',
    index: idIndexes.rfcMessageId.index,
  },
}

/** What came of the search by own id and by RFC Message-ID. */
function byOtherIds(notSearched: NotSearched): string {
  const ids = Object.entries(otherIds).map(([id, words]) => ({
    ...words,
    why: notSearched.get(id as OtherId),
  }))
  const sentences = [...Map.groupBy(ids, ({ why }) => why)].map(([why, of]) => {
    const list = (name: 'what' | 'setting' | 'index') => of.map((one) => one[name]).join(' or ')
    if (why === undefined)
      return `Nor does any mail have it as ${list('what')}, of those reported since there is an index of it.`
    if (why === 'index-in-making') return `The index ${list('index')} is still being made: ask again later.`
    if (why === 'not-allowed') return `These credentials may not query the index ${list('index')}.`
    return `It was not searched for as ${list('what')}: the setting ${list('setting')} makes an index for that.`
  })
  return sentences.join(' ')
}

function asJson(delivery: Delivery): object {
  return {
    ...deliveryAsJson(delivery),
    ...(delivery.facts.has('bounced') && { bounces: bouncesOf([delivery]) }),
  }
}
