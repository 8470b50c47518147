import type { Ledger } from '../../../local/in-memory-ledger.ts'
import type { InMemoryPorts } from './in-memory-run.ts'

/** A promise of its own each time: one for all would keep every dead run in memory. */
function never(): Promise<never> {
  return new Promise(() => undefined)
}

/**
 * Ports through which a run acts on the world until it is killed. It can be killed at every moment at which it waits for a
 * port: before what it asked for takes effect, and after that but before the answer arrives. From then on no port answers and
 * nothing takes effect, nor does what was under way beside it; what only looks has no effect and so one moment.
 */
export class MortalPorts {
  readonly ports: InMemoryPorts
  /** Resolves when the run is killed. */
  readonly death: Promise<void>
  /** The moments that have passed. */
  moments = 0
  /** How much has taken effect. */
  effects = 0
  /** What the run waited for when it was killed. */
  killedAt = ''
  readonly #fatalMoment: number
  #isDead = false
  #die: () => void = () => undefined

  /** @param fatalMoment - the moment at which the run is killed, from 1 on; one that is never reached kills nothing. */
  constructor({ statusApi, ledger, clock }: InMemoryPorts, fatalMoment: number) {
    this.#fatalMoment = fatalMoment
    this.death = new Promise((resolve) => {
      this.#die = resolve
    })
    this.ports = {
      statusApi: {
        ...statusApi,
        page: (query) => this.#look('page', () => statusApi.page(query)),
      },
      ledger: this.#mortal(ledger),
      clock: { now: clock.now, sleep: (ms) => this.#look('sleep', () => clock.sleep(ms)) },
    }
  }

  #mortal({ deliveries, suppressions, runs }: Ledger): Ledger {
    return {
      deliveries: {
        ...deliveries,
        record: (event) => this.#act('record', () => deliveries.record(event)),
        leavePending: (key, status) => this.#act('leavePending', () => deliveries.leavePending(key, status)),
        rowsOf: (keys) => this.#look('rowsOf', () => deliveries.rowsOf(keys)),
        pending: () => this.#pending(deliveries),
      },
      suppressions: {
        ...suppressions,
        suppress: (evidence) => this.#act('suppress', () => suppressions.suppress(evidence)),
      },
      runs: {
        ...runs,
        acquire: (...given) => this.#act('acquire', () => runs.acquire(...given)),
        save: (...given) => this.#act('save', () => runs.save(...given)),
        release: (...given) => this.#act('release', () => runs.release(...given)),
      },
    }
  }

  async *#pending(deliveries: Ledger['deliveries']): ReturnType<typeof deliveries.pending> {
    yield* await this.#look('pending', () => Array.fromAsync(deliveries.pending()))
  }

  async #act<T>(what: string, act: () => Promise<T>): Promise<T> {
    await this.#moment(`before ${what}`)
    this.effects += 1
    const acted = act()
    await this.#moment(`after ${what}`)
    return acted
  }

  async #look<T>(what: string, look: () => Promise<T>): Promise<T> {
    await this.#moment(what)
    return look()
  }

  async #moment(what: string): Promise<void> {
    if (this.#isDead) return never()
    this.moments += 1
    if (this.moments === this.#fatalMoment) {
      this.#isDead = true
      this.killedAt = what
      this.#die()
    }
    // What waits beside this has not come through, either.
    await Promise.resolve()
    if (this.#isDead) await never()
  }
}
