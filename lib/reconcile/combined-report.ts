import type { OutcomeCounts } from '../core/outcome.ts'
import { stopReasons, type RunFigures } from './ports.ts'
import type { RunReport } from './reconcile.ts'

/**
 * What the runs of one provider's lists did together, in their order. As {@link combinedReport}, but that what is pending is
 * counted once: the last that counted it saw what those before it had settled.
 * @param reports - at least one
 */
export function reportOfLists(reports: readonly RunReport[]): RunReport {
  const together = combinedReport(reports)
  const pending = reports.findLast(({ figures }) => figures.pending !== undefined)?.figures.pending
  return { ...together, figures: { ...together.figures, ...(pending !== undefined && { pending }) } }
}

/**
 * What several runs did together: counts add up, the longest age and delay count, and the worst end is that of all.
 * A run that left the work to another one counts only where every one did.
 * @param reports - at least one
 */
export function combinedReport(reports: readonly RunReport[]): RunReport {
  const worked = reports.filter(({ figures }) => figures.stoppedBy !== 'lease')
  const [first, ...others] = worked.length > 0 ? worked : reports
  if (!first) throw new TypeError('There is always a run, and so a report.')
  return others.reduce(combined, first)
}

function combined(one: RunReport, other: RunReport): RunReport {
  const problems = [one.problem, other.problem].filter((problem) => problem !== undefined)
  return {
    figures: combinedFigures(one.figures, other.figures),
    outcomes: added<OutcomeCounts>(one.outcomes, other.outcomes, () => false),
    ...(problems.length > 0 && { problem: problems.join(' ') }),
  }
}

function combinedFigures(
  { stoppedBy: one, ...ofOne }: RunFigures,
  { stoppedBy: other, ...ofOther }: RunFigures,
): RunFigures {
  const stoppedBy = stopReasons.indexOf(one) > stopReasons.indexOf(other) ? one : other
  return { ...added<typeof ofOne>(ofOne, ofOther, (name) => name.endsWith('Seconds')), stoppedBy }
}

type Counts = Readonly<Record<string, number | undefined>>

function added<T extends Counts>(one: T, other: T, isLongest: (name: string) => boolean): T {
  const names = Object.keys({ ...one, ...other })
  const sums = names.map((name) => {
    const [a = 0, b = 0] = [one[name], other[name]]
    return [name, isLongest(name) ? Math.max(a, b) : a + b] as const
  })
  return Object.fromEntries(sums) as T
}
