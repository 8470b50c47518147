/** Time, passed in everywhere so that tests and simulations control it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Resolves once `now()` has advanced by at least `ms`. */
  sleep(ms: number): Promise<void>
}

/** Writes one log line. Never pass a secret or an address. */
export type Log = (event: string, fields?: Readonly<Record<string, unknown>>) => void

/** Settings that a deployment keeps outside its functions, since most of them are secret. */
export interface ParameterReader {
  /** The values of those parameters that exist, by name. @param signal - ends the wait for them. */
  valuesOf(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>
}

/** The operator's side of the parameters: it shows everything but their values. */
export interface ParameterKeeper {
  /** Replaces the current value. */
  put(parameter: {
    readonly name: string
    readonly value: string
    readonly isSecret: boolean
    /** The key that encrypts a secret. Default: the store's own key. */
    readonly keyId?: string | undefined
    readonly description: string
  }): Promise<void>
  /** Returns whether there was anything to remove. */
  remove(name: string): Promise<boolean>
  /** Those that exist, by name. */
  found(names: readonly string[]): Promise<ReadonlyMap<string, FoundParameter>>
}

interface FoundParameter {
  readonly isSecret: boolean
  /** The number of puts. */
  readonly version: number
  readonly changedAtMs?: number
}
