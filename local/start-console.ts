import { deploymentOf } from '../cli/console/deployment.ts'
import { startConsole, type RunningConsole } from '../cli/console/server.ts'
import { StatisticsReading } from '../cli/console/statistics-reading.ts'
import { localTimes } from '../cli/local-time.ts'
import { languageOf, languages, type Language } from '../cli/pages/words.ts'
import { defaultBlocklistDays } from '../lib/core/suppression.ts'
import type { Clock, Log } from '../lib/runtime/ports.ts'
import { dynamoDbStore } from '../lib/table/dynamodb-store.ts'
import { tableNames } from '../lib/table/names.ts'
import { emulatorClient } from './dynamodb-emulator.ts'
import type { LocalSettings } from './settings.ts'
import type { LocalStack } from './stack.ts'

interface Shown {
  readonly clock: Clock
  readonly log: Log
  /** Default: as this terminal has them. */
  readonly language?: Language
  readonly timeZone?: string
}

/** The console over the tables of a stack in this process; its forms change them, which harms nobody. */
export async function startLocalConsole(
  stack: LocalStack,
  { consolePort, functionEnvironment }: LocalSettings,
  { clock, log, language = languageOf(process.env), timeZone }: Shown,
): Promise<RunningConsole> {
  const name = stack.tablePrefix
  const client = emulatorClient(stack.dynamoDbEndpoint)
  const ledger = {
    store: dynamoDbStore({ client, tables: tableNames(name), clock, log }),
    name,
    blocklistDays: defaultBlocklistDays,
    clock,
    log,
  }
  const running = await startConsole(
    {
      ledger,
      deployment: { ...(await deploymentOf(ledger, {})), stage: 'local', isLocal: true },
      environment: functionEnvironment,
      words: languages[language],
      times: localTimes({ tz: timeZone }),
      mayChange: true,
      statistics: new StatisticsReading(ledger),
    },
    consolePort,
    'the console (CONSOLE_PORT)',
  )
  return {
    url: running.url,
    async close() {
      await running.close()
      client.destroy()
    },
  }
}
