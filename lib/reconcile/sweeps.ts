import { dueSweeps, oldestDateInReach } from '../core/sweep-plan.ts'
import type { OpenSweep } from './checkpoint.ts'
import { RunStopped } from './provider-calls.ts'
import { pageRows } from './ports.ts'
import type { Run } from './run.ts'

/** Runs in a row after which a page without an answer is left out: three hours, and what follows it is worth more. */
const failuresPerPage = 36

/**
 * Reads on the lists for which look-ups have waited since an earlier run. They precede other look-ups: these may take all
 * of a run's time, and are remembered only as far as none waits before them.
 */
export async function readListsBegunForDue(run: Run): Promise<void> {
  const { openSweeps } = run.checkpoint
  const isChosen = ({ requestDate, failures }: OpenSweep) =>
    run.datesBegunForDue.has(requestDate) && failures === undefined
  if (openSweeps.some(isChosen)) {
    await readLists(run, {
      toRead: openSweeps.filter(isChosen),
      left: openSweeps.filter((sweep) => !isChosen(sweep)),
    })
  }
}

/**
 * Reads the whole lists of dates that have closed. One that fails goes behind the others and is read on next time. Returns
 * whether one was read to its end for which look-ups wait.
 */
export async function sweepClosedDates(run: Run): Promise<boolean> {
  const { sweptAges, due } = dueSweeps(run.checkpoint.sweptAges, run.listedMs)
  const oldest = oldestDateInReach(run.startedMs)
  const open = run.checkpoint.openSweeps.filter((sweep) => sweep.requestDate >= oldest)
  const lost = run.checkpoint.openSweeps.length - open.length
  if (lost > 0)
    run.log('sweeps unfinished', { dates: lost, consequence: 'the provider no longer reports them' })
  const begun = due.filter((date) => !open.some((sweep) => sweep.requestDate === date))
  const toRead: readonly OpenSweep[] = [...open, ...begun.map((requestDate) => ({ requestDate, offset: 0 }))]
  run.advance({ sweptAges: [...sweptAges] })
  return readLists(run, { toRead, left: [] })
}

/**
 * Reads lists, one after the other. Returns whether one was read to its end for which look-ups wait.
 * @param left - dates whose turn is not now
 */
async function readLists(
  run: Run,
  { toRead, left: notNow }: { readonly toRead: readonly OpenSweep[]; readonly left: readonly OpenSweep[] },
): Promise<boolean> {
  const failed: OpenSweep[] = []
  const leave = (openSweeps: readonly OpenSweep[]) => {
    run.advance({ openSweeps: [...openSweeps, ...notNow] })
  }
  let isDueRead = false
  leave(toRead)
  for (const [index, sweep] of toRead.entries()) {
    const others = toRead.slice(index + 1)
    let last: OpenSweep = sweep
    try {
      const left = await readList(run, sweep, (reached) => {
        last = reached
        leave([reached, ...others, ...failed])
      })
      if (left) failed.push(left)
      else isDueRead ||= sweep.isForDue === true
    } catch (error) {
      // The last of several questions without an answer is one of its own, too.
      const isUnreported = error instanceof RunStopped && error.stoppedBy === 'provider'
      if (isUnreported) leave([...others, ...failed, afterFailure(run, last)])
      throw error
    }
    leave([...others, ...failed])
  }
  await run.save()
  return isDueRead
}

/** Reads a list page by page and calls `reached` with each page applied. Returns what is left where a page is unanswered. */
async function readList(
  run: Run,
  from: OpenSweep,
  reached: (sweep: OpenSweep) => void,
): Promise<OpenSweep | undefined> {
  const { requestDate, offset } = from
  const list = run.repairs.beginList()
  let sweep = from
  for await (const page of run.reader.pages({ requestDate, offset }, list)) {
    if (page === 'unanswered') return afterFailure(run, sweep)
    sweep = afterPage(sweep, page.rows, run.repairs.isUnsteady(list))
    reached(sweep)
    if (!page.isLast) await run.save()
  }
  const again = afterLastPage(run, sweep)
  if (!again) return undefined
  reached(again)
  await run.save()
  return readList(run, again, reached)
}

function afterPage(
  { requestDate, offset, isForDue, isSecond, isUnsteady: wasUnsteady }: OpenSweep,
  rows: number,
  isUnsteady: boolean,
): OpenSweep {
  return {
    requestDate,
    offset: offset + rows,
    ...(isForDue && { isForDue }),
    ...(isSecond && { isSecond }),
    ...((isUnsteady || wasUnsteady) && { isUnsteady: true }),
  }
}

/**
 * A list that changed its order while it was read may have moved rows from a later page to one that was read. It is swept
 * once more; where its order changes again, look-ups have to do, and the figures show it.
 */
function afterLastPage(
  run: Run,
  { requestDate, isForDue, isUnsteady, isSecond }: OpenSweep,
): OpenSweep | undefined {
  if (isUnsteady !== true) return undefined
  if (isSecond !== true) return { requestDate, offset: 0, ...(isForDue && { isForDue }), isSecond: true }
  run.unsteadyLists += 1
  const consequence = 'rows of it may not have been read; what is pending is looked up'
  run.log('list unsteady', { requestDate, consequence })
  return undefined
}

/** Where to go on at the next run. A page that is never answered holds up those behind it for so long and no longer. */
function afterFailure(run: Run, sweep: OpenSweep): OpenSweep {
  const failures = (sweep.failures ?? 0) + 1
  if (failures < failuresPerPage) return { ...sweep, failures }
  const { requestDate, offset } = sweep
  run.log('page left out', { requestDate, offset, consequence: 'its rows are not read' })
  return { ...sweep, offset: offset + pageRows, failures: 0 }
}
