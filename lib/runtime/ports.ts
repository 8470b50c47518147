/** Time, passed in everywhere so that tests and simulations own it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Resolves once `now()` has advanced by at least `ms`. */
  sleep(ms: number): Promise<void>
}

/** Writes one line of what happened. Never given a secret or an address. */
export type Log = (event: string, fields?: Readonly<Record<string, unknown>>) => void

/** Settings that a deployment keeps apart from its functions, since most of them are secret. */
export interface ParameterReader {
  /** The values of those parameters that exist, by name. @param signal - ends the wait for them. */
  valuesOf(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>
}

/** The operator's side of the parameters: it tells everything but their values. */
export interface ParameterKeeper {
  /** Takes the place of what stood there. */
  put(parameter: {
    readonly name: string
    readonly value: string
    readonly isSecret: boolean
    /** With which a secret is encrypted. Default: the store's own key. */
    readonly keyId?: string | undefined
    readonly description: string
  }): Promise<void>
  /** Tells whether there was anything to remove. */
  remove(name: string): Promise<boolean>
  /** Those that exist, by name. */
  found(names: readonly string[]): Promise<ReadonlyMap<string, FoundParameter>>
}

interface FoundParameter {
  readonly isSecret: boolean
  /** Counts how often it was put. */
  readonly version: number
  readonly changedAtMs?: number
}
