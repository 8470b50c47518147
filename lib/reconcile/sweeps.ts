import { dueSweeps, oldestDateInReach, type Sweep } from '../core/sweep-plan.ts'
import type { Run } from './run.ts'

/** Reads the whole lists of dates that have closed. One that fails goes behind the others and is read on next time. */
export async function sweepClosedDates(run: Run): Promise<void> {
  const { sweptAges, due } = dueSweeps(run.checkpoint.sweptAges, run.startedMs)
  const oldest = oldestDateInReach(run.startedMs)
  const open = run.checkpoint.openSweeps.filter((sweep) => sweep.requestDate >= oldest)
  const begun = due.filter((date) => !open.some((sweep) => sweep.requestDate === date))
  const all = [...open, ...begun.map((requestDate) => ({ requestDate, offset: 0 }))]
  const failed: Sweep[] = []
  const leave = (openSweeps: readonly Sweep[]) => {
    run.checkpoint = { ...run.checkpoint, sweptAges: [...sweptAges], openSweeps: [...openSweeps] }
  }
  leave(all)
  for (const [index, sweep] of all.entries()) {
    const others = all.slice(index + 1)
    let last: Sweep = sweep
    const isComplete = await readList(run, sweep, (reached) => {
      last = reached
      leave([reached, ...others, ...failed])
    })
    if (!isComplete) failed.push(last)
    leave([...others, ...failed])
  }
  await run.save()
}

/** Reads a list page by page and calls `reached` with each page applied. `false` where a page stayed unanswered. */
async function readList(run: Run, from: Sweep, reached: (sweep: Sweep) => void): Promise<boolean> {
  const { requestDate } = from
  let { offset } = from
  for (;;) {
    const page = await run.apply({ requestDate, offset })
    if (page === 'unanswered') return false
    offset += page.rows
    reached({ requestDate, offset })
    if (page.isLast) return true
    await run.save()
  }
}
