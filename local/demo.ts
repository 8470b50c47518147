import cliProgress from 'cli-progress'
import { nameOf, statusRanks, type Delivery, type DeliveryKey, type Status } from '../lib/core/delivery.ts'
import { dayMs, formatInstant } from '../lib/core/instant.ts'
import type { RunFigures } from '../lib/reconcile/ports.ts'
import type { Log } from '../lib/runtime/ports.ts'
import { deliveryReader } from '../lib/table/delivery-reader.ts'
import { tableNames } from '../lib/table/names.ts'
import { whenNobodyReads } from './closed-pipe.ts'
import { freePorts } from './local-environment.ts'
import { localSettings } from './settings.ts'
import { planAttempts, type AttemptPlan } from './simulated-sendcloud/attempt-plan.ts'
import { sendAttempts, type AttemptFigures } from './simulated-sendcloud/attempt-sender.ts'
import { formType } from './simulated-sendcloud/callback.ts'
import { makeSendCloudTraffic } from './simulated-sendcloud/traffic.ts'
import { planCallbacks, type CallbackPlan } from './simulated-ses/callback-plan.ts'
import { postTo, sendCallbacks } from './simulated-ses/callback-sender.ts'
import { makeTraffic } from './simulated-ses/traffic.ts'
import { startLocalStack, type LocalStack } from './stack.ts'
import { isRight, truthAt, type Happened } from './truth.ts'
import { virtualClock, type VirtualClock } from './virtual-clock.ts'

/** `SEED=… npm run demo` shows other mail and other weather. */
const seed = Number(process.env.SEED ?? 7)
const mails = 400
const sendCloudMails = 200

/** 2026-11-02 00:00 in UTC+8: a date of the past, so that simulated and real clocks are not taken for each other. */
const startMs = Date.UTC(2026, 10, 1, 16)
const beforePollMs = startMs + 29.5 * dayMs

/** Rates are of callbacks at Tencent SES, which posts once, and of attempts at SendCloud, which retries. */
const weather = {
  seed,
  lossRate: 0.2,
  repeatRate: 0.2,
  lateRate: 0.2,
  maxDelayMs: 2 * dayMs,
  reorderRate: 0.2,
}

const quiet: Log = () => undefined

function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** Simulates mail at both providers, loses a fifth of the callbacks, and shows the table at the end. */
async function demonstrate(): Promise<void> {
  const clock = virtualClock(startMs)
  // Its own tables, in memory, on ports that are free: a demo disturbs nothing that runs.
  const settings = localSettings({
    ...freePorts,
  })
  const stack = await startLocalStack(settings, { clock, log: quiet })
  try {
    const wrong = await demonstrateTencentSes(stack, clock)
    say()
    const wrongToo = await demonstrateSendCloud(stack, clock)
    if (wrong + wrongToo > 0) process.exitCode = 1
  } finally {
    await stack.stop()
  }
}

/** Shows the table before and after the poll; answers how many rows are wrong after it. */
async function demonstrateTencentSes(stack: LocalStack, clock: VirtualClock): Promise<number> {
  const deliveries = makeTraffic({ seed, count: mails, fromMs: startMs, overMs: dayMs })
  stack.simulatedSes?.send(...deliveries)
  await stack.reconcile()

  const plan = planCallbacks(deliveries, weather)
  say(
    `${mails} mails of one day, seed ${seed}. A fifth of their callbacks is lost; of the rest many come twice, late or in the wrong order.`,
  )
  await receive(stack, plan, clock)
  clock.advanceTo(beforePollMs)
  const before = await rows(stack, clock, deliveries)
  const figures = await poll(stack)
  const after = await rows(stack, clock, deliveries)

  const looks = [
    ['before the poll', before],
    ['after the poll', after],
  ] as const
  const wrong = showTable({ deliveries, atMs: beforePollMs, isWrong, looks })
  showFigures(plan, figures)
  sayVerdict(wrong)
  return wrong
}

/** Shows the table after the last retry, and after the poll; returns how many rows are wrong then. */
async function demonstrateSendCloud(stack: LocalStack, clock: VirtualClock): Promise<number> {
  const messages = makeSendCloudTraffic({ seed, count: sendCloudMails, fromMs: clock.now(), overMs: dayMs })
  stack.simulatedSendCloud?.send(...messages)
  const deliveries = messages.flatMap((message) => message.deliveries)
  const plan = planAttempts(messages, { ...weather, lossRate: 0.5, appKey: stack.sendCloudAppKey })
  say(
    `${sendCloudMails} mails of another day, sent with SendCloud. Half of its attempts are lost, and a fifth of the responses: it tries again, five times at most.`,
  )
  const figures = await receiveFromSendCloud(stack, plan, clock)
  clock.advance(dayMs)
  const before = await rows(stack, clock, deliveries)
  const polled = await poll(stack)
  const after = await rows(stack, clock, deliveries)
  const wrong = showTable({
    deliveries,
    atMs: clock.now(),
    isWrong: isWrongInLists,
    looks: [
      ['before the poll', before],
      ['after the poll', after],
    ],
  })
  showAttempts(plan, figures)
  say(
    `The poll    ${polled.calls} calls: ${polled.discovered} deliveries discovered, ${polled.repaired} repaired`,
  )
  sayVerdict(wrong)
  return wrong
}

/** As {@link isWrong}, but for complaints and unsubscribes, which SendCloud's polled lists do not have. */
function isWrongInLists(row: Delivery | undefined, delivery: Simulated, atMs: number): boolean {
  const isListed = ({ kind }: Simulated['timeline'][number]) =>
    kind !== 'complained' && kind !== 'unsubscribed'
  const facts = new Map(
    [...(row?.facts ?? [])].filter(([kind]) => kind !== 'complained' && kind !== 'unsubscribed'),
  )
  return isWrong(
    row && { ...row, facts },
    { ...delivery, timeline: delivery.timeline.filter(isListed) },
    atMs,
  )
}

async function receive(stack: LocalStack, plan: CallbackPlan, clock: VirtualClock): Promise<void> {
  const bar = progress('callbacks', plan.callbacks.length)
  const post = postTo(stack.callbackUrls.tencentSes)
  await sendCallbacks(plan.callbacks, {
    clock,
    post: async (body) => {
      const status = await post(body)
      bar.increment()
      return status
    },
    concurrency: 4,
  })
  bar.stop()
}

async function receiveFromSendCloud(
  stack: LocalStack,
  plan: AttemptPlan,
  clock: VirtualClock,
): Promise<AttemptFigures> {
  const bar = progress('callbacks', plan.events)
  const figures = await sendAttempts(plan.attempts, {
    clock,
    post: postTo(stack.callbackUrls.sendCloud, formType),
    concurrency: 4,
    onAccepted: () => {
      bar.increment()
    },
  })
  bar.stop()
  return figures
}

/** Runs of the reconcile function until one has nothing left to ask. */
async function poll(stack: LocalStack): Promise<RunFigures> {
  let sum: RunFigures | undefined
  for (;;) {
    const run = await stack.reconcile()
    sum = sum ? added(sum, run) : run
    if (run.stoppedBy === 'done') return sum
  }
}

function added(a: RunFigures, b: RunFigures): RunFigures {
  return {
    calls: a.calls + b.calls,
    rows: a.rows + b.rows,
    discovered: a.discovered + b.discovered,
    repaired: a.repaired + b.repaired,
    settled: a.settled + b.settled,
    unknown: a.unknown + b.unknown,
    ...(b.pending !== undefined && { pending: b.pending }),
    stoppedBy: b.stoppedBy,
  }
}

/** One message to one recipient, whoever sent it. */
interface Simulated extends Happened {
  readonly messageId: string
  readonly recipient: string
}

type Rows = ReadonlyMap<string, Delivery>

/** Whether the delivery's row says something else than what had happened until then. */
type IsWrong = (row: Delivery | undefined, delivery: Simulated, atMs: number) => boolean

async function rows(stack: LocalStack, clock: VirtualClock, deliveries: readonly Simulated[]): Promise<Rows> {
  const reader = deliveryReader({
    client: stack.dynamoDb,
    table: tableNames(stack.tablePrefix).deliveries,
    clock,
    log: quiet,
  })
  const found = await reader.rowsOf(deliveries.map(keyOf))
  return new Map(found.map((row) => [nameOf(row), row]))
}

function keyOf({ recipient, messageId }: Simulated): DeliveryKey {
  return { recipient: recipient.toLowerCase(), message: messageId }
}

function rowOf(table: Rows, delivery: Simulated): Delivery | undefined {
  return table.get(nameOf(keyOf(delivery)))
}

function isWrong(row: Delivery | undefined, delivery: Simulated, atMs: number): boolean {
  const truth = truthAt(delivery, atMs)
  return truth !== undefined && !isRight(row, truth)
}

interface Comparison {
  readonly deliveries: readonly Simulated[]
  /** The instant of the truth. */
  readonly atMs: number
  readonly isWrong: IsWrong
  /** What stood in the table, under the heading of its column. */
  readonly looks: readonly (readonly [heading: string, table: Rows])[]
}

/** Shows how many deliveries stand where in truth and at each look; answers how many rows are wrong at the last. */
function showTable({ deliveries, atMs, isWrong, looks }: Comparison): number {
  const headings = ['what happened', ...looks.map(([heading]) => heading)]
  const line = (name: string, ...cells: (string | number)[]) => {
    const padded = cells.map((cell, index) => String(cell).padStart(widthUnder(headings[index] ?? '')))
    say(`  ${name.padEnd(16)}${padded.join('')}`)
  }
  const truths = deliveries.map((delivery) => truthAt(delivery, atMs)?.status)
  const seen = looks.map(([, table]) => deliveries.map((delivery) => rowOf(table, delivery)?.status))
  const count = (statuses: readonly (Status | undefined)[], status: Status | undefined) =>
    statuses.filter((other) => other === status).length
  const wrong = looks.map(
    ([, table]) => deliveries.filter((delivery) => isWrong(rowOf(table, delivery), delivery, atMs)).length,
  )
  say()
  line('', ...headings)
  for (const status of Object.keys(statusRanks) as Status[]) {
    const cells = [truths, ...seen].map((statuses) => count(statuses, status))
    if (cells.some((cell) => cell > 0)) line(status, ...cells)
  }
  line('no row', 0, ...seen.map((statuses) => count(statuses, undefined)))
  line('rows wrong', '', ...wrong)
  say()
  return wrong.at(-1) ?? 0
}

function widthUnder(heading: string): number {
  return Math.max(18, heading.length + 3)
}

function sayVerdict(wrong: number): void {
  const said = wrong === 1 ? '1 row is wrong.' : `${wrong} rows are wrong.`
  say(wrong === 0 ? 'Every row says what truly happened.' : said)
}

function showFigures(plan: CallbackPlan, polled: RunFigures): void {
  const { planned, repeated, lost, late, reordered } = plan.figures
  say(
    `Callbacks   ${planned} received, ${repeated} of them repeats; ${late} late, ${reordered} out of order; ${lost} lost`,
  )
  say(
    `The poll    ${polled.calls} calls at ${formatInstant(beforePollMs)}: ${polled.discovered} deliveries discovered, ${polled.repaired} repaired`,
  )
}

function showAttempts(plan: AttemptPlan, figures: AttemptFigures): void {
  const signature = plan.areRetriesSignedAnew ? 'signed anew' : 'with their first signature'
  const refused = figures.refused === 0 ? '' : `, ${figures.refused} refused`
  say(
    `Attempts    ${figures.attempts} for ${plan.events} events: ${figures.lost} lost${refused}; ${figures.retried} retries, ${signature}, ${figures.repeated} of them repeats`,
  )
  say(
    figures.lostForEver === 0
      ? 'Lost        nothing for ever'
      : `Lost        ${figures.lostForEver} for ever, with all six attempts: what they would have reported, the poll finds`,
  )
}

function progress(what: string, total: number): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar({
    format: `  ${what} [{bar}] {value}/{total}`,
    barsize: 40,
    noTTYOutput: true,
    notTTYSchedule: 2_000,
    stream: process.stdout,
  })
  bar.start(total, 0)
  return bar
}

whenNobodyReads(() => process.exit())
await demonstrate()
