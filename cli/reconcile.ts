import type { Command } from 'commander'
import { createReconcile } from '../functions/any-cloud/reconcile.ts'
import { parsePollSettings, parseSendCloudPollSettings, type Environment } from '../lib/runtime/config.ts'
import { minuteMs } from '../lib/core/instant.ts'
import type { RunFigures } from '../lib/reconcile/ports.ts'
import type { Log } from '../lib/runtime/ports.ts'
import { jsonLog } from '../lib/runtime/log.ts'
import { lambda, type Runtime } from '../lib/runtime/runtime.ts'
import { backfillByHand } from './backfill.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import {
  requireRetention,
  warningOf,
  withDeployedSettings,
  withPollCredentials,
} from './deployment-settings.ts'
import { withLedger } from './open-ledger.ts'
import { isOnAws } from './where-to-look.ts'

/** A pass by hand has as long as the function has. */
const runTimeMs = 14 * minuteMs

/** Declares `ledger reconcile`, with and without dates. */
export function registerReconcile(program: Command): void {
  program
    .command('reconcile')
    .description(
      'ask the providers once, by hand, about what callbacks left open; with --from, read the whole list of every date',
    )
    .option('--from <date>', 'the first date to read, YYYY-MM-DD in UTC+8, at most 29 days ago')
    .option('--to <date>', 'the last date to read, itself included (default: today)')
    .option('--provider <name>', 'with --from: tencent-ses or sendcloud (default: each whose poll is set up)')
    .option('--dry-run', 'with --from: ask and compare, say what would be added, and write nothing')
    .option('--json', "print the run's figures as JSON")
    .addHelpText('after', backfillHelp)
    .action(reconcileByHand)
}

const backfillHelp = `
With --from it keeps the pace of SES_REQUESTS_PER_SECOND (SENDCLOUD_REQUESTS_PER_SECOND) under the same lease as the
scheduled runs: while it is at work these stand back and report stoppedBy lease, and while one of them is at work it
does not begin. It can be run again at any time: what a row has is not added twice. Ctrl-C ends it after the call under
way.`

interface Options {
  readonly from?: string
  readonly to?: string
  readonly provider?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

async function reconcileByHand(options: Options): Promise<void> {
  const { from, to, provider, dryRun = false, json = false } = options
  if (from !== undefined) {
    await backfillByHand({ ...options, from, isDryRun: dryRun, json })
    return
  }
  if (provider !== undefined)
    throw new CommandError('--provider needs --from: a pass without dates asks every provider.')
  if (to !== undefined) throw new CommandError('--to says where a range ends: add --from, where it begins.')
  if (dryRun) {
    throw new CommandError(
      '--dry-run needs --from: a pass without dates also moves the checkpoint on, so there is nothing that it could only say.',
    )
  }
  await reconcileOnce(json)
}

/** One reconcile pass, the same as a scheduled run. Problems go to standard error. */
async function reconcileOnce(json: boolean): Promise<void> {
  const settings = await withDeployedSettings(process.env, 'reconcile')
  requireRetention(settings, 'RETENTION_DAYS')
  process.stderr.write(warningOf(settings))
  const environment = await withPollCredentials(settings.environment)
  const log = problemsAlone(jsonLog((line) => process.stderr.write(`${line}\n`), lambda.clock.now))
  if (!parsePollSettings(environment) && !parseSendCloudPollSettings(environment)) {
    process.stderr.write(
      'No poll is set up (SES_POLL=off, and no SENDCLOUD_API_USER): this pass asks nothing, and only closes what is over.\n',
    )
  }
  const figures = await withLedger(({ store, clock }) =>
    createReconcile(
      environment,
      { clock, log, ...parametersOf(environment) },
      () => store,
      true,
    )(clock.now() + runTimeMs),
  )
  if (figures.stoppedBy === 'provider') process.exitCode = 1
  process.stdout.write(json ? `${JSON.stringify(figures)}\n` : `${sentenceOf(figures)}\n`)
}

/** Only a deployment on AWS has parameters. */
function parametersOf(environment: Environment): Pick<Runtime, 'parameters'> {
  return isOnAws(environment) && lambda.parameters ? { parameters: lambda.parameters } : {}
}

/** Leaves out metrics for CloudWatch, and what the command itself prints after the run. */
function problemsAlone(log: Log): Log {
  return (event, fields = {}) => {
    if (event === 'metrics') return
    if (event !== 'reconciled') log(event, fields)
    // If settings are refused, the command fails with the problem as its message.
    else if (typeof fields.problem === 'string' && fields.stoppedBy !== 'settings') {
      process.stderr.write(`${fields.problem}\n`)
    }
  }
}

function sentenceOf(figures: RunFigures): string {
  const { calls, rows, discovered, repaired, settled, unknown, pending, unreadableRows, stoppedBy } = figures
  return [
    `${counted(calls, 'call')}, ${counted(rows, 'row')}: ${discovered} discovered, ${repaired} repaired, ${settled} settled, ${unknown} unknown.`,
    ...(unreadableRows === undefined
      ? []
      : [`${counted(unreadableRows, 'row')} could not be read whole: see \`ledger quarantine list\`.`]),
    `${pending === undefined ? '' : `${pending} pending. `}${endings[stoppedBy]}`,
  ].join(' ')
}

const endings: Readonly<Record<RunFigures['stoppedBy'], string>> = {
  done: 'Nothing is left to ask.',
  time: 'The time was used up; the next run goes on from here.',
  calls: 'The calls were used up; the next run goes on from here.',
  lease: 'Another run is at work, and this one left the rest to it.',
  provider: 'The provider did not answer; the next run goes on from here.',
  settings: 'The provider refuses the settings.',
}
