import cliProgress from 'cli-progress'
import { nameOf, statusRanks, type Delivery, type DeliveryKey, type Status } from '../lib/core/delivery.ts'
import { dayMs, formatInstant } from '../lib/core/instant.ts'
import type { Log, RunFigures } from '../lib/ports.ts'
import { deliveryReader } from '../lib/table/delivery-reader.ts'
import { tableNames } from '../lib/table/names.ts'
import { localSettings } from './settings.ts'
import { planCallbacks, type CallbackPlan } from './simulated-ses/callback-plan.ts'
import { postTo, sendCallbacks } from './simulated-ses/callback-sender.ts'
import type { SimulatedDelivery } from './simulated-ses/mail.ts'
import { makeTraffic } from './simulated-ses/traffic.ts'
import { startLocalStack, type LocalStack } from './stack.ts'
import { isRight, truthAt } from './truth.ts'
import { virtualClock, type VirtualClock } from './virtual-clock.ts'

/** `SEED=… npm run demo` shows other mail and other weather. */
const seed = Number(process.env.SEED ?? 7)
const mails = 400

/** 2026-11-02 00:00 in UTC+8: a date of the past, so that simulated and real clocks are not taken for each other. */
const startMs = Date.UTC(2026, 10, 1, 16)
const beforePollMs = startMs + 29.5 * dayMs

const quiet: Log = () => undefined

function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** Lets mail happen, loses a fifth of what is told about it, and shows the table before and after the poll. */
async function demonstrate(): Promise<void> {
  const clock = virtualClock(startMs)
  // Its own tables, in memory, on ports that are free: a demo disturbs nothing that runs.
  const settings = localSettings({ PORT: '0', DYNAMODB_PORT: '0', SES_PORT: '0', ADMIN_PORT: '0' })
  const stack = await startLocalStack(settings, { clock, log: quiet })
  try {
    const deliveries = makeTraffic({ seed, count: mails, fromMs: startMs, overMs: dayMs })
    stack.simulatedSes?.send(...deliveries)
    await stack.reconcile()

    const plan = planCallbacks(deliveries, {
      seed,
      lossRate: 0.2,
      repeatRate: 0.2,
      lateRate: 0.2,
      maxDelayMs: 2 * dayMs,
      reorderRate: 0.2,
    })
    say(
      `${mails} mails of one day, seed ${seed}. A fifth of their callbacks is lost; of the rest many come twice, late or in the wrong order.`,
    )
    await receive(stack, plan, clock)
    clock.advanceTo(beforePollMs)
    const before = await rows(stack, clock, deliveries)
    const figures = await poll(stack)
    const after = await rows(stack, clock, deliveries)
    showTables(deliveries, before, after)
    showFigures(plan, figures)
    const wrong = wrongRows(deliveries, after)
    say(wrong === 0 ? 'Every row says what truly happened.' : `${wrong} rows are wrong.`)
    if (wrong > 0) process.exitCode = 1
  } finally {
    await stack.stop()
  }
}

async function receive(stack: LocalStack, plan: CallbackPlan, clock: VirtualClock): Promise<void> {
  const bar = progress('callbacks', plan.callbacks.length)
  const post = postTo(stack.callbackUrl)
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
    pending: b.pending,
    stoppedBy: b.stoppedBy,
  }
}

type Rows = ReadonlyMap<string, Delivery>

async function rows(
  stack: LocalStack,
  clock: VirtualClock,
  deliveries: readonly SimulatedDelivery[],
): Promise<Rows> {
  const reader = deliveryReader({
    client: stack.dynamoDb,
    table: tableNames(stack.tablePrefix).deliveries,
    clock,
    log: quiet,
  })
  const found = await reader.rowsOf(deliveries.map(keyOf))
  return new Map(found.map((row) => [nameOf(row), row]))
}

function keyOf({ recipient, messageId }: SimulatedDelivery): DeliveryKey {
  return { recipient: recipient.toLowerCase(), message: messageId }
}

function rowOf(table: Rows, delivery: SimulatedDelivery): Delivery | undefined {
  return table.get(nameOf(keyOf(delivery)))
}

function wrongRows(deliveries: readonly SimulatedDelivery[], table: Rows): number {
  return deliveries.filter((delivery) => {
    const truth = truthAt(delivery, beforePollMs)
    return truth !== undefined && !isRight(rowOf(table, delivery), truth)
  }).length
}

function showTables(deliveries: readonly SimulatedDelivery[], before: Rows, after: Rows): void {
  const truths = deliveries.map((delivery) => truthAt(delivery, beforePollMs)?.status)
  const count = (statuses: readonly (Status | undefined)[], status: Status | undefined) =>
    statuses.filter((other) => other === status).length
  const statusesOf = (table: Rows) => deliveries.map((delivery) => rowOf(table, delivery)?.status)
  const line = (name: string, ...cells: (string | number)[]) => {
    say(`  ${name.padEnd(16)}${cells.map((cell) => String(cell).padStart(18)).join('')}`)
  }
  say()
  line('', 'what happened', 'before the poll', 'after the poll')
  for (const status of Object.keys(statusRanks) as Status[]) {
    const cells = [truths, statusesOf(before), statusesOf(after)].map((statuses) => count(statuses, status))
    if (cells.some((cell) => cell > 0)) line(status, ...cells)
  }
  line('no row', 0, count(statusesOf(before), undefined), count(statusesOf(after), undefined))
  line('rows wrong', '', wrongRows(deliveries, before), wrongRows(deliveries, after))
  say()
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

await demonstrate()
