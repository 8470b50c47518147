import { Option, type Command } from 'commander'
import { requestDateOf } from '../lib/core/instant.ts'
import { problemStatuses } from '../lib/core/problem.ts'
import { replyClasses } from '../lib/core/judge-reply.ts'
import { datesFrom } from '../lib/core/sweep-plan.ts'
import { printedLine } from '../lib/core/text.ts'
import { providers } from '../lib/providers/registry.ts'
import { adviceOf } from './advice.ts'
import { colored } from './colors.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import { dayIn, numberIn, rangeWords, type DayRange } from './day-range.ts'
import { domainOption } from './domain-option.ts'
import {
  byGravity,
  commonestProblems,
  findProblems,
  kindOf,
  problemAsRow,
  problemsAsCsv,
  type FoundProblem,
  type FoundProblems,
  type ProblemFilter,
} from './find-problems.ts'
import { localTimes, timeZoneOption, type LocalTimes, type TimeZoneOption } from './local-time.ts'
import { withLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'

interface ProblemsOptions extends DayRange, TimeZoneOption, ProblemFilter {
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
    const found = await findProblems(ledger, { days, filter: filterOf(options), limit: options.limit })
    if (options.json) printJson(asJson(range, found))
    else
      process.stdout.write(
        options.csv ? problemsAsCsv(found) : `${linesOf(range, found, localTimes(options)).join('\n')}\n`,
      )
  })
}

function filterOf(options: ProblemsOptions): ProblemFilter {
  const domain = domainOption('--domain', options.domain)
  const fromDomain = domainOption('--from-domain', options.fromDomain)
  return {
    ...(options.status !== undefined && { status: options.status }),
    ...(options.class !== undefined && { class: options.class }),
    ...(options.template !== undefined && { template: options.template }),
    ...(options.provider !== undefined && { provider: options.provider }),
    ...(domain !== undefined && { domain }),
    ...(fromDomain !== undefined && { fromDomain }),
  }
}

function linesOf(range: DayRange, found: FoundProblems, times: LocalTimes): readonly string[] {
  const shown = found.shown.inOrder()
  const { mails } = found
  const when = rangeWords(range)
  if (mails === 0) return [`No mail sent ${when} has such a problem. Days are in UTC+8.`]
  return [
    `${counted(mails, 'mail')} sent ${when}. Days are in UTC+8, times in ${times.zone}.`,
    '',
    ...commonestProblems(found).flatMap(({ problem, mails: ofKind }) => [
      `${ofKind.toLocaleString('en-US').padStart(8)}  ${colored(problem.status, kindOf(problem))}`,
      `          ${adviceOf(problem)}`,
    ]),
    ...shown.flatMap((one) => ['', ...mailLines(one, times)]),
    ...(mails > shown.length
      ? ['', `${counted(mails - shown.length, 'earlier mail')} (--limit, --csv).`]
      : []),
  ]
}

function mailLines({ delivery, problem, sentAtMs }: FoundProblem, { time }: LocalTimes): readonly string[] {
  const subject = delivery.columns.get('subject') ?? ''
  return [
    [time(sentAtMs), colored(problem.status, kindOf(problem)), delivery.recipient, printedLine(subject)]
      .filter((part) => part !== '')
      .join('  '),
    `  ${problem.words === '' ? '(no words)' : printedLine(problem.words)}`,
  ]
}

function asJson(range: DayRange, { counts, mails, shown }: FoundProblems): object {
  return {
    ...range,
    mails,
    counts: [...counts.values()].toSorted(byGravity).map(({ problem, mails: ofKind }) => ({
      status: problem.status,
      ...(problem.class !== undefined && { class: problem.class }),
      mails: ofKind,
      advice: adviceOf(problem),
    })),
    shown: shown.inOrder().map(problemAsRow),
  }
}
