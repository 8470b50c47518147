import { open, rename, rm } from 'node:fs/promises'
import type { Command } from 'commander'
import { oneLine } from '../lib/core/text.ts'
import { CommandError, sentenceOf } from './command-error.ts'
import { counted } from './counted.ts'
import { dayIn, numberIn, type DayRange } from './day-range.ts'
import { languageOption, wordsOf, type LanguageOption } from './language-option.ts'
import { localTimes, timeZoneOption, type TimeZoneOption } from './local-time.ts'
import { withLedger, type OpenLedger } from './open-ledger.ts'
import type { Html } from './pages/html.ts'
import { Overview } from './pages/overview.ts'
import { rowsBar } from './progress-bar.ts'
import { reportPage } from './report/report-page.ts'
import { scanCost } from './scan-cost.ts'
import { isWhole, scanDeliveries, scanFromStart } from './scan-deliveries.ts'
import { untilInterrupted } from './until-interrupted.ts'

interface ReportOptions extends DayRange, TimeZoneOption, LanguageOption {
  readonly html: string
  readonly problems: number
  readonly segments: number
  readonly withAddresses?: boolean
}

/** Declares `ledger report`. */
export function registerReport(program: Command): void {
  program
    .command('report')
    .description('one page to send or print: the statistics of some days, and the latest problems')
    .requiredOption('--html <file>', 'where to write the page')
    .option(
      '--from <day>',
      'the first day of sending, YYYY-MM-DD in UTC+8 (default: the first there is)',
      dayIn,
    )
    .option('--to <day>', 'the last day of sending, itself included', dayIn)
    .option('--with-addresses', 'show addresses whole, which are masked without it')
    .option('--problems <number>', 'problems that are listed, the latest', numberIn(0, 10_000), 50)
    .option('--segments <number>', 'parts of the table that are read side by side', numberIn(1, 64), 4)
    .addOption(languageOption())
    .addOption(timeZoneOption())
    .addHelpText('after', help)
    .action(report)
}

const help = `
It reads the whole table, whatever the days: it says first how much that is. The page is one file that loads
nothing and runs nothing. Only its owner may read it.`

async function report(options: ReportOptions): Promise<void> {
  const { from, to, problems } = options
  if (from !== undefined && to !== undefined && from > to) {
    throw new CommandError(`--from ${from} is later than --to ${to}.`)
  }
  await withLedger(async (ledger) => {
    const overview = new Overview({ from, to }, problems)
    // Beside the file until it is whole; where it cannot be written is known before the table is read.
    const part = `${options.html}.part`
    const file = await open(part, 'w', 0o600).catch((error: unknown) => {
      throw new CommandError(`--html ${options.html}: ${oneLine(sentenceOf(error))}`)
    })
    let isWritten = false
    try {
      if (!(await isRead(ledger, overview, options.segments))) {
        process.stderr.write('Interrupted: no page was written.\n')
        process.exitCode = 1
        return
      }
      await file.writeFile(String(await pageOf(ledger, overview, options)))
      await file.chmod(0o600)
      await rename(part, options.html)
      isWritten = true
    } finally {
      await file.close()
      if (!isWritten) await rm(part, { force: true })
    }
    process.stdout.write(`${options.html}: ${counted(overview.rows, 'mail')} read.\n`)
  })
}

function pageOf(ledger: OpenLedger, overview: Overview, options: ReportOptions): Html {
  return reportPage({
    name: ledger.name,
    overview,
    problems: overview.problems(),
    madeAtMs: ledger.clock.now(),
    words: wordsOf(options),
    times: localTimes(options),
    isMasked: options.withAddresses !== true,
  })
}

async function isRead({ store }: OpenLedger, overview: Overview, segments: number): Promise<boolean> {
  const { rows, bytes } = await store.size()
  process.stderr.write(scanCost(store, { rows, bytes }))
  const state = scanFromStart(segments)
  const bar = rowsBar(rows)
  try {
    await untilInterrupted('Ending after this page.', (signal) =>
      scanDeliveries(store.deliveryScanner(), {
        state,
        signal,
        onPage: (deliveries) => {
          for (const delivery of deliveries) overview.add(delivery)
        },
        onState: () => {
          bar.update(state.rows)
        },
      }),
    )
  } finally {
    bar.stop()
  }
  return isWhole(state)
}
