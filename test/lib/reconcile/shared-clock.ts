import type { Clock } from '../../../lib/runtime/ports.ts'

interface Sleeper {
  readonly wakesAtMs: number
  readonly wake: () => void
}

/**
 * A clock for several who work at once: it stands still while anybody can go on, and moves on to whoever wakes next when all
 * of them sleep.
 */
export class SharedClock implements Clock {
  #nowMs: number
  /** In the order of waking; of one instant, in the order of going to sleep. */
  readonly #sleepers: Sleeper[] = []

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  readonly now = (): number => this.#nowMs

  sleep(ms: number): Promise<void> {
    const wakesAtMs = this.#nowMs + ms
    const later = this.#sleepers.findIndex((other) => other.wakesAtMs > wakesAtMs)
    return new Promise((wake) => {
      this.#sleepers.splice(later < 0 ? this.#sleepers.length : later, 0, { wakesAtMs, wake })
    })
  }

  /** Resolves when nobody sleeps any more. */
  async untilAllIsDone(): Promise<void> {
    for (;;) {
      await everythingThatCanGoOn()
      const next = this.#sleepers.shift()
      if (!next) return
      this.#nowMs = next.wakesAtMs
      next.wake()
    }
  }
}

/** Resolves after every promise that can resolve without time going by. */
function everythingThatCanGoOn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
