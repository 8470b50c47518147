/**
 * What reconcile costs and what it achieves, compared to naive policies and to a bound that no policy can beat: weeks
 * of simulated mail on a simulated clock. `npm run bench:reconcile`
 */
import { availableParallelism, totalmem } from 'node:os'
import { Worker } from 'node:worker_threads'
import cliProgress from 'cli-progress'
import { Command, InvalidArgumentError } from 'commander'
import pMap from 'p-map'
import type { Job, JobNews } from './reconcile/job.ts'
import { isSound, tableOf } from './reconcile/report.ts'
import { playedDays, type Scenario } from './reconcile/scenario.ts'
import { ours, strategies as allStrategies, type Strategy } from './reconcile/strategies.ts'

interface Options {
  readonly mails?: number
  readonly loss?: number
  readonly days: number
  readonly sendcloud?: true
  readonly recorded?: true
  readonly outage?: true
  readonly anywhere?: true
  readonly ours?: true
  readonly all?: true
}

/** Of mail with SendCloud, whose three lists take longer to play, so much shows what a day costs. */
const mostDaysOfSendCloud = 14

await new Command('bench:reconcile')
  .description(
    'Calls, staleness and rightness of reconcile, beside naive policies and a lower bound. SEED=… plays other mail.\n' +
      'Without options: the scenarios for which there are goals, the naive policies in the first alone.',
  )
  .option('--mails <number>', 'mails a day (default: 10000)', numberFrom(1, 1_000_000))
  .option('--loss <share>', 'share of callbacks that never arrive (default: 0.001)', numberFrom(0, 1))
  .option('--days <number>', 'days of mail; then it is given a month to settle', numberFrom(1, 365), 35)
  .option('--sendcloud', 'mail is sent with SendCloud, and its three lists are read by ours alone')
  .option('--recorded', 'the sender records each mail when it sends it')
  .option('--outage', 'all callbacks of one hour are lost as well')
  .option('--anywhere', 'deferred mails end anywhere within 72 h, which is harder than at retries')
  .option('--ours', 'our strategy and the bound alone')
  .option('--all', 'every scenario; takes hours')
  .action(bench)
  .parseAsync()

interface Play {
  readonly scenario: Scenario
  readonly strategies: readonly Strategy[]
}

type JobResult = Exclude<JobNews, 'day'>

/** Plays everything, as many jobs at once as there are processors, and shows each scenario's table when it is done. */
async function bench(options: Options): Promise<void> {
  const plays = playsOf(options).map((play) => ({ ...play, jobs: jobsOf(play) }))
  const results = new Map<Job, JobResult>()
  const format = '  {bar} {percentage} %, {eta_formatted} left'
  const bar = new cliProgress.SingleBar({ format, clearOnComplete: true }, cliProgress.Presets.shades_classic)
  const days = plays.map(({ scenario, jobs }) => (jobs.length - 1) * playedDays(scenario))
  const total = days.reduce((sum, count) => sum + count, 0)
  let done = 0
  let shown = 0
  const onDay = () => {
    done += 1
    bar.update(done)
  }
  bar.start(total, 0)
  await pMap(
    plays.flatMap(({ jobs }) => jobs),
    async (job) => {
      results.set(job, await worked(job, onDay))
      for (let next = plays[shown]; next?.jobs.every((one) => results.has(one)); next = plays[shown]) {
        shown += 1
        bar.stop()
        show(next.scenario, results)
        bar.start(total, done)
      }
    },
    { concurrency: jobsAtOnce(plays) },
  )
  bar.stop()
}

/** As many as there are processors, as long as there is memory for all: a job holds about 2 kB for each of its mails. */
function jobsAtOnce(plays: readonly Play[]): number {
  const bytesOfMail = Math.max(...plays.map(({ scenario }) => scenario.mailsPerDay * scenario.days * 2_048))
  return Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / (2 * bytesOfMail))))
}

/** A job for each strategy, and one that finds the bounds. */
function jobsOf({ scenario, strategies }: Play): readonly Job[] {
  return [...strategies.map(({ name }) => ({ scenario, strategy: name })), { scenario }]
}

/** Prints the scenario's table, and fails the program where ours does not keep what it must. */
function show(scenario: Scenario, results: ReadonlyMap<Job, JobResult>): void {
  const own = [...results].filter(([job]) => job.scenario === scenario)
  const outcomes = own.flatMap(([{ strategy: name }, result]) =>
    name !== undefined && 'outcome' in result ? [{ name, outcome: result.outcome }] : [],
  )
  const bounds = own.flatMap(([, result]) => ('bounds' in result ? [result.bounds] : []))[0]
  if (!bounds) throw new Error('The job that finds the bounds returned none.')
  const inOrder = allStrategies.flatMap(({ name }) => outcomes.filter((one) => one.name === name))
  process.stdout.write(`${tableOf(scenario, inOrder, bounds).join('\n')}\n\n`)
  if (outcomes.some(({ name, outcome }) => name === ours.name && !isSound(outcome))) process.exitCode = 1
}

/** Does the job in a thread with memory of its own: 3.5 million mails take some gigabytes. */
function worked(job: Job, onDay: () => void): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./reconcile/job.ts', import.meta.url), {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: 12_000, maxYoungGenerationSizeMb: 128 },
    })
    worker.on('message', (news: JobNews) => {
      if (news === 'day') onDay()
      else resolve(news)
    })
    worker.on('error', reject)
    worker.on('exit', (code) => {
      reject(new Error(`The worker ended with ${code} before it was done.`))
    })
  })
}

function playsOf({
  all,
  mails,
  loss,
  days,
  sendcloud,
  recorded,
  outage,
  anywhere,
  ...options
}: Options): readonly Play[] {
  const scenario = {
    provider: sendcloud === true ? 'sendcloud' : 'tencent-ses',
    mailsPerDay: mails ?? 10_000,
    lossRate: loss ?? 0.001,
    days,
    isRecorded: recorded === true,
    hasOutage: outage === true,
    deferrals: anywhere === true ? 'anywhere' : 'retried',
    seed: Number(process.env.SEED ?? 1),
  } as const
  const strategies = options.ours === true || sendcloud === true ? [ours] : allStrategies
  if (all === true) return everyPlay(scenario, strategies)
  const isOne = [mails, loss, sendcloud, recorded, outage].some((option) => option !== undefined)
  if (isOne) return [{ scenario, strategies }]
  return [
    { scenario: { ...scenario, isRecorded: true }, strategies },
    { scenario: { ...scenario, isRecorded: true, lossRate: 0.01 }, strategies: [ours] },
    { scenario, strategies: [ours] },
    ...[true, false].map((isRecorded) => ({
      scenario: {
        ...scenario,
        provider: 'sendcloud' as const,
        days: Math.min(days, mostDaysOfSendCloud),
        isRecorded,
        lossRate: 0.01,
      },
      strategies: [ours],
    })),
  ]
}

/** At the largest size the naive ones play only where sends are recorded: without, they are no better. */
function everyPlay(usual: Scenario, strategies: readonly Strategy[]): readonly Play[] {
  return [1_000, 10_000, 100_000].flatMap((mailsPerDay) =>
    [true, false].flatMap((isRecorded) => {
      const quiet = { ...usual, mailsPerDay, isRecorded, hasOutage: false }
      const scenarios = [
        ...[0.001, 0.01, 1].map((lossRate) => ({ ...quiet, lossRate })),
        { ...quiet, lossRate: 0.001, hasOutage: true },
      ]
      const isLarge = mailsPerDay === 100_000 && !isRecorded
      return scenarios.map((scenario) => ({ scenario, strategies: isLarge ? [ours] : strategies }))
    }),
  )
}

function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (text.trim() !== '' && number >= least && number <= most) return number
    throw new InvalidArgumentError(`expected a number from ${least} to ${most}`)
  }
}
