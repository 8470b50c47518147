import type { Command } from 'commander'
import { StartError } from '../local/listening-server.ts'
import { numberIn } from './day-range.ts'
import { deploymentOf } from './console/deployment.ts'
import { startConsole } from './console/server.ts'
import { StatisticsReading } from './console/statistics-reading.ts'
import { CommandError } from './command-error.ts'
import { languageOption, wordsOf, type LanguageOption } from './language-option.ts'
import { localTimes, timeZoneOption, type TimeZoneOption } from './local-time.ts'
import { withLedger } from './open-ledger.ts'
import { untilInterrupted } from './until-interrupted.ts'

interface ConsoleOptions extends TimeZoneOption, LanguageOption {
  readonly port: number
  readonly allowChanges?: boolean
}

/** Declares `ledger console`. */
export function registerConsole(program: Command): void {
  program
    .command('console')
    .description('all of it in a browser, on this machine alone: mails, problems, statistics, suppressions')
    .option('--port <number>', 'where it listens (0: any that is free)', numberIn(0, 65_535), 0)
    .option('--allow-changes', 'let its forms change something: suppressions and quarantine')
    .addOption(languageOption())
    .addOption(timeZoneOption())
    .addHelpText('after', help)
    .action(openConsole)
}

const help = `
It prints a URL with a token that is new each time: whoever has it sees the mails. Ctrl-C ends it. It looks with the AWS
credentials of this shell: reading takes dynamodb:GetItem, BatchGetItem, Query, Scan and DescribeTable on the tables and their
indexes, and cloudwatch:DescribeAlarms; or into the database of DATABASE_URL. Each page says what it took to read it.`

async function openConsole({ port, allowChanges = false, ...shown }: ConsoleOptions): Promise<void> {
  await withLedger(async (ledger) => {
    const console = await startConsole(
      {
        ledger,
        deployment: await deploymentOf(ledger, process.env),
        environment: process.env,
        words: wordsOf(shown),
        times: localTimes(shown),
        mayChange: allowChanges,
        statistics: new StatisticsReading(ledger),
      },
      port,
      'the console (--port)',
    ).catch((error: unknown) => {
      throw error instanceof StartError ? new CommandError(error.message) : error
    })
    try {
      await untilInterrupted('Ending.', (signal) => {
        process.stdout.write(`${console.url}\n\nCtrl-C ends it.\n`)
        return new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            resolve()
          })
        })
      })
    } finally {
      await console.close()
    }
  })
}
