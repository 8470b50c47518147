import { parseSigningKeys, type Environment } from './config.ts'
import { minuteMs } from './core/instant.ts'
import { errorName } from './error-name.ts'
import { withParameters } from './parameters.ts'
import type { Clock, Log, ParameterReader } from './ports.ts'
import type { Provider } from './providers/provider.ts'

/** The keys that a provider may sign with; none where its setting is not set. */
export type SigningKeys = (provider: Provider) => Promise<readonly string[]>

/** How long a key that is put or replaced may stay unknown to a function that is running already. */
const maxAgeMs = 5 * minuteMs

interface Sources {
  readonly parameters: ParameterReader | undefined
  readonly clock: Clock
  readonly log: Log
}

/**
 * Reads the keys from the environment, else from the parameters, when first they are needed and every five minutes after
 * that. Keys that cannot be read again stay as they are. Rejects where they never could be.
 */
export function signingKeys(environment: Environment, { parameters, clock, log }: Sources): SigningKeys {
  const known = new Map<string, { readonly keys: readonly string[]; readonly readAtMs: number }>()
  const read = async (provider: Provider, setting: string): Promise<readonly string[]> => {
    const settings = await withParameters(environment, [setting], parameters)
    return parseSigningKeys(provider, settings)
  }
  return async (provider) => {
    const setting = provider.signing?.keySetting
    if (setting === undefined) return []
    const last = known.get(setting)
    const nowMs = clock.now()
    if (last && nowMs - last.readAtMs < maxAgeMs) return last.keys
    const keys = await read(provider, setting).catch((error: unknown) => {
      if (last === undefined) throw error
      log('setting unreadable', { setting, error: errorName(error) })
      return last.keys
    })
    known.set(setting, { keys, readAtMs: nowMs })
    return keys
  }
}
