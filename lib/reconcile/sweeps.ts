import { activeAges, defaultSweepAgesDays, dueSweeps, oldestDateInReach } from '../core/sweep-plan.ts'
import type { CountedList, OpenSweep } from './checkpoint.ts'
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
  const isChosen = (sweep: OpenSweep) =>
    run.datesBegunForDue.has(sweep.requestDate) && sweep.failures === undefined && !isWaiting(run, sweep)
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
  const ages = agesOfToday(run)
  const { sweptAges, due } = dueSweeps(run.checkpoint.sweptAges, run.listedMs, ages.active)
  const oldest = oldestDateInReach(run.startedMs)
  const open = run.checkpoint.openSweeps.filter((sweep) => sweep.requestDate >= oldest)
  const lost = run.checkpoint.openSweeps.length - open.length
  if (lost > 0)
    run.log('sweeps unfinished', { dates: lost, consequence: 'the provider no longer reports them' })
  const begun = due.filter((date) => !open.some((sweep) => sweep.requestDate === date))
  const all: readonly OpenSweep[] = [...open, ...begun.map((requestDate) => ({ requestDate, offset: 0 }))]
  run.advance({ sweptAges: [...sweptAges] })
  const isDueRead = await readLists(run, {
    toRead: all.filter((sweep) => !isWaiting(run, sweep)),
    left: all.filter((sweep) => isWaiting(run, sweep)),
  })
  noteAges(run, ages)
  return isDueRead
}

/** The provider may still repeat what it answered when the list changed its order. */
function isWaiting({ startedMs }: Run, { notBeforeMs = 0 }: OpenSweep): boolean {
  return startedMs < notBeforeMs
}

/** At which ages dates are swept now, and the calls of a sweep that led to it; absent where nothing did. */
interface AgesOfToday {
  readonly active: readonly number[]
  readonly callsPerSweep?: number
}

/**
 * The ages that somebody set, or as many of the default ones as fit. The largest of the dates counts that were swept last, so that
 * a weekend brings none back; what nobody has counted is taken for too large.
 */
function agesOfToday({ sweepAgesDays, sweepCallsPerDay: callsPerDay, checkpoint }: Run): AgesOfToday {
  if (sweepAgesDays) return { active: sweepAgesDays }
  const calls = checkpoint.countedLists.map(({ rows }) => Math.floor(rows / pageRows) + 1)
  if (calls.length === 0)
    return { active: activeAges(defaultSweepAgesDays, { callsPerSweep: Infinity, callsPerDay }) }
  const callsPerSweep = Math.max(...calls)
  return { active: activeAges(defaultSweepAgesDays, { callsPerSweep, callsPerDay }), callsPerSweep }
}

/** Logs a change once: a run without an answer stores nothing, and leaves it to the next one. */
function noteAges(run: Run, { active, callsPerSweep }: AgesOfToday): void {
  const { activeAgesDays: known = defaultSweepAgesDays } = run.checkpoint
  if (callsPerSweep === undefined || !run.calls.hasAnswered || active.join() === known.join()) return
  run.advance({ activeAgesDays: [...active] })
  const callsPerDay = run.sweepCallsPerDay
  run.log('sweep ages changed', { from: known, to: active, callsPerSweep, callsPerDay })
}

/** Swept dates that are remembered: a week, in which the busiest day shows. */
const countedDates = 7

/** With what a sweep has read of a date; of the newest dates alone. */
function withCounted(known: readonly CountedList[], { requestDate, offset: rows }: OpenSweep): CountedList[] {
  const others = known.filter((counted) => counted.requestDate !== requestDate)
  return [...others, { requestDate, rows }]
    .sort((one, other) => (one.requestDate < other.requestDate ? 1 : -1))
    .slice(0, countedDates)
}

/**
 * Reads lists, one after the other. Returns whether one was read to its end for which look-ups wait.
 * @param left - dates whose turn is not now
 */
async function readLists(
  run: Run,
  { toRead, left: notNow }: { readonly toRead: readonly OpenSweep[]; readonly left: readonly OpenSweep[] },
): Promise<boolean> {
  const unfinished: OpenSweep[] = []
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
        leave([reached, ...others, ...unfinished])
      })
      if (left) unfinished.push(left)
      else isDueRead ||= sweep.isForDue === true
    } catch (error) {
      // The last of several questions without an answer is one of its own, too.
      const isUnreported = error instanceof RunStopped && error.stoppedBy === 'provider'
      if (isUnreported) leave([...others, ...unfinished, afterFailure(run, last)])
      throw error
    }
    leave([...others, ...unfinished])
  }
  await run.save()
  return isDueRead
}

/**
 * Reads a list page by page and calls `reached` with each page applied. Returns what is left where a page is unanswered, or where it
 * is to be swept again and the provider would repeat itself now.
 */
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
    run.advance({ countedLists: withCounted(run.checkpoint.countedLists, sweep) })
    reached(sweep)
    if (!page.isLast) await run.save()
  }
  const again = afterLastPage(run, sweep)
  if (!again) return undefined
  reached(again)
  await run.save()
  return again.notBeforeMs === undefined ? readList(run, again, reached) : again
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
 * once more, as soon as the provider repeats none of its answers; where its order changes again, look-ups have to do, and the figures
 * show it.
 */
function afterLastPage(
  run: Run,
  { requestDate, isForDue, isUnsteady, isSecond }: OpenSweep,
): OpenSweep | undefined {
  if (isUnsteady !== true) return undefined
  if (isSecond !== true) {
    const notBeforeMs = run.calls.lastCallAtMs + run.staleMs
    return {
      requestDate,
      offset: 0,
      ...(isForDue && { isForDue }),
      isSecond: true,
      ...(run.staleMs > 0 && { notBeforeMs }),
    }
  }
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
