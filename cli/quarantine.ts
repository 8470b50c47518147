import cliProgress from 'cli-progress'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { printedLine } from '../lib/core/text.ts'
import {
  quarantineReasons,
  type QuarantinedRow,
  type QuarantineReason,
  type QuarantineStore,
} from '../lib/quarantine/ports.ts'
import { replay, rowsToReplay, type Replayed, type ReplayChoice } from '../lib/quarantine/replay.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import { requireRetention, withDeployedSettings } from './deployment-settings.ts'
import { csvOf, moreLine, withListOptions, type ListFormat } from './list-options.ts'
import { localTimes, timeZoneOption, type LocalTimes, type TimeZoneOption } from './local-time.ts'
import { shownId, withLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'
import { textOf } from './quarantined-body.ts'
import { replayDependencies, requireIndexes } from './replay-quarantined.ts'
import { untilInterrupted } from './until-interrupted.ts'
import { sinceIn } from './since-option.ts'

/** Declares `ledger quarantine list | show | replay | dismiss`. */
export function registerQuarantine(program: Command): void {
  const quarantine = program
    .command('quarantine')
    .description('what came with a valid token and could not be read')
  const reason = () =>
    new Option('--reason <reason>', 'only what is kept for this reason').choices(quarantineReasons)
  const since = () =>
    new Option(
      '--since <day | age | instant>',
      'only what came since then: a day in UTC+8, 3d, or an instant',
    ).argParser(instantOf)

  withListOptions(quarantine.command('list'), 'the rows')
    .description('what is still to be dealt with')
    .addOption(reason())
    .addOption(since())
    .option('--all', 'what is resolved, too')
    .addOption(timeZoneOption())
    .action(listQuarantine)
  quarantine
    .command('show')
    .description('one body, and what was wrong with it')
    .argument('<id>', 'an id, or its beginning')
    .option('--raw', 'print the body alone, byte for byte')
    .addOption(timeZoneOption())
    .action(showQuarantined)
  quarantine
    .command('replay')
    .description('run kept bodies again, the same way as live input')
    .argument('[id]', 'only this one: an id, or its beginning')
    .addOption(reason())
    .addOption(since())
    .option('--trust-unsigned', 'believe what carries no signature: you know that its provider sent it')
    .option('--dry-run', 'say what would happen, and write nothing')
    .addHelpText('after', replayHelp)
    .action(replayQuarantine)
  quarantine
    .command('dismiss')
    .description(
      'say that nothing is wanted of a body; the same body coming again has to be dealt with again',
    )
    .argument('<id>', 'an id, or its beginning')
    .action(dismissQuarantined)
}

const replayHelp = `
What a signature proved when it came is not checked again. What none proved is verified with the keys of now: put the key that
was missing first. What carries no signature is left out without --trust-unsigned: whoever knows the URL may have sent it.
`

/** A day in UTC+8 as every other day, an age, or an instant. */
function instantOf(text: string): number {
  const instantMs = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : sinceIn(text)
  if (Number.isNaN(instantMs)) {
    throw new InvalidArgumentError(
      'Expected a day, an age or an instant, such as 2026-11-21, 3d or 2026-11-21T08:00:00Z.',
    )
  }
  return instantMs
}

function nothingOf({ reason, since }: Choice): string {
  const isChosen = reason !== undefined || since !== undefined
  return `Nothing${isChosen ? ' of that kind' : ''} is in quarantine.\n`
}

const nothingSigned =
  'Nothing but what carries no signature is in quarantine. --trust-unsigned takes that, too; `ledger quarantine list` names it.\n'

interface Choice {
  readonly reason?: QuarantineReason
  readonly since?: number
}

interface ListOptions extends Choice, ListFormat, TimeZoneOption {
  readonly all?: boolean
}

async function listQuarantine(options: ListOptions): Promise<void> {
  await withLedger(async (ledger) => {
    const store = ledger.store.quarantineStore()
    const rows = options.all
      ? (await Array.fromAsync(store.all())).filter((row) => isChosen(row, options))
      : await rowsToReplay(store, choiceOf(options))
    const latestFirst = rows
      .toSorted((a, b) => Date.parse(b.lastSeenAt) - Date.parse(a.lastSeenAt))
      .slice(0, options.limit)
    if (options.json) printJson(latestFirst)
    else if (options.csv) process.stdout.write(csvOf(csvColumns, latestFirst.map(asRow)))
    else if (rows.length === 0) process.stdout.write(nothingOf(options))
    else {
      const times = localTimes(options)
      const lines = latestFirst.map((row) => lineOf(row, times))
      process.stdout.write(
        `${lines.join('')}${moreLine(rows.length, lines.length)}Times are in ${times.zone}.\n`,
      )
    }
  })
}

const csvColumns = [
  ...['id', 'lastSeenAt', 'firstSeenAt', 'provider', 'reason', 'seen', 'attempts', 'bytes'],
  ...['isVerified', 'resolvedAt', 'problems'],
]

function asRow({ problems, isVerified, ...row }: QuarantinedRow): Record<string, string | number> {
  return { ...row, isVerified: String(isVerified), problems: problems.join('\n') }
}

function isChosen(row: QuarantinedRow, { reason, since = -Infinity }: Choice): boolean {
  return (reason === undefined || row.reason === reason) && Date.parse(row.lastSeenAt) >= since
}

function choiceOf({ reason, since }: Choice): ReplayChoice {
  return { ...(reason && { reason }), ...(since !== undefined && { sinceMs: since }) }
}

function lineOf(row: QuarantinedRow, { timeOf }: LocalTimes): string {
  const cells = [
    shownId(row.id),
    timeOf(row.lastSeenAt),
    row.provider,
    row.resolvedAt === undefined ? row.reason : resolvedWord(row),
    `${row.seen}×`,
    counted(row.attempts, 'replay'),
    firstOf(row.problems),
  ]
  return `${cells.join('  ')}\n`
}

function resolvedWord({ resolvedBy }: QuarantinedRow): 'resolved' | 'dismissed' {
  return resolvedBy === 'dismissal' ? 'dismissed' : 'resolved'
}

async function showQuarantined(id: string, options: TimeZoneOption & { raw?: boolean }): Promise<void> {
  await withLedger(async (ledger) => {
    const found = await inputOf(ledger.store.quarantineStore(), id)
    if (options.raw) {
      process.stdout.write(found.body)
      return
    }
    process.stdout.write(
      `${headOf(found, localTimes(options))}\n${textOf(found.body) ?? 'The body is not text; --raw prints it as it came.'}\n`,
    )
  })
}

async function inputOf(
  store: QuarantineStore,
  id: string,
): Promise<QuarantinedRow & { readonly body: Uint8Array }> {
  const found = await store.input(id)
  if (found) return found
  throw nothingOfThatId()
}

function nothingOfThatId(): CommandError {
  return new CommandError('Nothing of that id is in quarantine. `ledger quarantine list` names what is.')
}

function headOf(row: QuarantinedRow, { timeOf, zone }: LocalTimes): string {
  const at = (instant: string) => `${timeOf(instant)} (${zone})`
  const lines: readonly (readonly [string, string])[] = [
    ['id', row.id],
    ['provider', row.provider],
    ['reason', row.reason],
    [
      'came',
      row.seen === 1 ? at(row.firstSeenAt) : `${row.seen}×, ${at(row.firstSeenAt)} to ${at(row.lastSeenAt)}`,
    ],
    ['replayed', `${row.attempts}×`],
    ...(row.resolvedAt === undefined ? [] : [[resolvedWord(row), at(row.resolvedAt)] as const]),
    ['body', `${row.bytes} bytes${row.contentType === '' ? '' : ` of ${printedLine(row.contentType)}`}`],
    ...row.problems.map((problem) => ['problem', printedLine(problem)] as const),
  ]
  return lines.map(([name, value]) => `${name.padEnd(10)}${value}\n`).join('')
}

async function replayQuarantine(
  id: string | undefined,
  options: Choice & { dryRun?: boolean; trustUnsigned?: boolean },
): Promise<void> {
  const { dryRun: isDryRun = false, trustUnsigned: trustsUnsigned = false } = options
  const settings = await withDeployedSettings(process.env, 'ingest')
  if (!isDryRun) requireRetention(settings, 'RETENTION_DAYS', 'INBOUND_RETENTION_DAYS')
  await withLedger(async (ledger) => {
    if (!isDryRun) await requireIndexes(ledger, settings.environment)
    const dependencies = { ...replayDependencies(ledger, settings.environment), trustsUnsigned }
    const store = dependencies.quarantine
    const choice = { ...choiceOf(options), withoutUnsigned: !trustsUnsigned && options.reason !== 'unsigned' }
    const rows = id === undefined ? await rowsToReplay(store, choice) : [await inputOf(store, id)]
    if (rows.length === 0) {
      const isLeftOut = (await rowsToReplay(store, choiceOf(options))).length > 0
      process.stdout.write(isLeftOut ? nothingSigned : nothingOf(options))
      return
    }
    const ending = 'Ending after what is under way.'
    const { replayed, isInterrupted } = await untilInterrupted(ending, async (signal) => ({
      replayed: await withProgressBar(rows.length, (onReplayed) =>
        replay(rows, dependencies, { isDryRun, onReplayed, signal }),
      ),
      isInterrupted: signal.aborted,
    }))
    process.stdout.write(reportOf(replayed, isDryRun))
    if (isInterrupted)
      process.stderr.write('Interrupted: the others are as they were. Run it again to go on.\n')
    if (isInterrupted || replayed.some(({ left }) => left === 'unfinished')) process.exitCode = 1
  })
}

/** Its body is not read, so that one with damaged parts can be dismissed too. */
async function dismissQuarantined(id: string): Promise<void> {
  await withLedger(async (ledger) => {
    const store = ledger.store.quarantineStore()
    const row = await store.row(id)
    if (!row) throw nothingOfThatId()
    if (row.resolvedAt !== undefined) {
      throw new CommandError(`It was ${resolvedWord(row)} already, at ${row.resolvedAt}.`)
    }
    await store.dismissed(row.id, ledger.clock.now())
    process.stdout.write(`${shownId(row.id)}  dismissed  ${firstOf(row.problems)}\n`)
  })
}

async function withProgressBar<T>(total: number, run: (onStep: () => void) => Promise<T>): Promise<T> {
  const bar = new cliProgress.SingleBar({
    format: 'replay [{bar}] {value}/{total}',
    barsize: 40,
    // Ctrl-C ends the replay, which ends the bar.
    gracefulExit: false,
    noTTYOutput: true,
    notTTYSchedule: 2_000,
  })
  bar.start(total, 0)
  try {
    return await run(() => {
      bar.increment()
    })
  } finally {
    // Its timer would keep the command alive.
    bar.stop()
  }
}

function reportOf(replayed: readonly Replayed[], isDryRun: boolean): string {
  const resolved = replayed.filter(({ left }) => left === 'resolved')
  const what = isDryRun ? 'would be resolved' : 'resolved'
  const lines = replayed.map(({ row, summary, left }) => {
    const id = shownId(row.id)
    if (left === 'resolved') return `${id}  ${what}  ${summary}`
    if (left === 'unfinished') return `${id}  unfinished: the table did not give or take it; try again`
    return `${id}  still ${left.reason}: ${firstOf(left.problems)}`
  })
  const sum = `${counted(replayed.length, 'body', 'bodies')}: ${resolved.length} ${what}, ${replayed.length - resolved.length} left.`
  return `${[...lines, sum].join('\n')}\n`
}

function firstOf([first = '', ...others]: readonly string[]): string {
  return printedLine(`${first}${others.length === 0 ? '' : ` (+${others.length} more)`}`)
}
