import { Option, type Command } from 'commander'
import { dayMs, formatInstant } from '../lib/core/instant.ts'
import { ageIn } from './age.ts'
import { colored } from './colors.ts'
import { inColumns } from './columns.ts'
import { counted } from './counted.ts'
import { numberIn } from './day-range.ts'
import { findStuck, nextLookMs, type FoundStuck, type StuckMail } from './find-stuck.ts'
import { csvOf } from './list-options.ts'
import { localTimes, timeZoneOption, type LocalTimes, type TimeZoneOption } from './local-time.ts'
import { withLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'

interface StuckOptions extends TimeZoneOption {
  readonly olderThan: number
  readonly limit: number
  readonly json?: boolean
  readonly csv?: boolean
}

/** Declares `ledger stuck`. */
export function registerStuck(program: Command): void {
  program
    .command('stuck')
    .description(
      'mails of which the outcome is not known yet, the oldest first, and when they are looked up next',
    )
    .addOption(
      new Option('--older-than <age>', 'only those sent so long ago, such as 30m, 24h or 3d')
        .argParser(ageIn)
        .default(dayMs, '24h'),
    )
    .option('--limit <number>', 'mails shown; all are counted', numberIn(1, 10_000), 20)
    .addOption(timeZoneOption())
    .addOption(new Option('--json', 'print the mails as JSON').conflicts('csv'))
    .option('--csv', 'print a line of CSV for each mail, times in UTC')
    .action(stuck)
}

async function stuck({ olderThan, limit, tz, json = false, csv = false }: StuckOptions): Promise<void> {
  await withLedger(async (ledger) => {
    const nowMs = ledger.clock.now()
    const found = await findStuck(ledger, { sentUntilMs: nowMs - olderThan, limit })
    const shown = found.oldest.inOrder().map((mail) => ({ mail, nextMs: nextLookMs(mail, nowMs) }))
    if (json) {
      printJson({
        mails: found.mails,
        byDay: Object.fromEntries([...found.byDay].sort()),
        oldest: shown.map(asRow),
      })
    } else if (csv) process.stdout.write(csvOf(csvColumns, shown.map(asRow)))
    else process.stdout.write(`${linesOf(found, shown, localTimes({ tz })).join('\n')}\n`)
  })
}

interface Shown {
  readonly mail: StuckMail
  /** Absent where it is not looked up any more. */
  readonly nextMs: number | undefined
}

const csvColumns = ['sentAt', 'recipient', 'status', 'provider', 'message', 'nextLookUp']

function asRow({ mail: { sentAtMs, ...mail }, nextMs }: Shown): Record<string, string> {
  return {
    ...mail,
    sentAt: formatInstant(sentAtMs),
    ...(nextMs !== undefined && { nextLookUp: formatInstant(nextMs) }),
  }
}

function linesOf(
  { mails, byDay }: FoundStuck,
  shown: readonly Shown[],
  { time, zone }: LocalTimes,
): readonly string[] {
  if (mails === 0) return ['No mail is stuck: the outcome of every older one is known.']
  const rows = shown.map(({ mail, nextMs }) => [
    time(mail.sentAtMs),
    colored(mail.status),
    mail.recipient,
    mail.provider,
    nextMs === undefined ? 'no look-up any more' : `next look-up ${time(nextMs)}`,
    mail.message,
  ])
  const days = [...byDay].sort().map(([day, ofDay]) => [day, ofDay.toLocaleString('en-US')])
  return [
    `${counted(mails, 'mail')} without an outcome, by day of sending (UTC+8):`,
    ...inColumns(days, new Set([1])).map((line) => `  ${line}`),
    '',
    ...inColumns(rows),
    ...(mails > shown.length ? [`${counted(mails - shown.length, 'later mail')} (--limit).`] : []),
    `Times are in ${zone}.`,
  ]
}
