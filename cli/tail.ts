import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import pMap from 'p-map'
import { isInPostgres } from '../lib/runtime/config.ts'
import { isLocal } from '../local/local-environment.ts'
import { ageIn } from './age.ts'
import { CommandError, isItRunning } from './command-error.ts'
import { functionName } from './deployment-settings.ts'
import { localTimes, timeZoneOption, type TimeZoneOption } from './local-time.ts'
import { withLedger, type OpenLedger } from './open-ledger.ts'
import { printJsonLine } from './print-json.ts'
import { entriesOf, type Entry } from './tail/entry.ts'
import { follow } from './tail/follow.ts'
import { functionLogs, type FunctionLogs } from './tail/function-logs.ts'
import { EventRows } from './tail/rows.ts'
import { entryWriter, type ShownEntry } from './tail/shown.ts'
import { untilInterrupted } from './until-interrupted.ts'
import { logOf } from './where-to-look.ts'

interface TailOptions extends TimeZoneOption {
  readonly since?: number
  readonly follow: boolean
  readonly addresses?: boolean
  readonly json?: boolean
}

/** Declares `ledger tail`. */
export function registerTail(program: Command): void {
  program
    .command('tail')
    .description('what comes in now, one line each, from the log of the functions')
    .option('--since <age>', 'begin with what came in so long ago, such as 10m, 24h or 3d', ageIn)
    .option('--no-follow', 'end after what is there')
    .option('--addresses', 'show the addresses whole')
    .addOption(timeZoneOption())
    .option('--json', 'print each as a line of JSON, its times in UTC')
    .addHelpText('after', help)
    .action(tail)
}

const help = `
The log names no addresses: whom an event is about is read from the table, at most 100 rows a second. In a flood, and where
a row is not there yet, the line names the MessageId alone. The credentials need logs:FilterLogEvents on the log groups
/aws/lambda/<TABLE_PREFIX>-ingest and …-reconcile, and dynamodb:Query on the table …-deliveries and its index byMessage.
Ctrl-C ends it.`

async function tail(options: TailOptions): Promise<void> {
  if (isInPostgres(process.env)) {
    throw new CommandError(
      `There is no log of AWS Lambda where rows are in PostgreSQL: look into ${logOf('ingest', process.env)}.`,
    )
  }
  const write = writerOf(options)
  await withLedger((ledger) =>
    untilInterrupted('Stopped.', async (signal) => {
      const logs = functionLogs()
      try {
        await show(ledger, logs, options, { signal, write })
      } catch (error) {
        throw explained(error)
      } finally {
        logs.close()
      }
    }),
  )
}

function writerOf({ addresses = false, tz, json = false }: TailOptions): (shown: ShownEntry) => void {
  const writer = entryWriter({ areAddressesShown: addresses, times: localTimes({ tz }) })
  return (shown) => {
    if (json) printJsonLine(writer.value(shown))
    else process.stdout.write(`${writer.line(shown)}\n`)
  }
}

/** Messages whose rows are read at once. */
const concurrentReads = 8

async function show(
  { store, clock }: OpenLedger,
  logs: FunctionLogs,
  { since = 0, follow: isFollowing }: TailOptions,
  { signal, write }: { readonly signal: AbortSignal; readonly write: (shown: ShownEntry) => void },
): Promise<void> {
  const startedMs = clock.now()
  const rows = new EventRows({
    reader: store.deliveryReader(),
    clock,
    signal,
    onTrouble: (error) => {
      process.stderr.write(`The table cannot be read, so recipients are missing: ${sentence(error)}\n`)
    },
  })
  const batches = follow({
    logs,
    groups: [groupOf('ingest'), groupOf('reconcile')],
    sinceMs: Math.max(0, startedMs - since),
    isFollowing,
    signal,
    now: clock.now,
    pause: (ms) => wait(ms, undefined, { signal }).catch(() => undefined),
    onTrouble: (error) => {
      process.stderr.write(`The log cannot be read, and is tried again: ${sentence(error)}\n`)
    },
  })
  for await (const lines of batches) {
    const entries = lines.flatMap(entriesOf)
    const shown = await pMap(entries, (entry) => withRows(entry, rows, entry.atMs < startedMs), {
      concurrency: concurrentReads,
    })
    shown.forEach(write)
  }
}

/** @param mayWait - what came in before the command began is shown whole, however long that takes. */
async function withRows(entry: Entry, rows: EventRows, mayWait: boolean): Promise<ShownEntry> {
  if (entry.type !== 'event' || entry.kind === 'inbound mail' || entry.message === undefined) {
    return { entry, rows: [] }
  }
  const { kind, message, occurredAt, among } = entry
  const found = await rows.of({ kind, message, occurredAt }, mayWait)
  return { entry, rows: found.length === among.of ? found.slice(among.place, among.place + 1) : found }
}

function groupOf(name: 'ingest' | 'reconcile'): string {
  return `/aws/lambda/${functionName(process.env, name)}`
}

function explained(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (error.name === 'ResourceNotFoundException') {
    const advice = isLocal(process.env) ? isItRunning : 'Check TABLE_PREFIX and AWS_REGION.'
    return new CommandError(`There is no log ${groupOf('ingest')} there. ${advice}`)
  }
  if (error.name === 'AccessDeniedException') {
    return new CommandError(
      `These AWS credentials may not read the log: allow logs:FilterLogEvents on ${groupOf('ingest')} and ${groupOf('reconcile')}.`,
    )
  }
  const endpoint = process.env.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS
  if ('code' in error && error.code === 'ECONNREFUSED' && endpoint !== undefined) {
    return new CommandError(
      `No log answers at ${endpoint}. ${isLocal(process.env) ? isItRunning : ''}`.trim(),
    )
  }
  return error
}

function sentence(error: unknown): string {
  const found = explained(error)
  return found instanceof Error ? `${found.name}: ${found.message}` : String(found)
}
