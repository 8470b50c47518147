import { pageRows, StatusApiError, type VolumeReport } from '../ports.ts'
import type { ProviderCalls } from '../provider-calls.ts'

/** What a backfill is expected to take, as it begins. */
export interface Estimate {
  readonly dates: readonly string[]
  /** About how many calls each date's list takes; absent where the provider did not report how much was sent. */
  readonly callsByDate?: ReadonlyMap<string, number>
  /** Why it did not. */
  readonly problem?: string
}

/** Asks how much was sent on the dates. Where that is refused or fails, everything else goes on without it. */
export async function estimateOf(
  dates: readonly string[],
  volumes: VolumeReport | undefined,
  calls: ProviderCalls,
): Promise<Estimate> {
  if (!volumes) return { dates, problem: 'This provider does not report how much was sent.' }
  const callsByDate = new Map<string, number>()
  try {
    for (let begin = 0; begin < dates.length; begin += volumes.maxDates) {
      const part = dates.slice(begin, begin + volumes.maxDates)
      const [from = '', to = ''] = [part.at(0), part.at(-1)]
      const requests = await calls.once(() => volumes.requestsPerDate(from, to))
      // A list ends with a page that is not full, so one call more than there are full pages.
      for (const date of part) callsByDate.set(date, Math.floor((requests.get(date) ?? 0) / pageRows) + 1)
    }
    return { dates, callsByDate }
  } catch (error) {
    if (error instanceof StatusApiError) return { dates, problem: error.message }
    throw error
  }
}

/** How far a backfill is. */
export interface Made {
  /** Calls for lists and look-ups. */
  readonly calls: number
  /** Those of them for the date under way. */
  readonly callsForDate: number
  readonly datesDone: number
}

/** How many calls it will have made in the end; `undefined` where the provider did not report how much was sent. */
export function expectedCalls(
  { dates, callsByDate }: Estimate,
  made: Made = { calls: 0, callsForDate: 0, datesDone: 0 },
): number | undefined {
  if (!callsByDate) return undefined
  const [current = 0, ...later] = dates.slice(made.datesDone).map((date) => callsByDate.get(date) ?? 1)
  return later.reduce((sum, calls) => sum + calls, made.calls + Math.max(0, current - made.callsForDate))
}
