import { Option, type Command } from 'commander'
import type { Delivery } from '../lib/core/delivery.ts'
import {
  add,
  groupings,
  sentDayOfDelivery,
  tableOf,
  type FigureRules,
  type Grouping,
} from '../lib/core/figures.ts'
import { machineRulesVersion } from '../lib/core/machine-opens.ts'
import { replyRulesVersion } from '../lib/core/reply-rules.ts'
import { systemClock } from '../lib/runtime/clock.ts'
import { jsonLog } from '../lib/runtime/log.ts'
import { ExportError, exportedDeliveries, exportFiles } from '../lib/table/exported-deliveries.ts'
import { isBotAgent } from './bot-agents.ts'
import { comparedBy } from './checkpoint-file.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import { dayIn, numberIn, type DayRange } from './day-range.ts'
import { asCsv, asJson, linesOf, type FiguresReport } from './figures-report.ts'
import { withLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'
import { progressBar, rowsBar } from './progress-bar.ts'
import { isWhole, scanDeliveries } from './scan-deliveries.ts'
import { scanCost } from './scan-cost.ts'
import { Checkpoint, nothingCounted, storedCount, type Counted } from './stats-checkpoint.ts'
import { untilInterrupted } from './until-interrupted.ts'

interface StatsOptions extends DayRange {
  readonly by: Grouping
  readonly segments: number
  readonly limit?: number
  readonly instantSeconds: number
  readonly fromExport?: string
  readonly checkpoint?: string
  readonly restart?: boolean
  readonly json?: boolean
  readonly csv?: boolean
}

/** Groups with a line of their own at most. */
const mostGroups = 10_000
const shownGroups = 50

/** Declares `ledger stats`. */
export function registerStats(program: Command): void {
  program
    .command('stats')
    .description(
      'figures of all mails, or of those of some days: a count of rows, right whatever was repeated',
    )
    .option(
      '--from <day>',
      'the first day of sending, YYYY-MM-DD in UTC+8 (default: the first there is)',
      dayIn,
    )
    .option('--to <day>', 'the last day of sending, itself included', dayIn)
    .addOption(new Option('--by <group>', 'what has a line of its own').choices(groupings).default('day'))
    .option(
      '--limit <number>',
      `groups with a line of their own, those with the most mails (default: ${shownGroups}; of days, and with --json and --csv, ${mostGroups.toLocaleString('en-US')})`,
      numberIn(1, mostGroups),
    )
    .option('--segments <number>', 'parts of the table that are read side by side', numberIn(1, 64), 4)
    .option(
      '--instant-seconds <number>',
      "a click that comes so soon after delivery is a machine's",
      numberIn(0, 3_600),
      5,
    )
    .option(
      '--from-export <folder>',
      "read the files of DynamoDB's own full export to S3 (DynamoDB JSON) instead of the table",
    )
    .option(
      '--checkpoint <file>',
      'where an interrupted count is kept (default: ledger-stats.<deployment>.json)',
    )
    .option('--restart', 'begin anew, even if a count was interrupted')
    .addOption(new Option('--json', 'print everything as JSON').conflicts('csv'))
    .option('--csv', 'print a line of CSV for each group')
    .addHelpText('after', help)
    .action(stats)
}

const help = `
It reads the whole table, whatever the days: it says first how much that is. Ctrl-C ends it after the page
under way, and the same command goes on from there. Of a mail only the day of sending counts, never that of an event.`

async function stats(options: StatsOptions): Promise<void> {
  const { from, to, fromExport } = options
  if (from !== undefined && to !== undefined && from > to) {
    throw new CommandError(`--from ${from} is later than --to ${to}.`)
  }
  if (fromExport !== undefined && (options.checkpoint !== undefined || options.restart)) {
    throw new CommandError('--checkpoint and --restart are for the table: an export is read in one go.')
  }
  const found = fromExport === undefined ? await ofTable(options) : await ofExport(options, fromExport)
  if (found === undefined) {
    process.exitCode = 1
    return
  }
  print(found, options)
}

type Found = Pick<FiguresReport, 'undated' | 'leftOut'> & { readonly of: Counted }

function print({ of, undated, leftOut }: Found, { by, from, to, limit, json, csv }: StatsOptions): void {
  const isEverything = json === true || csv === true || by === 'day'
  const table = tableOf(of.figures, by, limit ?? (isEverything ? mostGroups : shownGroups))
  const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  const report = { by, range, table, undated, leftOut }
  if (json) printJson(asJson(report))
  else process.stdout.write(csv ? asCsv(report) : `${linesOf(report).join('\n')}\n`)
}

/** Counts a delivery if its day is in the range. */
function counting(options: StatsOptions, into: Counted): (delivery: Delivery) => void {
  const { by, from = '', to = '9999', instantSeconds } = options
  const rules: FigureRules = { by, instantSeconds, isBot: isBotAgent }
  const hasRange = options.from !== undefined || options.to !== undefined
  return (delivery) => {
    const day = sentDayOfDelivery(delivery)
    if (day === undefined) into.undated += 1
    if (hasRange && (day === undefined || day < from || day > to)) return
    add(into.figures, delivery, rules)
  }
}

/** `undefined` if it was interrupted. */
async function ofTable(options: StatsOptions): Promise<Found | undefined> {
  const { by, from = '', to = '', segments, instantSeconds, restart = false } = options
  return withLedger(async ({ store, name, clock }) => {
    const file = options.checkpoint ?? `ledger-stats.${name}.json`
    // By other rules the same rows give other figures.
    const of = await comparedBy(store, process.env, {
      by,
      from,
      to,
      segments,
      instantSeconds,
      machineRulesVersion,
      replyRulesVersion,
    })
    const stored = restart ? undefined : await storedCount(file, of)
    const into = stored ?? nothingCounted(segments)
    const { rows, bytes } = await store.size()
    process.stderr.write(
      stored
        ? `Going on from where it was interrupted (${file}; --restart begins anew).\n`
        : scanCost(store, { rows, bytes }),
    )
    const count = counting(options, into)
    const checkpoint = new Checkpoint(file, of, clock.now())
    const bar = rowsBar(rows, into.state.rows)
    try {
      await untilInterrupted('Ending after this page.', (signal) =>
        scanDeliveries(store.deliveryScanner(), {
          state: into.state,
          signal,
          onPage: (deliveries) => {
            deliveries.forEach(count)
          },
          onState: () => {
            bar.update(into.state.rows)
            checkpoint.saveNow(into, clock.now())
          },
        }),
      )
    } finally {
      bar.stop()
      if (isWhole(into.state)) await checkpoint.remove()
      else await checkpoint.saveLast(into)
    }
    if (isWhole(into.state)) return { of: into, undated: into.undated, leftOut: 0 }
    process.stderr.write(`${counted(into.state.rows, 'row')} read. Run it again to go on.\n`)
    return undefined
  })
}

/** `undefined` if it was interrupted. */
async function ofExport(options: StatsOptions, folder: string): Promise<Found | undefined> {
  const into = nothingCounted(0)
  const count = counting(options, into)
  let leftOut = 0
  const bar = progressBar('{percentage} % of the files')
  const isRead = await untilInterrupted('Ending.', async (signal) => {
    try {
      const files = await exportFiles(folder)
      // Each is read twice.
      bar.start(2 * files.reduce((sum, { bytes }) => sum + bytes, 0), 0)
      const log = jsonLog((line) => process.stderr.write(`${line}\n`), systemClock.now)
      const reading = {
        log,
        signal,
        onBytes: (bytes: number) => {
          bar.increment(bytes)
        },
      }
      for await (const read of exportedDeliveries(files, reading)) {
        read.deliveries.forEach(count)
        leftOut = read.leftOut
      }
      return !signal.aborted
    } catch (error) {
      throw error instanceof ExportError ? new CommandError(error.message) : error
    } finally {
      bar.stop()
    }
  })
  return isRead ? { of: into, undated: into.undated, leftOut } : undefined
}
