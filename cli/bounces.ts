import { Option, type Command } from 'commander'
import { stringify } from 'csv-stringify/sync'
import {
  addBounce,
  commonestFirst,
  hasBounced,
  noBounces,
  providersOf,
  type BounceReason,
  type BounceReasons,
} from '../lib/core/bounce-reasons.ts'
import { recipientDomain } from '../lib/core/figures.ts'
import { addDays, requestDateOf } from '../lib/core/instant.ts'
import { datesFrom } from '../lib/core/sweep-plan.ts'
import { printedLine } from '../lib/core/text.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import { dayIn, numberIn, rangeWords, type DayRange } from './day-range.ts'
import { domainOption } from './domain-option.ts'
import { percent } from './figures-report.ts'
import { withLedger, type OpenLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'
import { progressBar } from './progress-bar.ts'
import { readProblems } from './read-problems.ts'
import { untilInterrupted } from './until-interrupted.ts'

interface BouncesOptions extends DayRange {
  readonly domain?: string
  readonly limit: number
  readonly json?: boolean
  readonly csv?: boolean
}

/** Declares `ledger bounces`. */
export function registerBounces(program: Command): void {
  program
    .command('bounces')
    .description('why mails bounced: reasons by class, rule and what their replies have in common')
    .option(
      '--from <day>',
      'the first day of sending, YYYY-MM-DD in UTC+8 (default: six days before the last)',
      dayIn,
    )
    .option('--to <day>', 'the last day of sending, itself included (default: today)', dayIn)
    .option('--domain <domain>', 'only mails to this domain')
    .option('--limit <number>', 'reasons shown, those of the most mails', numberIn(1, 10_000), 20)
    .addOption(new Option('--json', 'print the reasons as JSON').conflicts('csv'))
    .option('--csv', 'print a line of CSV for each reason')
    .action(bounces)
}

/** More days are a question for `ledger stats`, which reads the table once. */
const mostDays = 92

async function bounces(options: BouncesOptions): Promise<void> {
  await withLedger(async (ledger) => {
    const to = options.to ?? requestDateOf(ledger.clock.now())
    const range = { from: options.from ?? addDays(to, -6), to }
    const days = datesFrom(range.from, range.to)
    if (days.length === 0) throw new CommandError(`--from ${range.from} is later than --to ${range.to}.`)
    if (days.length > mostDays) throw new CommandError(`At most ${mostDays} days at once.`)
    const domain = domainOption('--domain', options.domain)
    const found = await untilInterrupted('Ending after this batch.', (signal) =>
      reasonsOf(ledger, { days, domain, signal }),
    )
    if (found === undefined) process.exitCode = 1
    else print(found, { ...options, ...range, ...(domain !== undefined && { domain }) })
  })
}

interface Asked {
  readonly days: readonly string[]
  readonly domain: string | undefined
  readonly signal: AbortSignal
}

/** `undefined` if it was interrupted. */
async function reasonsOf(
  ledger: OpenLedger,
  { days, domain, signal }: Asked,
): Promise<BounceReasons | undefined> {
  const found = noBounces()
  const bar = progressBar('{value}/{total} days, {mails} bounced')
  bar.start(days.length + 1, 0, { mails: 0 })
  try {
    await readProblems(ledger, {
      days,
      isMeant: (problem) =>
        hasBounced(problem) && (domain === undefined || recipientDomain(problem) === domain),
      onRow: (row) => {
        addBounce(found, row)
        bar.update({ mails: found.mails })
      },
      onDay: () => {
        bar.increment({ mails: found.mails })
      },
      signal,
    })
    return signal.aborted ? undefined : found
  } finally {
    bar.stop()
  }
}

type Printed = BouncesOptions & Required<DayRange>

function print(found: BounceReasons, options: Printed): void {
  const shown = commonestFirst(found).slice(0, options.limit)
  const others = found.mails - shown.reduce((sum, { mails }) => sum + mails, 0)
  if (options.json) {
    const { from, to, domain } = options
    const reasons = shown.map((reason) => asJson(reason, found.mails))
    printJson({ from, to, ...(domain !== undefined && { domain }), mails: found.mails, others, reasons })
  } else {
    process.stdout.write(
      options.csv
        ? stringify(
            shown.map((reason) => asCells(reason, found.mails)),
            { header: true, escape_formulas: true },
          )
        : `${linesOf(found, shown, others, options).join('\n')}\n`,
    )
  }
}

function asJson(reason: BounceReason, all: number): object {
  const { class: replyClass, rule, reason: words, mails, sample } = reason
  const mailboxProviders = providersOf(reason).map(([name, ofProvider]) => ({ name, mails: ofProvider }))
  return { class: replyClass, rule, reason: words, mails, share: mails / all, mailboxProviders, sample }
}

function asCells(reason: BounceReason, all: number): Record<string, string | number> {
  const { class: replyClass, rule, reason: words, mails, sample } = reason
  return {
    class: replyClass,
    rule,
    reason: words,
    mails,
    share: (mails / all).toFixed(5),
    mailboxProviders: providerWords(reason, Infinity),
    sampleRecipient: sample.recipient,
    sampleMessage: sample.message,
    sampleReply: sample.reply,
  }
}

/** Mailbox providers named under a reason; the others are added up. */
const shownProviders = 3

function providerWords(reason: BounceReason, limit: number): string {
  const providers = providersOf(reason)
  const others = providers.slice(limit).reduce((sum, [, mails]) => sum + mails, 0)
  return [
    ...providers.slice(0, limit).map(([name, mails]) => `${name} ${mails.toLocaleString('en-US')}`),
    ...(others > 0 ? [`and ${others.toLocaleString('en-US')} more`] : []),
  ].join(', ')
}

function linesOf(
  { mails }: BounceReasons,
  shown: readonly BounceReason[],
  others: number,
  { domain, ...range }: Printed,
): readonly string[] {
  const what = `sent ${rangeWords(range)}${domain === undefined ? '' : ` to ${domain}`}`
  if (mails === 0) return [`No mail ${what} bounced. Days are in UTC+8.`]
  return [
    `${counted(mails, 'mail')} ${what} bounced and ${mails === 1 ? 'was' : 'were'} not delivered after all. Days are in UTC+8.`,
    ...shown.flatMap((reason) => ['', ...linesOfReason(reason, mails)]),
    ...(others > 0 ? ['', `${counted(others, 'mail')} of other reasons (--limit).`] : []),
  ]
}

function linesOfReason(reason: BounceReason, all: number): readonly string[] {
  const { class: replyClass, rule, reason: words, mails, sample } = reason
  return [
    `${mails.toLocaleString('en-US')} (${percent(mails / all)})  ${replyClass}, by rule ${rule}: ${providerWords(reason, shownProviders)}`,
    `  ${words === '' ? '(no reply)' : printedLine(words)}`,
    `  such as to ${sample.recipient}: ${printedLine(sample.reply)}`,
  ]
}
