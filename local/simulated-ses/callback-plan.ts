import { callbackOf } from './callback.ts'
import type { SimulatedDelivery, TimelineEntry } from './mail.ts'
import { seededRandom } from './random.ts'
import type { Random } from './random.ts'

/** One arrival of one callback. */
export interface PlannedCallback {
  readonly arrivesAtMs: number
  readonly body: string
  readonly delivery: SimulatedDelivery
  readonly entry: TimelineEntry
  /** 1 for the first arrival, 2 and 3 for repeats of the same body. */
  readonly attempt: number
}

/** How bad the way is; rates from 0 to 1, each drawn once per timeline entry. */
export interface CallbackWeather {
  readonly seed: number
  /** Never arrives. */
  readonly lossRate: number
  /** Arrives twice or three times. */
  readonly repeatRate: number
  /** Arrives anywhere up to `maxDelayMs` after it happened, instead of a few seconds. */
  readonly lateRate: number
  readonly maxDelayMs: number
  /** Arrives after the callback of the next entry of its delivery, where that is no more than `maxDelayMs` away. */
  readonly reorderRate: number
}

export interface CallbackPlan {
  /** In the order of arrival. */
  readonly callbacks: readonly PlannedCallback[]
  readonly figures: {
    /** Arrivals, repeats included. */
    readonly planned: number
    /** Entries of which nothing arrives. */
    readonly lost: number
    /** Arrivals after the first. */
    readonly repeated: number
    /** Entries whose first arrival is late. */
    readonly late: number
    /** Entries whose first arrival was held back until after the next one's. */
    readonly reordered: number
  }
}

/** How what is not lost comes the first time. */
type Way = 'prompt' | 'late' | 'reordered'

const mostPromptSeconds = 5
const mostRepeatSeconds = 600

/** Which callbacks arrive when; none before it has happened. The same arguments give the same plan. */
export function planCallbacks(
  deliveries: readonly SimulatedDelivery[],
  weather: CallbackWeather,
): CallbackPlan {
  const random = seededRandom(weather.seed)
  const chance = { weather, random }
  const taken: Record<Way | 'lost', number> = { lost: 0, prompt: 0, late: 0, reordered: 0 }
  const callbacks: PlannedCallback[] = []
  for (const delivery of deliveries) {
    for (const [index, entry] of delivery.timeline.entries()) {
      if (random.chance(weather.lossRate)) {
        taken.lost += 1
        continue
      }
      const first = firstArrival(entry, delivery.timeline[index + 1], chance)
      taken[first.way] += 1
      callbacks.push(...arrivals({ delivery, entry, firstAtMs: first.atMs }, chance))
    }
  }
  const repeated = callbacks.filter(({ attempt }) => attempt > 1).length
  return {
    callbacks: callbacks.sort((one, other) => one.arrivesAtMs - other.arrivesAtMs),
    figures: {
      planned: callbacks.length,
      lost: taken.lost,
      repeated,
      late: taken.late,
      reordered: taken.reordered,
    },
  }
}

interface Chance {
  readonly weather: CallbackWeather
  readonly random: Random
}

/** What happened at an instant, as far as its arrival goes. */
interface Happened {
  readonly atMs: number
}

/** When the first callback of an event arrives, if it is not lost; `next` is the delivery's next event. */
export function firstArrival(
  happened: Happened,
  next: Happened | undefined,
  { weather, random }: Chance,
): { way: Way; atMs: number } {
  if (random.chance(weather.lateRate)) {
    return { way: 'late', atMs: happened.atMs + random.int(0, weather.maxDelayMs) }
  }
  const canWait = next !== undefined && next.atMs - happened.atMs <= weather.maxDelayMs
  const isReordered = canWait && random.chance(weather.reorderRate)
  const promptMs = random.int(1, mostPromptSeconds) * 1000
  return isReordered
    ? { way: 'reordered', atMs: next.atMs + mostPromptSeconds * 1000 + promptMs }
    : { way: 'prompt', atMs: happened.atMs + promptMs }
}

function arrivals(
  { delivery, entry, firstAtMs }: { delivery: SimulatedDelivery; entry: TimelineEntry; firstAtMs: number },
  { weather, random }: Chance,
): PlannedCallback[] {
  const body = JSON.stringify(callbackOf(delivery, entry))
  const times = random.chance(weather.repeatRate) ? random.int(2, 3) : 1
  let arrivesAtMs = firstAtMs
  return Array.from({ length: times }, (_, index) => {
    if (index > 0) arrivesAtMs += random.int(1, mostRepeatSeconds) * 1000
    return { arrivesAtMs, body, delivery, entry, attempt: index + 1 }
  })
}
