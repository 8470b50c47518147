import type { Ledger } from '../../../local/in-memory-ledger.ts'
import type { Random } from '../../../local/simulated-ses/random.ts'
import type { InMemoryPorts } from './in-memory-run.ts'

/** What a run waits for. */
export const waits = ['page', 'sleep', 'acquire', 'save', 'release', 'record', 'read'] as const

type Wait = (typeof waits)[number]

/** One wait that is far longer than any other. */
export interface Hang {
  readonly at: Wait
  /** How many of its kind came before. */
  readonly after: number
  readonly lastsMs: number
  /** Whether it hangs before it takes effect, or after that and before the answer arrives. */
  readonly isBefore: boolean
}

type Slowly = <T>(at: Wait, act: () => Promise<T>) => Promise<T>

/** Ports that take their time, on a clock on which others work meanwhile. */
export function slowPorts(
  { statusApi, ledger, clock }: InMemoryPorts,
  random: Random,
  hangs: readonly Hang[],
): InMemoryPorts {
  const waited = new Map<Wait, number>()
  const slowly: Slowly = async (at, act) => {
    const after = waited.get(at) ?? 0
    waited.set(at, after + 1)
    const waitMs = (isBefore: boolean) =>
      hangs
        .filter((hang) => hang.at === at && hang.after === after && hang.isBefore === isBefore)
        .reduce((sum, { lastsMs }) => sum + lastsMs, random.int(0, usualMs(at, random)))
    await clock.sleep(waitMs(true))
    const acted = await act()
    await clock.sleep(waitMs(false))
    return acted
  }
  return {
    statusApi: {
      ...statusApi,
      page: (query) => slowly('page', () => statusApi.page(query)),
    },
    ledger: slowLedger(ledger, slowly),
    clock: { now: clock.now, sleep: (ms) => slowly('sleep', () => clock.sleep(ms)) },
  }
}

/** The longest that half a wait takes where it does not hang. */
function usualMs(at: Wait, random: Random): number {
  if (at === 'page') return random.chance(0.1) ? 4_000 : 400
  return at === 'sleep' ? 2 : 20
}

function slowLedger({ deliveries, suppressions, runs }: Ledger, slowly: Slowly): Ledger {
  return {
    deliveries: {
      ...deliveries,
      record: (event) => slowly('record', () => deliveries.record(event)),
      leavePending: (key, status) => slowly('record', () => deliveries.leavePending(key, status)),
      rowsOf: (keys) => slowly('read', () => deliveries.rowsOf(keys)),
      async *pending() {
        yield* await slowly('read', () => Array.fromAsync(deliveries.pending()))
      },
    },
    suppressions: {
      ...suppressions,
      suppress: (evidence) => slowly('record', () => suppressions.suppress(evidence)),
    },
    runs: {
      ...runs,
      acquire: (...given) => slowly('acquire', () => runs.acquire(...given)),
      save: (...given) => slowly('save', () => runs.save(...given)),
      release: (...given) => slowly('release', () => runs.release(...given)),
    },
  }
}
