import * as v from 'valibot'
import { stopReasons, type RunState } from '../reconcile/ports.ts'
import { instant, type Row } from './row.ts'

const storedRun = v.object({
  lastRunAt: v.exactOptional(instant),
  lastRun: v.exactOptional(v.object({ stoppedBy: v.picklist(stopReasons) })),
  leaseUntil: v.exactOptional(instant),
})

/** What the row of a job shows of its runs. Throws a `ValiError` where it does not hold what this version writes. */
export function runStateIn(row: Row): RunState {
  const { lastRunAt, lastRun, leaseUntil } = v.parse(storedRun, row)
  return {
    ...(lastRunAt !== undefined && { endedAtMs: lastRunAt }),
    ...(lastRun && { stoppedBy: lastRun.stoppedBy }),
    ...(leaseUntil !== undefined && { leaseUntilMs: leaseUntil }),
  }
}

/** Compared as text, so always with milliseconds. */
export function leaseInstant(instantMs: number): string {
  return new Date(instantMs).toISOString()
}
