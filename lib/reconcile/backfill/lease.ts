import { formatInstant } from '../../core/instant.ts'
import type { LeaseByHand, RunStore } from '../ports.ts'
import type { Clock } from '../../runtime/ports.ts'
import { RunStopped } from '../provider-calls.ts'
import { leaseMs } from '../run.ts'

/** Another run is at work, so nothing was asked; the message says until when. */
export class LeaseBusy extends Error {
  override readonly name = 'LeaseBusy'
}

interface Dependencies {
  readonly runs: Pick<RunStore, 'acquire'> & LeaseByHand
  readonly clock: Clock
  readonly owner: string
}

/** The scheduled runs' lease, held by hand: what they left in it stays as it is. */
export class HeldLease {
  readonly #deps: Dependencies
  #untilMs = 0

  private constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** Throws {@link LeaseBusy} where another run holds it. */
  static async take(deps: Dependencies): Promise<HeldLease> {
    const lease = new HeldLease(deps)
    if (await lease.#extend()) return lease
    const endsAtMs = await deps.runs.endsAtMs()
    const until = endsAtMs === undefined ? 'this moment' : `${formatInstant(endsAtMs)}, longer if it goes on`
    throw new LeaseBusy(`Another run holds the lease until ${until}. Nothing was asked: try again then.`)
  }

  /**
   * Extends it where half of it is over, and again where the answer to that came late. Throws {@link RunStopped} where another
   * run has taken it.
   */
  async keep(): Promise<void> {
    while (this.#untilMs - this.#deps.clock.now() < leaseMs / 2) {
      if (!(await this.#extend())) throw new RunStopped('lease', 'Another run has taken the lease.')
    }
  }

  async release(): Promise<void> {
    await this.#deps.runs.releaseLease(this.#deps.owner)
  }

  /** `false` where another run holds it. */
  async #extend(): Promise<boolean> {
    const nowMs = this.#deps.clock.now()
    const untilMs = nowMs + leaseMs
    const isHeld = (await this.#deps.runs.acquire(this.#deps.owner, nowMs, untilMs)) !== undefined
    if (isHeld) this.#untilMs = untilMs
    return isHeld
  }
}
