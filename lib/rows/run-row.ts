import * as v from 'valibot'
import { stopReasons, type RunState } from '../reconcile/ports.ts'
import type { LastRun } from '../store/ports.ts'
import { instant, textIn, type Row } from './row.ts'

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

/** How the last run of a job ended; `undefined` for a row that holds none, or nothing of it that can be read. */
export function lastRunIn(row: Row): LastRun | undefined {
  const job = textIn(row, 'job')
  const [endedAtMs, leaseUntilMs] = [instantIn(row, 'lastRunAt'), instantIn(row, 'leaseUntil')]
  if (job === undefined || (endedAtMs === undefined && leaseUntilMs === undefined)) return undefined
  return {
    job,
    ...(endedAtMs !== undefined && { endedAtMs }),
    ...(leaseUntilMs !== undefined && { leaseUntilMs }),
    figures: new Map(
      Object.entries(row.lastRun ?? {}).flatMap(([name, value]: [string, unknown]) =>
        typeof value === 'string' || typeof value === 'number' ? [[name, String(value)] as const] : [],
      ),
    ),
  }
}

function instantIn(row: Row, column: string): number | undefined {
  const instantMs = Date.parse(textIn(row, column) ?? '')
  return Number.isNaN(instantMs) ? undefined : instantMs
}
