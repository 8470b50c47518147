import { parseSigningKeys, type Environment } from '../runtime/config.ts'
import { minuteMs, secondMs } from '../core/instant.ts'
import { errorName } from '../runtime/error-name.ts'
import { withParameters } from '../runtime/parameters.ts'
import type { Clock, Log, ParameterReader } from '../runtime/ports.ts'
import type { Provider } from '../providers/provider.ts'

/**
 * The keys that a provider may sign with; none where its setting is not set. Rejects where they cannot be read.
 * @param signal - ends the wait for them.
 */
export type SigningKeys = (provider: Provider, signal: AbortSignal) => Promise<readonly string[]>

/** How long a key that is put or replaced may stay unknown to a function that is running already. */
const maxAgeMs = 5 * minuteMs
/** After a read that failed: so long every request does with what is known, instead of waiting for another. */
const pauseMs = 10 * secondMs
/** Of a read in place of which there are keys that were good five minutes ago. */
const nextReadMs = 300

interface Known {
  /** Absent where they never could be read. */
  readonly keys?: readonly string[]
  readonly untilMs: number
}

interface Sources {
  readonly parameters: ParameterReader | undefined
  readonly clock: Clock
  readonly log: Log
}

/**
 * Reads the keys from the environment, else from the parameters, when first they are needed and every five minutes after
 * that. Keys that cannot be read again stay as they are.
 */
export function signingKeys(environment: Environment, { parameters, clock, log }: Sources): SigningKeys {
  const known = new Map<string, Known>()
  const read = async (provider: Provider, setting: string, last: Known | undefined, signal: AbortSignal) => {
    const isKnown = last?.keys !== undefined
    const patience = isKnown ? AbortSignal.any([signal, AbortSignal.timeout(nextReadMs)]) : signal
    return parseSigningKeys(provider, await withParameters(environment, [setting], parameters, patience))
  }
  return async (provider, signal) => {
    const setting = provider.signing?.keySetting
    if (setting === undefined) return []
    const last = known.get(setting)
    if (last && clock.now() < last.untilMs) return last.keys ?? Promise.reject(new KeysUnknownError(setting))
    try {
      const keys = await read(provider, setting, last, signal)
      known.set(setting, { keys, untilMs: clock.now() + maxAgeMs })
      return keys
    } catch (error) {
      known.set(setting, { ...last, untilMs: clock.now() + pauseMs })
      if (last?.keys === undefined) throw error
      log('setting unreadable', { setting, problem: errorName(error) })
      return last.keys
    }
  }
}

/** A moment ago the keys could not be read, and nobody has tried again since. */
class KeysUnknownError extends Error {
  override readonly name = 'KeysUnknownError'

  constructor(setting: string) {
    super(`${setting} could not be read a moment ago.`)
  }
}
