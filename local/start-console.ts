import { deploymentOf } from '../cli/console/deployment.ts'
import { startConsole, type RunningConsole } from '../cli/console/server.ts'
import { StatisticsReading } from '../cli/console/statistics-reading.ts'
import { localTimes } from '../cli/local-time.ts'
import { languageOf, languages } from '../cli/pages/words.ts'
import { defaultBlocklistDays } from '../lib/core/suppression.ts'
import type { Clock, Log } from '../lib/runtime/ports.ts'
import { tableNames } from '../lib/table/names.ts'
import { emulatorClient } from './dynamodb-emulator.ts'
import type { LocalSettings } from './settings.ts'
import type { LocalStack } from './stack.ts'

/** The console over the tables of a stack in this process; its forms change them, which harms nobody. */
export async function startLocalConsole(
  stack: LocalStack,
  { consolePort, functionEnvironment }: LocalSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<RunningConsole> {
  const name = stack.tablePrefix
  const client = emulatorClient(stack.dynamoDbEndpoint)
  const ledger = { client, tables: tableNames(name), name, blocklistDays: defaultBlocklistDays, clock, log }
  const running = await startConsole(
    {
      ledger,
      deployment: { ...(await deploymentOf(ledger, {})), stage: 'local', isLocal: true },
      environment: functionEnvironment,
      words: languages[languageOf(process.env)],
      times: localTimes({}),
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
