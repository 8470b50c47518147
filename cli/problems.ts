import { Option, type Command } from 'commander'
import { stringify } from 'csv-stringify/sync'
import { sentAtOfDelivery, type Delivery } from '../lib/core/delivery.ts'
import { recipientDomain } from '../lib/core/figures.ts'
import { formatInstant, requestDateOf } from '../lib/core/instant.ts'
import { problemOf, problemStatuses, type Problem, type ProblemStatus } from '../lib/core/problem.ts'
import { replyClasses, type ReplyClass } from '../lib/core/replies.ts'
import { datesFrom } from '../lib/core/sweep-plan.ts'
import { printedLine } from '../lib/core/text.ts'
import type { ProblemDelivery } from '../lib/ledger/ports.ts'
import { providers } from '../lib/providers/registry.ts'
import { adviceOfClass, adviceOfProblem } from './advice.ts'
import { colored } from './colors.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import { dayIn, numberIn, rangeWords, type DayRange } from './day-range.ts'
import { domainOption } from './domain-option.ts'
import { FirstOf } from './first-of.ts'
import { localTimes, timeZoneOption, type LocalTimes, type TimeZoneOption } from './local-time.ts'
import { withLedger, type OpenLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'
import { readProblems } from './read-problems.ts'

interface ProblemsOptions extends DayRange, TimeZoneOption {
  readonly status?: ProblemStatus
  readonly class?: ReplyClass
  readonly template?: string
  readonly fromDomain?: string
  readonly domain?: string
  readonly provider?: string
  readonly limit: number
  readonly json?: boolean
  readonly csv?: boolean
}

/** More days are a question for `ledger stats`, which reads the table once. */
const mostDays = 31

/** Declares `ledger problems`. */
export function registerProblems(program: Command): void {
  program
    .command('problems')
    .description(
      'what failed: mails that bounced, were dropped, put off or called spam, by class, with advice',
    )
    .option('--from <day>', 'the first day of sending, YYYY-MM-DD in UTC+8 (default: today)', dayIn)
    .option('--to <day>', 'the last day of sending, itself included (default: the first)', dayIn)
    .addOption(new Option('--status <status>', 'only those with this problem').choices(problemStatuses))
    .addOption(new Option('--class <class>', 'only bounces of this class of reply').choices(replyClasses))
    .option('--template <id>', 'only mails of this template')
    .option('--from-domain <domain>', 'only mails sent from this domain')
    .option('--domain <domain>', 'only mails to this domain')
    .addOption(
      new Option('--provider <provider>', 'only mails of this provider').choices(
        providers.map(({ name }) => name),
      ),
    )
    .option('--limit <number>', 'mails shown, the latest first; all are counted', numberIn(1, 10_000), 20)
    .addOption(timeZoneOption())
    .addOption(new Option('--json', 'print the counts and the mails as JSON').conflicts('csv'))
    .option('--csv', 'print a line of CSV for each mail')
    .action(problems)
}

async function problems(options: ProblemsOptions): Promise<void> {
  await withLedger(async (ledger) => {
    const from = options.from ?? options.to ?? requestDateOf(ledger.clock.now())
    const range = { from, to: options.to ?? from }
    const days = datesFrom(range.from, range.to)
    if (days.length === 0) throw new CommandError(`--from ${range.from} is later than --to ${range.to}.`)
    if (days.length > mostDays) {
      throw new CommandError(`Expected at most ${mostDays} days at once, got ${days.length}.`)
    }
    const found = await find(ledger, days, meant(options), options.limit)
    if (options.json) printJson(asJson(range, found))
    else
      process.stdout.write(
        options.csv ? csvOf(found) : `${linesOf(range, found, localTimes(options)).join('\n')}\n`,
      )
  })
}

interface Shown {
  readonly delivery: Delivery
  readonly problem: Problem
  readonly sentAtMs: number
}

interface Found {
  /** By problem, and of bounces by class: `bounced, gone`. */
  readonly counts: Map<string, { readonly problem: Problem; mails: number }>
  mails: number
  /** The latest, as many as are shown. */
  readonly shown: FirstOf<Shown>
}

interface Meant {
  readonly inIndex: (problem: ProblemDelivery) => boolean
  readonly problem: (problem: Problem) => boolean
}

function meant(options: ProblemsOptions): Meant {
  const domain = domainOption('--domain', options.domain)
  const fromDomain = domainOption('--from-domain', options.fromDomain)
  const isSame = (asked: string | undefined, has: string | undefined) => asked === undefined || asked === has
  return {
    inIndex: (one) =>
      isSame(options.provider, one.provider) &&
      isSame(options.template, one.template) &&
      isSame(fromDomain, one.fromDomain?.toLowerCase()) &&
      (domain === undefined || recipientDomain(one) === domain),
    problem: (one) => isSame(options.status, one.status) && isSame(options.class, one.class),
  }
}

/** What is held is what is shown. */
async function find(
  ledger: OpenLedger,
  days: readonly string[],
  { inIndex, problem: isMeant }: Meant,
  limit: number,
): Promise<Found> {
  const found: Found = { counts: new Map(), mails: 0, shown: new FirstOf(limit, latestFirst) }
  await readProblems(ledger, {
    days,
    isMeant: inIndex,
    onRow: (delivery) => {
      const problem = problemOf(delivery)
      if (problem && isMeant(problem)) add(found, { delivery, problem })
    },
  })
  return found
}

function add(found: Found, { delivery, problem }: Omit<Shown, 'sentAtMs'>): void {
  found.mails += 1
  const kind = kindOf(problem)
  const count = found.counts.get(kind) ?? { problem, mails: 0 }
  count.mails += 1
  found.counts.set(kind, count)
  found.shown.add({ delivery, problem, sentAtMs: sentAtOfDelivery(delivery) ?? 0 })
}

function latestFirst(one: Shown, other: Shown): number {
  return other.sentAtMs - one.sentAtMs || (one.delivery.recipient < other.delivery.recipient ? -1 : 1)
}

function kindOf({ status, class: replyClass }: Problem): string {
  return replyClass === undefined ? status : `${status}, ${replyClass}`
}

/** The worst first. */
function byGravity(one: { readonly problem: Problem }, other: { readonly problem: Problem }): number {
  const gravity = ({ problem }: typeof one) => problemStatuses.indexOf(problem.status)
  return gravity(one) - gravity(other) || (kindOf(one.problem) < kindOf(other.problem) ? -1 : 1)
}

function adviceOf(problem: Problem): string {
  if (problem.class !== undefined) return adviceOfClass[problem.class]
  return problem.status === 'complained' || problem.status === 'dropped' || problem.status === 'deferred'
    ? adviceOfProblem[problem.status]
    : adviceOfClass.unknown
}

function linesOf(range: DayRange, { counts, mails, ...found }: Found, times: LocalTimes): readonly string[] {
  const shown = found.shown.inOrder()
  const when = rangeWords(range)
  if (mails === 0) return [`No mail sent ${when} has such a problem. Days are in UTC+8.`]
  const byNumber = [...counts].sort(([, one], [, other]) => other.mails - one.mails || byGravity(one, other))
  return [
    `${counted(mails, 'mail')} sent ${when}. Days are in UTC+8, times in ${times.zone}.`,
    '',
    ...byNumber.flatMap(([kind, { problem, mails: ofKind }]) => [
      `${ofKind.toLocaleString('en-US').padStart(8)}  ${colored(problem.status, kind)}`,
      `          ${adviceOf(problem)}`,
    ]),
    ...shown.flatMap((one) => ['', ...mailLines(one, times)]),
    ...(mails > shown.length
      ? ['', `${counted(mails - shown.length, 'earlier mail')} (--limit, --csv).`]
      : []),
  ]
}

function mailLines({ delivery, problem, sentAtMs }: Shown, { time }: LocalTimes): readonly string[] {
  const subject = delivery.columns.get('subject') ?? ''
  return [
    [time(sentAtMs), colored(problem.status, kindOf(problem)), delivery.recipient, printedLine(subject)]
      .filter((part) => part !== '')
      .join('  '),
    `  ${problem.words === '' ? '(no words)' : printedLine(problem.words)}`,
  ]
}

function asRow({ delivery, problem, sentAtMs }: Shown): Record<string, string> {
  const { recipient, message, provider, columns } = delivery
  return {
    sentAt: formatInstant(sentAtMs),
    recipient,
    status: problem.status,
    class: problem.class ?? '',
    words: problem.words,
    advice: adviceOf(problem),
    provider,
    message,
    subject: columns.get('subject') ?? '',
    from: columns.get('from') ?? '',
    template: columns.get('template') ?? '',
  }
}

function asJson(range: DayRange, { counts, mails, shown }: Found): object {
  return {
    ...range,
    mails,
    counts: [...counts.values()].toSorted(byGravity).map(({ problem, mails: ofKind }) => ({
      status: problem.status,
      ...(problem.class !== undefined && { class: problem.class }),
      mails: ofKind,
      advice: adviceOf(problem),
    })),
    shown: shown.inOrder().map(asRow),
  }
}

function csvOf({ shown }: Found): string {
  return stringify(shown.inOrder().map(asRow), { header: true, escape_formulas: true })
}
