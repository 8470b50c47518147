import { access } from 'node:fs/promises'
import { Option, type Command } from 'commander'
import { statusRanks, type Status } from '../lib/core/delivery.ts'
import { mailProviders } from '../lib/providers/registry.ts'
import { comparedBy } from './checkpoint-file.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import { dayIn, numberIn, type DayRange } from './day-range.ts'
import { domainOption } from './domain-option.ts'
import {
  exportFromStart,
  removeCheckpoint,
  storeCheckpoint,
  storedCheckpoint,
  type ExportCheckpoint,
  type ExportState,
} from './export/export-checkpoint.ts'
import type { ExportFilter } from './export/export-row.ts'
import { parquetFile } from './export/parquet-output.ts'
import { textFile, textToStandardOutput, type ExportOutput } from './export/text-output.ts'
import { writeMails } from './export/write-mails.ts'
import { withLedger, type OpenLedger } from './open-ledger.ts'
import { rowsBar } from './progress-bar.ts'
import { scanCost } from './scan-cost.ts'
import { isWhole } from './scan-deliveries.ts'
import { untilInterrupted } from './until-interrupted.ts'

interface Options extends DayRange {
  readonly format: 'ndjson' | 'csv' | 'parquet'
  readonly out?: string
  readonly status?: Status
  readonly domain?: string
  readonly template?: string
  readonly provider?: string
  readonly segments: number
  readonly restart?: boolean
}

/** Declares `ledger export`. */
export function registerExport(program: Command): void {
  program
    .command('export')
    .description('every mail as a file: one line each, or one row')
    .addOption(
      new Option('--format <format>', 'ndjson holds every fact; csv and parquet hold a row for each mail')
        .choices(['ndjson', 'csv', 'parquet'])
        .default('ndjson'),
    )
    .option('--out <file>', 'the file to write (default: standard output)')
    .option('--from <day>', 'the first day of sending, YYYY-MM-DD in UTC+8', dayIn)
    .option('--to <day>', 'the last day of sending, itself included', dayIn)
    .addOption(new Option('--status <status>', 'only mails of this status').choices(Object.keys(statusRanks)))
    .option('--domain <domain>', 'only mails to this domain')
    .option('--template <template>', 'only mails of this template')
    .addOption(
      new Option('--provider <provider>', 'only mails of this provider').choices(
        mailProviders.map(({ name }) => name),
      ),
    )
    .option('--segments <number>', 'parts of the table that are read side by side', numberIn(1, 64), 4)
    .option('--restart', 'begin anew, over a file that is there')
    .addHelpText('after', help)
    .action(exportLedger)
}

const help = `
It reads the whole table, whatever is left out: it says first how much that is. Ctrl-C ends it after the pages
under way, and the same command goes on from there; Parquet begins anew. docs/vocabulary.md lists the columns.`

/** An export that is under way: what it reads, where it writes, and how far it is. */
interface Export {
  readonly ledger: OpenLedger
  readonly output: ExportOutput
  readonly filter: ExportFilter
  readonly state: ExportState
  /** As the store counts them now and then. */
  readonly expectedRows: number
  /** Keeps how far it is. */
  readonly store: (at: ExportCheckpoint) => Promise<void>
}

async function exportLedger(options: Options): Promise<void> {
  const { format, out, segments, restart = false } = options
  const filter = filterOf(options)
  if (format === 'parquet' && out === undefined) {
    throw new CommandError('A Parquet file needs a name: add --out <file>.')
  }
  await withLedger(async (ledger) => {
    // Parquet cannot be continued: its last bytes say where everything is.
    const resumable = isResumable(options) ? out : undefined
    const of = await comparedBy(ledger.store, process.env, { format, segments, filter })
    const stored = restart ? undefined : await storedCheckpoint(resumable, of)
    if (stored === undefined && !restart) await refuseToOverwrite(out)
    const size = await ledger.store.size()
    const state = stored?.state ?? exportFromStart(segments)
    process.stderr.write(stored ? goingOn(state, options) : scanCost(ledger.store, size))
    const output = await outputOf(options, stored?.bytes ?? 0)
    const store = async (at: ExportCheckpoint) => {
      if (resumable !== undefined) await storeCheckpoint(resumable, of, at)
    }
    await run({ ledger, output, filter, state, expectedRows: size.rows, store })
    if (!isWhole(state)) process.exitCode = 1
    else if (resumable !== undefined) await removeCheckpoint(resumable)
    process.stderr.write(`${sentenceOf(state, options)}\n`)
  })
}

async function run({ ledger, output, filter, state, expectedRows, store }: Export): Promise<void> {
  const bar = rowsBar(expectedRows, state.rows)
  try {
    await untilInterrupted('Ending after these pages.', (signal) =>
      writeMails(ledger.store.deliveryScanner(), {
        output,
        filter,
        state,
        signal,
        store,
        onRows: bar.update,
      }),
    )
  } finally {
    bar.stop()
    await output.close(isWhole(state))
  }
}

function goingOn({ mails }: ExportState, { out = '' }: Options): string {
  return `Going on behind ${counted(mails, 'mail')} in ${out} (--restart begins anew).\n`
}

function isResumable({ format, out }: Options): boolean {
  return format !== 'parquet' && out !== undefined
}

function filterOf({ from, to, status, domain, template, provider }: Options): ExportFilter {
  if (from !== undefined && to !== undefined && from > to) {
    throw new CommandError(`--from ${from} is later than --to ${to}.`)
  }
  return { from, to, status, domain: domainOption('--domain', domain), template, provider }
}

async function refuseToOverwrite(file: string | undefined): Promise<void> {
  if (file === undefined) return
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (isThere)
    throw new CommandError(`${file} is there already: name another, or overwrite it with --restart.`)
}

function outputOf({ format, out }: Options, from: number): Promise<ExportOutput> {
  if (format === 'parquet') return parquetFile(out ?? '')
  return out === undefined ? textToStandardOutput(format) : textFile(out, format, from)
}

function sentenceOf(state: ExportState, { format, out }: Options): string {
  const written = `${counted(state.mails, 'mail')} of ${counted(state.rows, 'row')} written${out === undefined ? '' : ` to ${out}`}.`
  if (isWhole(state)) return written
  if (format === 'parquet') return 'Nothing is written: a Parquet file begins anew each time.'
  return out === undefined ? `${written} It ended before all was read.` : `${written} Run it again to go on.`
}
