import { setVariables, type Environment } from '../../lib/runtime/config.ts'
import { formatInstant, hourMs, minuteMs } from '../../lib/core/instant.ts'
import type { RunState, StopReason } from '../../lib/reconcile/ports.ts'
import { sendCloudJobs, sesJobOf } from '../../lib/wiring/poll.ts'
import { leaseMs } from '../../lib/reconcile/lease.ts'
import { isLocal } from '../../local/local-environment.ts'
import type { OpenLedger } from '../open-ledger.ts'
import { failed, passed, type Check } from './check.ts'
import { durationOf } from './duration.ts'
import { isOnAws, logOf } from '../where-to-look.ts'

const check = 'schedule'

/** As serverless.yml sets them, which the test of this file holds to it. */
export const scheduleIntervalMs = 5 * minuteMs
export const longestRunMs = 14 * minuteMs

/** The next run makes up for one that was skipped or died, but not for three in a row. */
const missedRuns = 3

/** With CloudBase hourly, as serverless.tencent.yml sets it, since each five minutes in which it is used are paid for. */
function intervalMs(environment: Environment): number {
  if (isOnAws(environment) || isLocal(environment)) return scheduleIntervalMs
  const { CLOUDBASE_ENV_ID, SCHEDULE_MINUTES } = setVariables(environment)
  const usualMs = CLOUDBASE_ENV_ID === undefined ? scheduleIntervalMs : hourMs
  const setMs = Number(SCHEDULE_MINUTES) * minuteMs
  return setMs > 0 ? setMs : usualMs
}

/** By how much clocks may differ before it matters. */
const skewMs = 5 * minuteMs

/** Whether reconcile runs as often as it should, and how its last run ended. */
export async function checkSchedule(
  { store, clock }: Pick<OpenLedger, 'store' | 'clock'>,
  environment: Environment,
): Promise<Check> {
  const jobs = await Promise.all(
    [...sesJobs(environment), sendCloudJobs.status].map(async (job) => ({
      job,
      state: await store.runReader(job).state(),
    })),
  )
  const ran = jobs.flatMap(({ job, state }) => (state ? { job, state } : []))
  const log = logOf('reconcile', environment)
  const everyMs = intervalMs(environment)
  const patienceMs = missedRuns * everyMs
  const at = {
    everyMs,
    patienceMs,
    nowMs: clock.now(),
    log,
    whyNone: whyNone(log, environment),
    table: store.tables.reconciliation,
    isLocalStack: isLocal(environment),
  }
  // The function runs all polls at each schedule. One that has not run as lately as another is not set up any more.
  const latestMs = Math.max(...ran.map(({ state }) => lastSeenMs(state)))
  const checks = ran
    .filter(({ state }) => lastSeenMs(state) >= latestMs - patienceMs - longestRunMs)
    .map(({ job, state }) => {
      const ofJob = { ...at, job }
      return leaseFault(state, ofJob) ?? ageFault(state, ofJob) ?? ending(state, ofJob)
    })
  return checks.find(({ verdict }) => verdict !== 'passed') ?? checks[0] ?? neverRan(at)
}

/** The jobs of the regions that are set here; without any, of the first alone. */
function sesJobs({ SES_REGION = '' }: Environment): readonly string[] {
  const regions = SES_REGION.split(',').map((region) => region.trim())
  return regions.map((region) => sesJobOf(region, regions.length > 1).job)
}

function lastSeenMs({ endedAtMs = 0, leaseUntilMs = 0 }: RunState): number {
  return Math.max(endedAtMs, leaseUntilMs)
}

interface At {
  /** Whose run it is. */
  readonly job: string
  /** From the beginning of a run to that of the next. */
  readonly everyMs: number
  readonly patienceMs: number
  readonly nowMs: number
  /** The log of the runs. */
  readonly log: string
  /** What to check if no run begins, or none leaves a trace. */
  readonly whyNone: string
  readonly table: string
  readonly isLocalStack: boolean
}

function whyNone(log: string, environment: Environment): string {
  const rule = isOnAws(environment)
    ? 'whether the schedule that calls reconcile is enabled (EventBridge, in the console), and '
    : ''
  return `Look ${rule}into ${log}: a run that lacks a setting ends before it leaves a trace here.`
}

function neverRan({ whyNone: advice, isLocalStack }: Omit<At, 'job'>): Check {
  const wait = isLocalStack ? 'Wait a minute after `npm start`.' : 'Wait five minutes after the first deploy.'
  return failed(check, 'reconcile has never run', `${wait} ${advice}`)
}

function leaseFault(
  { leaseUntilMs }: RunState,
  { job, patienceMs, nowMs, table, whyNone: advice }: At,
): Check | undefined {
  if (leaseUntilMs === undefined) return undefined
  const until = formatInstant(leaseUntilMs)
  if (leaseUntilMs > nowMs + leaseMs + skewMs) {
    return failed(
      check,
      `no run can begin before ${until}: one with a wrong clock took the lease until then`,
      `Empty leaseOwner and leaseUntil in the row ${job} of ${table}; if the clock of this machine is wrong, set it first.`,
    )
  }
  if (leaseUntilMs < nowMs - patienceMs) {
    return failed(check, `a run died, its lease ended at ${until}, and none has begun since`, advice)
  }
  return undefined
}

function ageFault(
  { leaseUntilMs = 0, endedAtMs }: RunState,
  { everyMs, patienceMs, nowMs, log, whyNone: advice }: At,
): Check | undefined {
  const isAtWork = leaseUntilMs > nowMs
  if (endedAtMs === undefined) {
    return isAtWork
      ? undefined
      : failed(check, 'no run has ended yet, and the last one died', `See why in ${log}.`)
  }
  const ageMs = nowMs - endedAtMs
  if (ageMs <= patienceMs + (isAtWork ? longestRunMs : 0)) return undefined
  const age = durationOf(ageMs)
  return isAtWork
    ? failed(
        check,
        `no run has ended for ${age}, though one is at work`,
        `Is somebody reading dates by hand (\`ledger reconcile --from\`)? Then wait. Else runs are cut off before they end: see by what in ${log}.`,
      )
    : failed(
        check,
        `the last run ended ${age} ago, and there should be one every ${durationOf(everyMs)}`,
        advice,
      )
}

function ending({ endedAtMs, stoppedBy }: RunState, { job, nowMs, log, isLocalStack }: At): Check {
  if (endedAtMs === undefined || stoppedBy === undefined) return passed(check, 'the first run is at work')
  const provider = job === sendCloudJobs.status ? 'SendCloud' : 'Tencent'
  const ended = `the last run ended ${durationOf(Math.max(0, nowMs - endedAtMs))} ago`
  switch (stoppedBy) {
    case 'settings':
      return failed(
        check,
        `${ended}: ${provider} refuses the settings with which it was deployed (stoppedBy settings)`,
        isLocalStack
          ? `Its log names the setting: ${log}. Start the local stack again with another.`
          : `Its log names the setting: ${log}. Change it and deploy. Where the poll API is fine below, deploy with the settings of this environment.`,
      )
    case 'provider':
      return failed(
        check,
        `${ended}: ${provider} kept failing (stoppedBy provider)`,
        `The next run goes on from there. Should it stay so, look into ${log}.`,
      )
    case 'done':
    case 'time':
    case 'calls':
    case 'lease':
      return passed(check, `${ended}: ${endings[stoppedBy]}`)
  }
}

const endings: Readonly<Record<Exclude<StopReason, 'settings' | 'provider'>, string>> = {
  done: 'nothing was left to ask',
  time: 'its time was used up, and the next one goes on from there',
  calls: 'its calls were used up, and the next one goes on from there',
  lease: 'another one took its place',
}
