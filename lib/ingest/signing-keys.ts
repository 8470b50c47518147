import { parseSigningKeys, type Environment } from '../runtime/config.ts'
import { minuteMs, secondMs } from '../core/instant.ts'
import { errorName } from '../runtime/error-name.ts'
import { withParameters } from '../runtime/parameters.ts'
import type { Clock, Log, ParameterReader } from '../runtime/ports.ts'
import type { Provider } from '../providers/provider.ts'

/**
 * The keys that a provider may sign with; none if its setting is not set. Rejects if they cannot be read.
 * @param signal - ends the wait for them.
 */
export type SigningKeys = (provider: Provider, signal: AbortSignal) => Promise<readonly string[]>

/** The longest time until a running function uses a key that was put or replaced. */
const maxAgeMs = 5 * minuteMs
/** After a failed read, requests use what is known for this long instead of reading again. */
const pauseMs = 10 * secondMs
/** For a read while there are keys that were valid five minutes ago. */
const nextReadMs = 300

interface Known {
  /** Absent if they could never be read. */
  readonly keys?: readonly string[]
  readonly untilMs: number
}

interface Sources {
  readonly parameters: ParameterReader | undefined
  readonly clock: Clock
  readonly log: Log
}

/**
 * Reads the keys from the environment, else from the parameters, when they are first needed and every five minutes
 * after that. If they cannot be read again, the known keys stay in use.
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

/** The keys could not be read a moment ago, and no read was tried since. */
class KeysUnknownError extends Error {
  override readonly name = 'KeysUnknownError'

  constructor(setting: string) {
    super(`${setting} could not be read a moment ago.`)
  }
}
