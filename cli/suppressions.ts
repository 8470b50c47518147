import { InvalidArgumentError, Option, type Command } from 'commander'
import { recipientOf } from '../lib/core/address.ts'
import { formatInstant } from '../lib/core/instant.ts'
import {
  emptySuppression,
  linesOf,
  parseEvidence,
  suppressionReasons,
  type Suppression,
} from '../lib/core/suppression.ts'
import { firstItems } from '../lib/core/first-items.ts'
import { addToList, heldOf, takeOffList } from './change-suppression.ts'
import { CommandError } from './command-error.ts'
import { csvOf, withListOptions, type ListFormat } from './list-options.ts'
import { localTimes, timeZoneOption, type LocalTimes, type TimeZoneOption } from './local-time.ts'
import { withLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'
import { recheckSuppressions } from './recheck.ts'
import { shellWord } from './shell-word.ts'
import { isRemovedAtProviders, type RemoveOptions } from './suppressions/remove-at-provider.ts'
import { syncSuppressions } from './suppressions/sync.ts'
import { registerExport } from './suppressions/export.ts'
import { registerImport } from './suppressions/import.ts'
import { listedRows, write, type ListedOptions } from './suppressions/listed-rows.ts'
import {
  asJson,
  historyOf,
  inColumns,
  rowInColumns,
  type ListedRow,
  type RowInColumns,
} from './suppression-report.ts'

/** Declares `ledger suppressions list | show | add | remove | recheck | sync | import | export`. */
export function registerSuppressions(program: Command): void {
  const suppressions = program
    .command('suppressions')
    .description('the addresses to which nothing should be sent')
  withListOptions(suppressions.command('list'), 'the rows')
    .description('who is on the list, and why')
    .addOption(new Option('--reason <reason>', 'only those for whom it holds').choices(suppressionReasons))
    .option('--all', 'those who are not on it any more, too')
    .addOption(timeZoneOption())
    .action(listSuppressions)
  suppressions
    .command('show')
    .description('everything that is known against an address, and why it is on the list or not')
    .argument('<recipient>')
    .addOption(timeZoneOption())
    .option('--json', 'print the row as JSON')
    .action(showSuppression)
  suppressions
    .command('add')
    .description('put an address on the list by hand')
    .argument('<recipient>')
    .option('--note <text>', 'why, kept as evidence')
    .action(addSuppression)
  suppressions
    .command('remove')
    .description('take an address off the list, until something newer speaks against it')
    .argument('<recipient>')
    .option('--at-provider', 'off the own lists of every provider that is set up, too, and there first')
    .option('--yes', 'with --at-provider: do not ask')
    .option('--dry-run', 'with --at-provider: only say which lists it is on')
    .action(removeSuppression)
  suppressions
    .command('recheck')
    .description('judge all stored replies by the present rules: add who is missing, report who is in doubt')
    .option('--dry-run', 'only report')
    .option('--remove', 'take off the list who is in doubt')
    .option('--restart', 'begin anew where an earlier recheck was interrupted')
    .option('--checkpoint <file>', 'where to keep how far it is', nonEmpty)
    .option('--json', 'print a line of JSON for each finding')
    .action(recheckSuppressions)
  suppressions
    .command('sync')
    .description("read the providers' own lists into this one, as the reconcile function does once a day")
    .addOption(
      new Option('--from <provider>', 'only those of this one').choices(['tencent-ses', 'sendcloud']),
    )
    .option('--dry-run', 'only say what would be added')
    .option('--json', 'print a line of JSON for each finding')
    .action(syncSuppressions)
  registerImport(suppressions)
  registerExport(suppressions)
}

function nonEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected the path of a file.')
  return text
}

interface ListOptions extends ListedOptions, ListFormat, TimeZoneOption {}

/** The number of rows that are sorted by address before printing; the rest of a longer list keeps the table's order. */
const sortedRows = 10_000

/** The characters held for sorting: no limit in columns, about 4,000 rows as JSON. */
const sortedCharacters = 2_000_000

/** Lines that are joined into one write, so that no part of the list is held twice. */
const writtenLines = 500

/** Prints who is on the list; with `all` also who no longer is. Holds one part at a time. */
async function listSuppressions({
  json = false,
  csv = false,
  limit = Infinity,
  tz,
  ...listed
}: ListOptions): Promise<void> {
  await withLedger(async (opened) => {
    const rows = firstItems(listedRows(opened, listed), limit)
    if (json) await printRows(rows, jsonPrinter())
    else if (csv) await printRows(rows, csvPrinter())
    else await printRows(rows, columnPrinter(opened.name, localTimes({ tz })))
  })
}

async function printRows<T extends Printable>(
  rows: AsyncIterable<ListedRow>,
  printer: Printer<T>,
): Promise<void> {
  let part: T[] = []
  let characters = 0
  const flush = async () => {
    const sorted = part.sort((a, b) => (a.recipient < b.recipient ? -1 : 1))
    part = []
    characters = 0
    const lines = printer.lines(sorted)
    for (let from = 0; from < lines.length; from += writtenLines) {
      await write(lines.slice(from, from + writtenLines).join(''))
    }
  }
  for await (const listed of rows) {
    const printable = printer.printable(listed)
    part.push(printable)
    characters += printable.characters
    if (part.length >= sortedRows || characters >= sortedCharacters) await flush()
  }
  await flush()
  await write(printer.end())
}

/** Only the printed fields of a row, since a part of the list is held in memory. */
interface Printable {
  readonly recipient: string
  readonly characters: number
}

interface Printer<T extends Printable> {
  printable(listed: ListedRow): T
  lines(rows: readonly T[]): readonly string[]
  end(): string
}

function columnPrinter(ledger: string, times: LocalTimes): Printer<Printable & RowInColumns> {
  let printed = 0
  return {
    printable(listed) {
      const row = rowInColumns(listed, times)
      return { ...row, characters: row.recipient.length + row.cells.flat().join('').length }
    },
    lines(rows) {
      printed += rows.length
      return inColumns(rows)
    },
    end: () =>
      printed === 0 ? `The list of ${ledger} holds no such address.\n` : `Times are in ${times.zone}.\n`,
  }
}

const csvColumns = ['recipient', 'reason', 'since', 'until', 'fromDomain']

/** A line for each reason of each row; one that is not on the list any more has a line without a reason. */
function csvPrinter(): Printer<Printable & { readonly lines: string }> {
  let printed = 0
  return {
    printable({ row: { recipient }, held }) {
      const rows = held.map(({ reason, sinceMs, untilMs, fromDomain }) => ({
        recipient,
        reason,
        since: formatInstant(sinceMs),
        until: untilMs === undefined ? '' : formatInstant(untilMs),
        fromDomain,
      }))
      const lines = csvOf(csvColumns, rows.length > 0 ? rows : [{ recipient }], false)
      return { recipient, lines, characters: lines.length }
    },
    lines: (rows) => rows.map(({ lines }) => (printed++ === 0 ? csvOf(csvColumns, []) : '') + lines),
    end: () => (printed === 0 ? csvOf(csvColumns, []) : ''),
  }
}

/** One JSON array, however many parts it is printed in. */
function jsonPrinter(): Printer<Printable & { readonly json: string }> {
  let printed = 0
  return {
    printable({ row, held }) {
      const json = JSON.stringify(asJson(row, held))
      return { recipient: row.recipient, json, characters: json.length }
    },
    lines: (rows) => rows.map(({ json }) => `${printed++ === 0 ? '[\n' : ',\n'}${json}`),
    end: () => (printed === 0 ? '[]\n' : '\n]\n'),
  }
}

async function showSuppression(
  recipient: string,
  options: TimeZoneOption & { json?: boolean },
): Promise<void> {
  const address = addressOf(recipient)
  await withLedger(async (opened) => {
    const { store } = opened
    const [row, mails] = await Promise.all([
      store.suppressionReader().ofRecipient(address),
      store.deliveryReader().ofRecipient(address),
    ])
    const isBounced = mails.some(({ facts }) => facts.has('bounced'))
    if (row === undefined && !isBounced) throw neverListed(opened.name)
    const known = row ?? emptySuppression(address)
    const held = heldOf(known, opened)
    if (options.json) printJson(asJson(known, held, mails))
    else process.stdout.write(historyOf(known, held, mails, localTimes(options)))
  })
}

async function addSuppression(recipient: string, { note = '' }: { note?: string }): Promise<void> {
  const address = addressOf(recipient)
  await withLedger(async (opened) => {
    const { wasHeld, held } = await addToList(opened, address, note)
    const already = wasHeld ? ', as it was already' : ''
    process.stdout.write(`${address} is on the list of ${opened.name}${already}: ${held.line}\n`)
  })
}

async function removeSuppression(recipient: string, options: RemoveOptions): Promise<void> {
  const address = addressOf(recipient)
  const { atProvider = false, yes = false, dryRun = false } = options
  if (!atProvider && (yes || dryRun)) throw new CommandError('--yes and --dry-run go with --at-provider.')
  await withLedger(async (opened) => {
    if (atProvider && !(await isRemovedAtProviders(address, options, opened))) return
    const taken = await takeOffList(opened, address)
    if (taken === undefined) {
      if (!atProvider) throw neverListed(opened.name)
      process.stdout.write(`${neverListed(opened.name).message}\n`)
      return
    }
    const { wasHeld, before, removedAt } = taken
    const already = wasHeld ? '' : ', as it was already'
    process.stdout.write(
      `${address} is off the list of ${opened.name}${already}. Whatever was known up to ${removedAt} no longer counts; anything newer that speaks against it brings it back, and so does \`ledger suppressions add\`.${atProvider ? '' : providersOwn(before)}\n`,
    )
  })
}

/** The provider's own list decides whether a mail is sent at all. */
function providersOwn(row: Suppression): string {
  const reported = linesOf(row).flatMap((line) => parseEvidence(line) ?? [])
  const providers = reported.flatMap(({ source, provider = [] }) => (source === 'import' ? [] : provider))
  const named = [...new Set(providers)].join(' and ')
  return named === ''
    ? ''
    : ` A list of ${named}'s own may still hold it: then the next mail is not sent, and that brings it back. \`ledger suppressions remove ${shellWord(row.recipient)} --at-provider\` takes it off there, too.`
}

function addressOf(recipient: string): string {
  const address = recipientOf(recipient)
  if (address === undefined)
    throw new CommandError('Expected one email address, such as somebody@example.com.')
  return address
}

function neverListed(ledger: string): CommandError {
  return new CommandError(`This recipient was never on the list, as far as ${ledger} knows.`)
}
