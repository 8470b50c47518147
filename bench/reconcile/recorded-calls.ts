import {
  hourMs,
  minuteMs,
  requestDateOf,
  requestDateStartMs,
  dayMs,
  secondMs,
} from '../../lib/core/instant.ts'
import type { StatusApi, StatusQuery } from '../../lib/reconcile/ports.ts'
import type { Clock } from '../../lib/runtime/ports.ts'

/** What a pace says: so many requests in any one second. */
export const requestsPerSecond = 1

/** What was asked, and how fast. */
interface RecordedCalls {
  /** By the date asked about. */
  readonly byDate: ReadonlyMap<string, number>
  /** By what they were for and about which date: `tail`, `sweep on day 3`, `look-up of deferred from 4 h`. */
  readonly byPurpose: ReadonlyMap<string, ReadonlyMap<string, number>>
  /** Calls that came while the second before them was full. */
  readonly overPace: number
  /** The most in a quarter of an hour, per second. */
  readonly busiestPerSecond: number
}

/** Status of the deliveries that a look-up is about, as the ledger knows them at that moment. */
type Subject = (messageId: string) => Promise<{ readonly status: string; readonly sentAtMs: number }>

/**
 * Puts a record of all calls between a strategy and the provider's lists, which share a pace.
 * @param subjectOf - of a look-up of one message
 */
export function recordOfCalls(
  clock: Clock,
  subjectOf: Subject,
): {
  /** @param list - whose calls they are, where there are several: it stands before their purpose */
  readonly recorded: (statusApi: StatusApi, list?: string) => StatusApi
  readonly calls: RecordedCalls
} {
  const record = new CallRecord()
  const purposeOf = async (query: StatusQuery, nowMs: number): Promise<string> => {
    if (query.messageId !== undefined) return lookUpOf(await subjectOf(query.messageId), nowMs)
    const isLookUp = query.emailIds !== undefined || query.recipient !== undefined
    return isLookUp ? 'look-ups' : listingOf(query.requestDate, nowMs)
  }
  const recorded = (statusApi: StatusApi, list = ''): StatusApi => ({
    ...statusApi,
    async page(query) {
      const nowMs = clock.now()
      record.add(query, nowMs, `${list && `${list}: `}${await purposeOf(query, nowMs)}`)
      return statusApi.page(query)
    },
  })
  return { recorded, calls: record }
}

const quarterHourMs = 15 * minuteMs

class CallRecord implements RecordedCalls {
  overPace = 0
  readonly byDate = new Map<string, number>()
  readonly byPurpose = new Map<string, Map<string, number>>()
  readonly #byQuarter = new Map<number, number>()
  /** Calls of the last second. */
  #lastMs: number[] = []

  add({ requestDate }: StatusQuery, nowMs: number, purpose: string): void {
    addOne(this.byDate, requestDate)
    const ofPurpose = this.byPurpose.get(purpose) ?? new Map<string, number>()
    this.byPurpose.set(purpose, ofPurpose)
    addOne(ofPurpose, requestDate)
    addOne(this.#byQuarter, Math.floor(nowMs / quarterHourMs))
    this.#lastMs = this.#lastMs.filter((atMs) => atMs > nowMs - secondMs)
    if (this.#lastMs.length >= requestsPerSecond) this.overPace += 1
    this.#lastMs.push(nowMs)
  }

  get busiestPerSecond(): number {
    return (Math.max(0, ...this.#byQuarter.values()) * secondMs) / quarterHourMs
  }
}

function addOne<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function listingOf(requestDate: string, nowMs: number): string {
  const ageDays = (requestDateStartMs(requestDateOf(nowMs)) - requestDateStartMs(requestDate)) / dayMs
  return ageDays === 0 ? 'tail' : `sweep on day ${ageDays}`
}

const ageSteps = [
  [5 * 24 * hourMs, '5 d'],
  [73 * hourMs, '73 h'],
  [36 * hourMs, '36 h'],
  [12 * hourMs, '12 h'],
  [4 * hourMs, '4 h'],
  [hourMs, '1 h'],
  [0, '0'],
] as const

function lookUpOf({ status, sentAtMs }: Awaited<ReturnType<Subject>>, nowMs: number): string {
  const [, age] = ageSteps.find(([fromMs]) => nowMs - sentAtMs >= fromMs) ?? [0, '0']
  const known = status === 'requested' ? 'silent' : status
  return `look-up of ${known} from ${age}`
}
