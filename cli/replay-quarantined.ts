import { isInPostgres, parseSigningKeys, setVariables, type Environment } from '../lib/runtime/config.ts'
import type { Provider } from '../lib/providers/provider.ts'
import { providers } from '../lib/providers/registry.ts'
import type { replay } from '../lib/quarantine/replay.ts'
import { withParameters } from '../lib/runtime/parameters.ts'
import { lambda } from '../lib/runtime/runtime.ts'
import { keptRowReaders } from '../lib/wiring/kept-row-readers.ts'
import { writersFor } from '../lib/wiring/writers.ts'
import { isLocal, simulatedAppKey } from '../local/local-environment.ts'
import { CommandError } from './command-error.ts'
import type { OpenLedger } from './open-ledger.ts'
import { isOnAws } from './where-to-look.ts'

/** All that a replay by hand needs, but for what the operator decides. */
export function replayDependencies(
  ledger: OpenLedger,
  environment: Environment,
): Parameters<typeof replay>[1] {
  const { store, clock, log } = ledger
  return {
    providers,
    polled: {
      readers: keptRowReaders,
      rows: store.deliveryReader(),
    },
    quarantine: store.quarantineStore(),
    keysOf: (provider) => keysOfNow(provider, environment),
    ...writersFor(environment, store),
    clock,
    log,
  }
}

const indexSettings = [
  ['CORRELATION_HEADER', 'ofOwnId', 'an id of the sender'],
  ['RFC_MESSAGE_ID_INDEX', 'ofRfcMessageId', 'their Message-ID'],
] as const

/**
 * Refuses to write into a database with an index that the settings do not name: what is written would be missing in it. Of a
 * deployment on AWS the settings are read.
 */
export async function requireIndexes({ store, name }: OpenLedger, environment: Environment): Promise<void> {
  if (!isInPostgres(environment)) return
  const reader = store.otherIdReader()
  for (const [setting, find, words] of indexSettings) {
    if (setVariables(environment)[setting] !== undefined) continue
    const found = await reader[find]('')
    if ('notSearched' in found) continue
    throw new CommandError(
      `Set ${setting} to what ${name} runs with: mails there are found by ${words}, and those that are written now would not be.`,
    )
  }
}

/** As the ingest function would find them. */
async function keysOfNow(provider: Provider, environment: Environment): Promise<readonly string[]> {
  const setting = provider.signing?.keySetting
  if (setting === undefined) return []
  const set = setVariables(environment)
  if (isLocal(set)) return parseSigningKeys(provider, { SENDCLOUD_APP_KEY: simulatedAppKey, ...set })
  if (!isOnAws(set)) return parseSigningKeys(provider, set)
  return parseSigningKeys(provider, await withParameters(set, [setting], lambda.parameters))
}
