import * as v from 'valibot'
import { firstSweptAges } from './core/sweep-plan.ts'
import { requestDateOf } from './core/instant.ts'
import type { StoredCheckpoint } from './ports.ts'

const requestDate = v.pipe(v.string(), v.isoDate())
const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const sweep = v.object({ requestDate, offset: wholeNumber })

const checkpoint = v.object({
  version: v.literal(1),
  /** Today's list is read onward from here. */
  tail: sweep,
  /** Whole dates under way, with how far each is read. */
  openSweeps: v.array(sweep),
  sweptAges: v.array(v.object({ ageDays: wholeNumber, throughDate: requestDate })),
  /** Every look that fell due up to this instant is done. */
  looksThroughMs: wholeNumber,
  /** When the provider was last asked: the pace holds across runs. */
  lastCallAtMs: wholeNumber,
})

/** What a run leaves for the next one: it only moves past what is applied. */
export type Checkpoint = v.InferOutput<typeof checkpoint>

/** Reads a stored checkpoint; without one, or with one that cannot be read, begins anew: that costs calls, not rows. */
export function readCheckpoint(
  stored: StoredCheckpoint | undefined,
  sweepAgesDays: readonly number[],
  nowMs: number,
): { checkpoint: Checkpoint; isReadable: boolean } {
  const parsed =
    stored === undefined ? undefined : v.safeParse(v.pipe(v.string(), v.parseJson(), checkpoint), stored)
  if (parsed?.success) return { checkpoint: parsed.output, isReadable: true }
  return {
    checkpoint: {
      version: 1,
      tail: { requestDate: requestDateOf(nowMs), offset: 0 },
      openSweeps: [],
      sweptAges: [...firstSweptAges(sweepAgesDays, nowMs)],
      looksThroughMs: 0,
      lastCallAtMs: 0,
    },
    isReadable: stored === undefined,
  }
}

export function writeCheckpoint(toStore: Checkpoint): StoredCheckpoint {
  return JSON.stringify(toStore)
}
