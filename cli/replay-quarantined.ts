import { parseSigningKeys, setVariables, type Environment } from '../lib/runtime/config.ts'
import type { Provider } from '../lib/providers/provider.ts'
import { providers } from '../lib/providers/registry.ts'
import type { QuarantineStore } from '../lib/quarantine/ports.ts'
import type { replay } from '../lib/quarantine/replay.ts'
import { withParameters } from '../lib/runtime/parameters.ts'
import { lambda } from '../lib/runtime/runtime.ts'
import { deliveryReader } from '../lib/table/delivery-reader.ts'
import { quarantineStore } from '../lib/table/quarantine-store.ts'
import { keptRowReaders } from '../lib/wiring/kept-row-readers.ts'
import { writersFor } from '../lib/wiring/writers.ts'
import { isLocal, simulatedAppKey } from '../local/local-environment.ts'
import type { OpenLedger } from './open-ledger.ts'

/** All that a replay by hand needs, but for what the operator decides. */
export function replayDependencies(
  ledger: OpenLedger,
  environment: Environment,
): Parameters<typeof replay>[1] {
  const { client, tables, clock, log } = ledger
  return {
    providers,
    polled: {
      readers: keptRowReaders,
      rows: deliveryReader({ client, table: tables.deliveries, clock, log }),
    },
    quarantine: quarantineOf(ledger),
    keysOf: (provider) => keysOfNow(provider, environment),
    ...writersFor(environment, client, clock),
    clock,
    log,
  }
}

export function quarantineOf({ client, tables, clock, log }: OpenLedger): QuarantineStore {
  return quarantineStore({ client, table: tables.quarantine, clock, log })
}

/** As the ingest function would find them. */
async function keysOfNow(provider: Provider, environment: Environment): Promise<readonly string[]> {
  const setting = provider.signing?.keySetting
  if (setting === undefined) return []
  const set = setVariables(environment)
  if (isLocal(set)) return parseSigningKeys(provider, { SENDCLOUD_APP_KEY: simulatedAppKey, ...set })
  return parseSigningKeys(provider, await withParameters(set, [setting], lambda.parameters))
}
