import * as v from 'valibot'
import { requestDateOf } from '../core/instant.ts'
import { firstSweptAges, unsweptAges, withAges, type SweptAge } from '../core/sweep-plan.ts'
import type { StoredCheckpoint } from '../ports.ts'

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
  /** MessageIds whose look got no answer: asked about again at the next run. */
  unansweredLooks: v.array(v.string()),
  /** When the provider was last asked: the pace holds across runs. */
  lastCallAtMs: wholeNumber,
})

/** What a run leaves for the next one: it only moves past what is applied. */
export type Checkpoint = v.InferOutput<typeof checkpoint>

/**
 * Reads a stored checkpoint. Without one the ledger is new, and yesterday is the first date to be swept. One that cannot
 * be read costs calls and not rows: every date in reach is swept again.
 */
export function readCheckpoint(
  stored: StoredCheckpoint | undefined,
  sweepAgesDays: readonly number[],
  nowMs: number,
): { checkpoint: Checkpoint; isReadable: boolean } {
  if (stored === undefined) {
    return { checkpoint: beginning(firstSweptAges(sweepAgesDays, nowMs), nowMs), isReadable: true }
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), checkpoint), stored)
  if (!parsed.success) {
    return { checkpoint: beginning(unsweptAges(sweepAgesDays, nowMs), nowMs), isReadable: false }
  }
  const sweptAges = withAges(parsed.output.sweptAges, sweepAgesDays, nowMs)
  return { checkpoint: { ...parsed.output, sweptAges: [...sweptAges] }, isReadable: true }
}

function beginning(sweptAges: readonly SweptAge[], nowMs: number): Checkpoint {
  return {
    version: 1,
    tail: { requestDate: requestDateOf(nowMs), offset: 0 },
    openSweeps: [],
    sweptAges: [...sweptAges],
    looksThroughMs: 0,
    unansweredLooks: [],
    lastCallAtMs: 0,
  }
}

export function writeCheckpoint(toStore: Checkpoint): StoredCheckpoint {
  return JSON.stringify(toStore)
}
