import { randomUUID } from 'node:crypto'
import { clearLine, cursorTo } from 'node:readline'
import {
  backfill,
  type BackfillOrder,
  type BackfillProgress,
  type BackfillReport,
} from '../lib/reconcile/backfill/backfill.ts'
import { backfillWirings } from '../lib/wiring/backfill.ts'
import { expectedCalls, type Estimate } from '../lib/reconcile/backfill/estimate.ts'
import { hourMs, minuteMs, requestDateOf, secondMs } from '../lib/core/instant.ts'
import type { Log } from '../lib/runtime/ports.ts'
import { asJson, linesOf, unfinishedDates } from './backfill-report.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import {
  requireRetention,
  warningOf,
  withDeployedSettings,
  withPollCredentials,
} from './deployment-settings.ts'
import { withLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'
import { progressBar } from './progress-bar.ts'
import { untilInterrupted } from './until-interrupted.ts'

const ending =
  'Ending after this call. (Ctrl-C again ends at once; the lease then ends by itself within two minutes.)'

interface Options {
  readonly from: string
  readonly to?: string
  /** Default: all whose polls are set up. */
  readonly provider?: string
  readonly isDryRun: boolean
  readonly json: boolean
}

/** Repairs the rows of a range of dates from the provider's whole lists, and prints what was added. */
export async function backfillByHand({ from, to, provider, isDryRun, json }: Options): Promise<void> {
  const settings = await withDeployedSettings(process.env, 'reconcile')
  if (!isDryRun) requireRetention(settings, 'RETENTION_DAYS')
  process.stderr.write(warningOf(settings))
  await withLedger(async ({ store, clock, log }) => {
    const wirings = backfillWirings(await withPollCredentials(settings.environment), {
      store,
      clock,
      log: aboveBar(log),
    })
    const lists = listsOf(wirings, provider)
    const range = { from, to: to ?? requestDateOf(clock.now()) }
    const reports: BackfillReport[] = []
    for (const { list, dependencies, requestsPerSecond } of lists) {
      const report = await untilInterrupted(ending, (signal) =>
        withProgressBar(requestsPerSecond, (watch) =>
          backfill(
            { ...dependencies, owner: randomUUID() },
            { ...range, isDryRun, requestsPerSecond, signal, ...watch },
          ),
        ),
      )
      reports.push(report)
      if (!json) {
        const title = lists.length === 1 ? '' : `${reports.length === 1 ? '' : '\n'}${list}\n`
        process.stdout.write(title + linesOf(report, isDryRun).join(''))
      }
      if (report.stopped?.by === 'interrupt') break
    }
    if (json) {
      const printed = reports.map((report) => asJson(report, { ...range, isDryRun }))
      printJson(lists.length === 1 ? printed[0] : printed)
    }
    const isDone =
      reports.length === lists.length && reports.every((report) => unfinishedDates(report).length === 0)
    if (!isDone) process.exitCode = 1
  })
}

/** The lists of the provider that is named, or else of all whose polls are set up. */
function listsOf<T extends { readonly provider: string }>(
  wirings: readonly T[],
  provider?: string,
): readonly T[] {
  const chosen = wirings.filter((wired) => provider === undefined || wired.provider === provider)
  if (chosen.length > 0) return chosen
  const names = [...new Set(wirings.map((wired) => wired.provider))].join(' or ')
  throw new CommandError(
    wirings.length === 0
      ? 'No poll is set up (SES_POLL=off, and no SENDCLOUD_API_USER): there is no list to read.'
      : `--provider ${provider ?? ''}: expected ${names}, whose poll is set up.`,
  )
}

/** Says an estimate to standard error and, on a terminal, the progress. */
async function withProgressBar<T>(
  requestsPerSecond: number,
  run: (watch: Pick<BackfillOrder, 'onEstimate' | 'onProgress'>) => Promise<T>,
): Promise<T> {
  let bar: ReturnType<typeof progressBar> | undefined
  const onEstimate = (estimate: Estimate) => {
    process.stderr.write(`${outlookLine(estimate, requestsPerSecond)}\n`)
    const calls = expectedCalls(estimate)
    bar = progressBar(`{value}/{total} ${calls === undefined ? 'dates' : 'calls'}`)
    bar.start(calls ?? estimate.dates.length, 0)
  }
  const onProgress = ({ calls, expectedCalls: expected, datesDone }: BackfillProgress) => {
    if (expected !== undefined) bar?.setTotal(expected)
    bar?.update(expected === undefined ? datesDone : calls)
  }
  try {
    return await run({ onEstimate, onProgress })
  } finally {
    // Its timer would keep the command alive.
    bar?.stop()
  }
}

/** Clears the bar before a line is logged; the bar is drawn again below. */
function aboveBar(log: Log): Log {
  return (event, fields) => {
    if (process.stderr.isTTY) {
      clearLine(process.stderr, 0)
      cursorTo(process.stderr, 0)
    }
    log(event, fields)
  }
}

function outlookLine(estimate: Estimate, requestsPerSecond: number): string {
  const dates = counted(estimate.dates.length, 'date')
  const pace = counted(requestsPerSecond, 'request')
  const calls = expectedCalls(estimate)
  if (calls === undefined) {
    return `${dates} at ${pace} a second. How many calls they take is not known. ${estimate.problem ?? ''}`.trimEnd()
  }
  const time = durationOf((calls / requestsPerSecond) * secondMs)
  return `${dates}, about ${counted(calls, 'call')}: about ${time} at ${pace} a second. (An estimate: what GetStatisticsReport counts is not documented.)`
}

/** `31 seconds`, `51 minutes`, `2.5 hours`. */
function durationOf(ms: number): string {
  if (ms < 2 * minuteMs) return counted(Math.round(ms / secondMs), 'second')
  if (ms < 2 * hourMs) return counted(Math.round(ms / minuteMs), 'minute')
  return counted(Math.round(ms / (hourMs / 10)) / 10, 'hour')
}
