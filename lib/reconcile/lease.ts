import { minuteMs } from '../core/instant.ts'
import type { Clock } from '../runtime/ports.ts'
import { RunStopped } from './provider-calls.ts'

/** How long a run that dies keeps others out. Longer than a request with all its retries. */
export const leaseMs = 2 * minuteMs

/** What a run that has lost its lease reports. */
export const lostLease = 'Another run has taken the lease.'

/** The lease that keeps other runs out while this one works. */
export class Lease {
  readonly #clock: Pick<Clock, 'now'>
  readonly #extend: (untilMs: number) => Promise<boolean>
  #untilMs: number
  /** The renewal under way, for all who wait for one. */
  #renewal: Promise<void> | undefined

  /**
   * @param untilMs - the instant until which it is held already
   * @param extend - holds it until an instant; `false` where another run has taken it
   */
  constructor(clock: Pick<Clock, 'now'>, untilMs: number, extend: (untilMs: number) => Promise<boolean>) {
    this.#clock = clock
    this.#untilMs = untilMs
    this.#extend = extend
  }

  /** Throws {@link RunStopped} where another run has taken it. */
  async renew(): Promise<void> {
    const untilMs = this.#clock.now() + leaseMs
    if (!(await this.#extend(untilMs))) throw new RunStopped('lease', lostLease)
    this.#untilMs = untilMs
  }

  /**
   * Renews the lease where half of it is over: for every loop that may take its time. Throws {@link RunStopped} where another
   * run has taken it.
   */
  async keep(): Promise<void> {
    // A renewal whose answer came late holds nothing: repeated, it is refused where another run has taken over.
    while (this.#untilMs - this.#clock.now() < leaseMs / 2) {
      this.#renewal ??= this.renew().finally(() => {
        this.#renewal = undefined
      })
      await this.#renewal
    }
  }
}
