import { Option, type Command } from 'commander'
import { printedLine, severalLines } from '../lib/core/text.ts'
import type { StoredInboundMail } from '../lib/ledger/ports.ts'
import { CommandError } from './command-error.ts'
import { letterOf, type Letter } from './inbound-letter.ts'
import { csvOf, moreLine, withListOptions, type ListFormat } from './list-options.ts'
import { localTimes, timeZoneOption, type LocalTimes, type TimeZoneOption } from './local-time.ts'
import { shownId, withLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'

/** Declares `ledger inbound list | show`. */
export function registerInbound(program: Command): void {
  const inbound = program.command('inbound').description('mails that somebody sent to us')
  withListOptions(inbound.command('list'), 'the mails, without their content,')
    .description('the mails that came, newest first')
    .option('--answers <MessageId>', 'only those that answer this message')
    .addOption(timeZoneOption())
    .action(listInbound)
  inbound
    .command('show')
    .description('one mail, and the text of it')
    .argument('<id>', 'an id, or its beginning')
    .addOption(new Option('--raw', 'print the mail itself, as it came').conflicts('json'))
    .addOption(timeZoneOption())
    .option('--json', 'print the mail and all of its content as JSON')
    .action(showInbound)
}

interface ListOptions extends ListFormat, TimeZoneOption {
  readonly answers?: string
}

async function listInbound(options: ListOptions): Promise<void> {
  await withLedger(async (ledger) => {
    const { answers } = options
    const reader = ledger.store.inboundReader()
    const mails = await Array.fromAsync(answers === undefined ? reader.all() : reader.answering(answers))
    const newestFirst = mails.toSorted((a, b) => receivedMs(b) - receivedMs(a)).slice(0, options.limit)
    if (options.json) printJson(newestFirst.map(asJson))
    else if (options.csv) process.stdout.write(csvOf(csvColumns, newestFirst.map(asRow)))
    else if (newestFirst.length > 0) {
      const times = localTimes(options)
      const lines = newestFirst.map((mail) => lineOf(mail, times))
      process.stdout.write(
        `${lines.join('')}${moreLine(mails.length, lines.length)}Times are in ${times.zone}.\n`,
      )
    } else
      process.stdout.write(
        `No ${answers === undefined ? 'mail' : 'answer to it'} is kept in ${ledger.name}.\n`,
      )
  })
}

async function showInbound(
  id: string,
  options: TimeZoneOption & { json?: boolean; raw?: boolean },
): Promise<void> {
  await withLedger(async (ledger) => {
    const mail = await ledger.store.inboundReader().mail(id)
    if (!mail) throw new CommandError('There is no mail of that id. `ledger inbound list` shows the ids.')
    const letter = letterOf(mail.content)
    if (options.raw) process.stdout.write(letter.field('raw_message') ?? mail.content)
    else if (options.json) printJson({ ...asJson(mail), content: letter.json ?? mail.content })
    else process.stdout.write(`${headOf(mail, localTimes(options))}\n${textOf(mail, letter)}`)
  })
}

const csvColumns = ['id', 'receivedAt', 'from', 'recipient', 'subject', 'answers', 'provider']

function asRow(mail: StoredInboundMail): Record<string, string> {
  const { id, receivedAt, recipient, answers = '', provider, columns } = mail
  const from = columns.get('from') ?? columns.get('mailFrom') ?? ''
  const subject = columns.get('subject') ?? ''
  return { id, receivedAt: receivedAt[0] ?? '', from, recipient, subject, answers, provider }
}

function receivedMs(mail: StoredInboundMail): number {
  return Date.parse(mail.receivedAt[0] ?? '')
}

function lineOf(mail: StoredInboundMail, { timeOf }: LocalTimes): string {
  const from = mail.columns.get('from') ?? mail.columns.get('mailFrom') ?? 'unknown sender'
  const cells = [
    shownId(mail.id),
    timeOf(mail.receivedAt[0] ?? ''),
    `${from} → ${mail.recipient}`,
    mail.columns.get('subject') ?? '',
    mail.answers === undefined ? '' : `answers ${mail.answers}`,
  ]
  const shown = cells.map(printedLine).filter((cell) => cell !== '')
  return `${shown.join('  ')}\n`
}

function asJson({ columns, ...mail }: StoredInboundMail): object {
  return { ...mail, columns: Object.fromEntries(columns) }
}

/** What the ledger knows of the mail, one fact per line. */
function headOf(mail: StoredInboundMail, { timeOf, zone }: LocalTimes): string {
  const answers = [mail.answers, mail.answeredRecipient].filter((part) => part !== undefined).join(' to ')
  return linesOf([
    ['id', mail.id],
    ['provider', mail.provider],
    ['recipient', mail.recipient],
    ['answers', answers],
    ...mail.receivedAt.map((instant) => ['received', `${timeOf(instant)} (${zone})`] as const),
    ...mail.rawMessageUrls.map((url) => ['rawMessage', url] as const),
    ...[...mail.columns].filter(([name]) => !letterHead.includes(name)),
  ])
}

/** The fields shown as mail headers, not among the ledger's own facts. */
const letterHead: readonly string[] = ['subject', 'from', 'to']

/** The mail as a person reads it. */
function textOf(mail: StoredInboundMail, letter: Letter): string {
  const head = letterHead.map((name) => [name, mail.columns.get(name) ?? letter.field(name) ?? ''] as const)
  const whole = `ledger inbound show ${shownId(mail.id)} --raw`
  const body =
    letter.text === '' ? `The mail has no text of its own. \`${whole}\` prints all of it.` : letter.text
  return `${linesOf([...head, ['date', letter.date]])}\n${severalLines(body)}\n`
}

function linesOf(lines: readonly (readonly [name: string, value: string])[]): string {
  const shown = lines
    .map(([name, value]) => [name, printedLine(value)] as const)
    .filter(([, value]) => value !== '')
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}
