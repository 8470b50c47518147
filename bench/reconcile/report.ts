import { dayMs, hourMs, minuteMs } from '../../lib/core/instant.ts'
import type { Bound, Bounds } from './lower-bound.ts'
import type { Delays } from './lost-facts.ts'
import { thousands, titleOf, type Scenario } from './scenario.ts'
import type { Outcome } from './simulation.ts'

interface NamedOutcome {
  readonly name: string
  readonly outcome: Outcome
}

const head = [
  [
    '',
    'calls',
    'peak',
    'what became of a mail',
    'what its reader did',
    'never',
    'un-',
    'rows',
    'unlike',
    'over',
  ],
  ['', 'a day', 'a second', 'known after', 'known after', 'known', 'settled', 'wrong', 'no loss', 'pace'],
  ['', '', '', 'p50 / p95 / max', 'p50 / p95 / max', '', '', '', '', ''],
]

/** A scenario's table, as lines. Ours stands first. */
export function tableOf(
  scenario: Scenario,
  outcomes: readonly NamedOutcome[],
  bounds: Bounds,
): readonly string[] {
  const rows = outcomes.map(({ name, outcome }) => [
    name,
    decimal(outcome.callsPerDay),
    outcome.busiestPerSecond.toFixed(2),
    spread(outcome.outcomes),
    spread(outcome.engagement),
    ...[
      outcome.outcomes.never + outcome.engagement.never,
      outcome.unsettled,
      outcome.table.wrong,
      outcome.table.otherThanWithoutLoss,
      outcome.overPace,
    ].map(thousands),
  ])
  const [ours] = outcomes
  return [
    titleOf(scenario),
    '',
    ...inColumns([...head, ...rows]),
    '',
    `with foresight    ${shown(bounds.outcomes)}; with what readers did ${shown(bounds.everything)}`,
    `without           to read every row once, and each lost outcome in time: at least ${decimal(bounds.withoutForesight)}`,
    ...(ours
      ? [`${ours.name.padEnd(18)}${purposes(ours.outcome)}`, ...goalLines(scenario, ours.outcome)]
      : []),
    ...outcomes.flatMap(recoveryLine),
  ]
}

/** Whether it kept what must hold in every scenario: right, settled, at the pace, as if nothing had been lost. */
export function isSound({ table, unsettled, overPace }: Outcome): boolean {
  return table.wrong + table.otherThanWithoutLoss + unsettled + overPace === 0
}

function shown({ least, enough }: Bound): string {
  return `at least ${decimal(least)}, enough ${decimal(enough)}`
}

/** What the calls of a day are for, most first. */
function purposes({ callsPerDayFor }: Outcome): string {
  return [...callsPerDayFor]
    .filter(([, calls]) => calls > 0)
    .sort(([, one], [, other]) => other - one)
    .map(([purpose, calls]) => `${purpose} ${decimal(calls)}`)
    .join(' · ')
}

function recoveryLine({ name, outcome: { recovery } }: NamedOutcome): readonly string[] {
  if (!recovery) return []
  const { count, withinHalfAnHour } = recovery
  const share = ((100 * withinHalfAnHour) / Math.max(1, count)).toFixed(1)
  const known = `${thousands(count)} lost outcomes known after ${spread(recovery)}, ${share} % within half an hour`
  return [`after the outage  ${name}: ${known}`]
}

/** What the issue wants of ours, where it says something of this scenario. */
function goalLines(scenario: Scenario, outcome: Outcome): readonly string[] {
  const mostCalls = mostCallsOf(scenario)
  if (mostCalls === undefined) return []
  const goals = [
    `≤ ${mostCalls} calls a day: ${decimal(outcome.callsPerDay)} ${mark(outcome.callsPerDay <= mostCalls)}`,
    ...(scenario.isRecorded
      ? [
          `p50 ≤ 18 min: ${duration(outcome.outcomes.p50Ms)} ${mark(outcome.outcomes.p50Ms <= 18 * minuteMs)}`,
          `p95 ≤ 20 min: ${duration(outcome.outcomes.p95Ms)} ${mark(outcome.outcomes.p95Ms <= 20 * minuteMs)}`,
        ]
      : []),
  ]
  return [`goals             ${goals.join(' · ')}`]
}

function mostCallsOf({ mailsPerDay, lossRate, isRecorded, hasOutage }: Scenario): number | undefined {
  if (mailsPerDay !== 10_000 || hasOutage) return undefined
  if (!isRecorded) return lossRate === 0.001 ? 230 : undefined
  return lossRate === 0.001 ? 110 : lossRate === 0.01 ? 210 : undefined
}

function mark(isMet: boolean): string {
  return isMet ? '✓' : '✗'
}

function spread({ p50Ms, p95Ms, maxMs, count }: Delays): string {
  return count === 0 ? '–' : [p50Ms, p95Ms, maxMs].map(duration).join(' / ')
}

/** `7.6 m`, `2.0 h`, `1.9 d`. */
function duration(ms: number): string {
  if (ms === Infinity) return 'never'
  if (ms < 2 * hourMs) return `${(ms / minuteMs).toFixed(1)} m`
  return ms < 2 * dayMs ? `${(ms / hourMs).toFixed(1)} h` : `${(ms / dayMs).toFixed(1)} d`
}

function decimal(count: number): string {
  return count < 1_000 ? count.toFixed(1) : thousands(count)
}

/** The first column to the left, the others to the right. */
function inColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}
