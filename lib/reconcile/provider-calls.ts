import { minuteMs, secondMs } from '../core/instant.ts'
import { StatusApiError, type StatusApi, type StatusPage, type StatusQuery } from './ports.ts'
import type { Clock } from '../runtime/ports.ts'

/** The run must end here and now; what it has applied stays applied. */
export class RunStopped extends Error {
  readonly stoppedBy: 'time' | 'calls' | 'lease' | 'provider' | 'settings'

  constructor(stoppedBy: RunStopped['stoppedBy'], message: string) {
    super(message)
    this.name = 'RunStopped'
    this.stoppedBy = stoppedBy
  }
}

export interface CallBudget {
  /** No request is begun that might not be answered before this instant. */
  readonly deadlineMs: number
  /** Aborts where the run is to end before: no further request is begun. Default: it ends by the deadline alone. */
  readonly stop?: AbortSignal | undefined
  readonly maxCalls: number
  readonly requestsPerSecond: number
  /** How many lists are read at that pace, one after the other. Default: this one alone. */
  readonly listsAtPace?: number
}

interface Dependencies {
  readonly statusApi: StatusApi | undefined
  readonly clock: Clock
  readonly budget: CallBudget
  /** When the provider was last asked, in this run or an earlier one. */
  readonly lastCallAtMs: number
  /** Runs before every request, and now and then while it waits for its turn; throws {@link RunStopped} where the run may not go on. */
  readonly beforeCall: () => Promise<void>
}

/** By how much our clock may be ahead of the provider's: as much as it allows the signature of a request. */
const mostAheadMs = 5 * minuteMs
/** The longest that one request may take, and a moment to write what it reported. */
const callReserveMs = 12 * secondMs
/** The longest wait in which a lease need not be renewed. */
const longestSleepMs = 30 * secondMs
const retryWaitsMs = [secondMs, 4 * secondMs]
/** Requests in a row without an answer, after which it is not the request that is at fault. */
const failuresInARow = 3

/** The only way in which a run calls the provider: paced, within its budget, and again where that can help. */
export class ProviderCalls {
  readonly #deps: Dependencies
  #calls = 0
  #rows = 0
  #lastCallAtMs: number
  #failuresInARow = 0
  #hasAnswered = false
  #lastProblem = ''

  constructor(deps: Dependencies) {
    this.#deps = deps
    this.#lastCallAtMs = deps.lastCallAtMs
  }

  /** Requests made, repeated ones included. */
  get calls(): number {
    return this.#calls
  }

  /** Rows that were received. */
  get rows(): number {
    return this.#rows
  }

  /** Whether the provider answered this run at all. It checks a request's time and dates its answer, which confirms our clock. */
  get hasAnswered(): boolean {
    return this.#hasAnswered
  }

  /** Why the last request without an answer got none. */
  get lastProblem(): string {
    return this.#lastProblem
  }

  get lastCallAtMs(): number {
    return this.#lastCallAtMs
  }

  /**
   * One page. A request that stays unanswered is a {@link StatusApiError} of its own and others go on; settings that
   * are wrong end the run, and a provider that does not answer ends this part of it.
   */
  async page(query: StatusQuery): Promise<StatusPage> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const page = await this.#ask(query)
        this.#requireClock(page)
        this.#failuresInARow = 0
        this.#hasAnswered = true
        this.#rows += page.rows
        return page
      } catch (error) {
        if (!(error instanceof StatusApiError)) throw error
        this.#lastProblem = error.message
        if (this.#isAboutSettings(error)) throw new RunStopped('settings', error.message)
        if (error.consequence !== 'transient') {
          this.#failuresInARow = 0
          throw error
        }
        const waitMs = retryWaitsMs[attempt]
        if (waitMs === undefined) throw this.#unanswered(error)
        this.#requireTime(waitMs)
        await this.#deps.clock.sleep(waitMs)
      }
    }
  }

  /** One request of any kind, in its turn: paced and within the budget. Throws what `ask` throws. */
  async once<T>(ask: () => Promise<T>): Promise<T> {
    const { clock, budget, beforeCall } = this.#deps
    const waitMs = this.#waitMs()
    if (this.#calls >= budget.maxCalls) throw new RunStopped('calls', 'The budget of calls is used up.')
    this.#requireTime(waitMs)
    await this.#waitForTurn(waitMs)
    await beforeCall()
    // Both may have taken longer than they should.
    this.#requireTime(0)
    this.#calls += 1
    this.#lastCallAtMs = clock.now()
    return ask()
  }

  /** Resolves once the next request may be made, whoever makes it. */
  async waitOut(): Promise<void> {
    await this.#deps.clock.sleep(this.#waitMs())
  }

  #ask(query: StatusQuery): Promise<StatusPage> {
    const { statusApi } = this.#deps
    if (!statusApi) throw new TypeError('A run asks only where a poll is set up.')
    return this.once(() => statusApi.page(query))
  }

  #waitMs(): number {
    const intervalMs = Math.ceil(secondMs / this.#deps.budget.requestsPerSecond)
    // Bounded, since the last call's clock may have been ahead of this one.
    return Math.min(intervalMs, Math.max(0, this.#lastCallAtMs + intervalMs - this.#deps.clock.now()))
  }

  /**
   * An answer counts only where the provider's clock confirms ours. It is compared with the instant of the request: however
   * long the answer took, it was dated later.
   */
  #requireClock({ answeredAtMs }: StatusPage): void {
    const aheadMs = this.#lastCallAtMs - (answeredAtMs ?? Infinity)
    if (aheadMs <= mostAheadMs) return
    const minutes = Math.round(aheadMs / minuteMs)
    throw new RunStopped(
      'settings',
      `Set this machine's clock: it is ${minutes} minutes ahead of the provider's.`,
    )
  }

  async #waitForTurn(waitMs: number): Promise<void> {
    for (let leftMs = waitMs; leftMs > 0; leftMs -= longestSleepMs) {
      await this.#deps.clock.sleep(Math.min(leftMs, longestSleepMs))
      if (leftMs > longestSleepMs) await this.#deps.beforeCall()
    }
  }

  /** Ends the run where a request made after the wait might not be answered in time. */
  #requireTime(waitMs: number): void {
    const { deadlineMs, stop } = this.#deps.budget
    if (stop?.aborted || this.#deps.clock.now() + waitMs + callReserveMs > deadlineMs) {
      throw new RunStopped('time', 'The time for this run is used up.')
    }
  }

  /** A parameter that is refused after others were accepted is the fault of this request alone. */
  #isAboutSettings(error: StatusApiError): boolean {
    return (
      error.consequence === 'settings' && !(this.#hasAnswered && error.code.startsWith('InvalidParameter'))
    )
  }

  #unanswered(error: StatusApiError): Error {
    this.#failuresInARow += 1
    if (this.#failuresInARow < failuresInARow) return error
    this.#failuresInARow = 0
    return new RunStopped('provider', error.message)
  }
}
