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
    ...boundLines(bounds),
    ...(ours
      ? [
          `${ours.name.padEnd(18)}${purposes(ours.outcome)}`,
          ...engagementLine(ours.outcome),
          ...goalLines(scenario, ours.outcome),
        ]
      : []),
    ...outcomes.flatMap(recoveryLine),
  ]
}

/** Whether it kept what must hold in every scenario: right, settled, at the pace, as if nothing had been lost. */
export function isSound({ table, unsettled, overPace }: Outcome): boolean {
  return table.wrong + table.otherThanWithoutLoss + unsettled + overPace === 0
}

function boundLines({ outcomes, everything, withoutForesight }: Bounds): readonly string[] {
  const least = decimal(withoutForesight)
  return everything
    ? [
        `with foresight    ${shown(outcomes)}; with what readers did ${shown(everything)}`,
        `without           to read every row once, and each lost outcome in time: at least ${least}`,
      ]
    : [
        `with foresight    what became of mails, by look-ups of a hundred: ${shown(outcomes)}`,
        `without           to read every open and click once as well: at least ${least}`,
        'left out          complaints and unsubscribes, which these lists do not show',
      ]
}

/** What each kind of thing that readers did took. */
function engagementLine({ engagementBy }: Outcome): readonly string[] {
  const kinds = [...engagementBy].filter(([, { count }]) => count > 0)
  if (kinds.length === 0) return []
  const each = kinds.map(([kind, delays]) => `${kind} ${spread(delays)} (${thousands(delays.count)})`)
  return [`of readers        ${each.join(' · ')}`]
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

/** What is wanted of ours, where there is a goal for this scenario. */
function goalLines(scenario: Scenario, outcome: Outcome): readonly string[] {
  const mostCalls = mostCallsOf(scenario)
  if (mostCalls === undefined) return []
  const { outcomes, engagement } = outcome
  const calls = callsBesideSweeps(outcome)
  const atMost = (what: string, most: number, ms: number) =>
    `${what} ≤ ${duration(most)}: ${duration(ms)} ${mark(ms <= most)}`
  const isTimed = scenario.isRecorded || scenario.provider === 'sendcloud'
  const ofOutcomes = [
    `beside sweeps ≤ ${mostCalls} calls a day: ${decimal(calls)} ${mark(calls <= mostCalls)}`,
    ...(isTimed ? [atMost('p95', 20 * minuteMs, outcomes.p95Ms)] : []),
  ]
  const never = outcomes.never + engagement.never
  const ofReaders = [
    atMost('p50', 36 * hourMs, engagement.p50Ms),
    atMost('p95', 4 * dayMs, engagement.p95Ms),
    `never known 0: ${never} ${mark(never === 0)}`,
  ]
  return [`goals             outcomes ${ofOutcomes.join(' · ')}; readers ${ofReaders.join(' · ')}`]
}

/** The calls of a day about what became of mails, without whole lists of dates that are over. */
function callsBesideSweeps({ callsPerDayFor }: Outcome): number {
  const isOther = (purpose: string) => purpose.includes('sweep on day') || /^(?:opens|clicks): /.test(purpose)
  return [...callsPerDayFor].reduce((sum, [purpose, calls]) => sum + (isOther(purpose) ? 0 : calls), 0)
}

/** Of Tencent's, what was wanted in all when there was one sweep, less its hundred calls. */
function mostCallsOf({
  provider,
  mailsPerDay,
  lossRate,
  isRecorded,
  hasOutage,
}: Scenario): number | undefined {
  if (mailsPerDay !== 10_000 || hasOutage) return undefined
  if (provider === 'sendcloud') return lossRate === 0.01 ? (isRecorded ? 100 : 230) : undefined
  if (!isRecorded) return lossRate === 0.001 ? 130 : undefined
  return lossRate === 0.001 ? 10 : lossRate === 0.01 ? 110 : undefined
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
