import { dayMs, hourMs, minuteMs, requestDateOf, secondMs } from '../../lib/core/instant.ts'
import { sentAtOf } from '../../lib/core/message.ts'
import { isOutOfReach } from '../../lib/core/schedule.ts'
import type { PolledDelivery } from '../../lib/core/polled-delivery.ts'
import type { StatusApi, StatusPage } from '../../lib/reconcile/ports.ts'
import type { Clock, Log } from '../../lib/runtime/ports.ts'
import { RowRepairs } from '../../lib/reconcile/repair-rows.ts'
import { runPolls } from '../../lib/reconcile/run-polls.ts'
import { UnreadableRows } from '../../lib/reconcile/unreadable-rows.ts'
import type { Ledger } from '../../local/in-memory-ledger.ts'
import { requestsPerSecond } from './recorded-calls.ts'

/** What a strategy has: the ports of lib/reconcile/reconcile.ts. */
interface StrategyPorts {
  readonly statusApi: StatusApi
  readonly deliveries: Ledger['deliveries']
  readonly runs: Ledger['runs']
  /** What the provider lists beside what became of mails. */
  readonly otherLists: readonly { readonly statusApi: StatusApi; readonly runs: Ledger['runs'] }[]
  readonly clock: Clock
  /** Whether the sender records each mail when it sends it. */
  readonly areSendsRecorded: boolean
}

/** A policy of when to ask about what; what it answers is run on schedule. */
export interface Strategy {
  readonly name: string
  /** How often a run begins. */
  readonly everyMs: number
  start(on: StrategyPorts): () => Promise<void>
}

const quiet: Log = () => undefined

/** Its rows can all be read. */
const quarantine = { keep: () => Promise.resolve() }

const quarterHourMs = 15 * minuteMs

/** As serverless.yml sets it. */
const runBudgetMs = 14 * minuteMs

/** The use case itself, under the bounds under which it is deployed. */
export const ours: Strategy = {
  name: 'ours',
  everyMs: 5 * minuteMs,
  start({ otherLists, ...on }) {
    let run = 0
    return async () => {
      run += 1
      const shared = { ...on, quarantine, log: quiet, owner: `run ${run}` }
      // That sends are recorded says nothing about opens.
      const others = otherLists.map((list) => ({ ...shared, ...list, areSendsRecorded: false }))
      const polls = [shared, ...others].map((dependencies) => ({
        provider: dependencies.statusApi.provider,
        dependencies,
        requestsPerSecond,
      }))
      const deadlineMs = on.clock.now() + runBudgetMs
      const { failures } = await runPolls(polls, { clock: on.clock, deadlineMs })
      if (failures.length > 0) throw failures[0]
    }
  },
}

/** What one may think of first. They keep the pace and have no other bound: a run goes on until it is done. */
const naiveStrategies: readonly Strategy[] = [
  lookingAtAges('every pending hourly', (ageMs) => 1 + Math.floor((ageMs - firstLookMs) / hourMs)),
  lookingAtAges('back-off ×2 from 15 min', (ageMs) => 1 + Math.floor(Math.log2(ageMs / firstLookMs))),
  {
    name: 'sweep of 4 dates each 15 min',
    everyMs: quarterHourMs,
    start(on) {
      const sweep = sweeping(on)
      return async () => {
        const nowMs = on.clock.now()
        for (const daysAgo of [0, 1, 2, 3]) await sweep(requestDateOf(nowMs - daysAgo * dayMs))
      }
    },
  },
  {
    name: 'one sweep of each closed date',
    everyMs: quarterHourMs,
    start(on) {
      const sweep = sweeping(on)
      // Ten minutes after midnight, as rows show late.
      const lastClosed = () => requestDateOf(on.clock.now() - 10 * minuteMs - dayMs)
      let swept = lastClosed()
      return async () => {
        if (lastClosed() === swept) return
        swept = lastClosed()
        await sweep(swept)
      }
    },
  },
]

/** Ours first. */
export const strategies: readonly Strategy[] = [ours, ...naiveStrategies]

const firstLookMs = quarterHourMs

/** Looks up each pending message. @param looksUpTo - how many looks a message of that age should have had. */
function lookingAtAges(name: string, looksUpTo: (ageMs: number) => number): Strategy {
  return {
    name,
    everyMs: quarterHourMs,
    start(on) {
      const statusApi = paced(on)
      let lastRunMs = on.clock.now()
      return async () => {
        const nowMs = on.clock.now()
        const repairs = new RowRepairs({
          deliveries: on.deliveries,
          log: quiet,
          unreadable: new UnreadableRows(undefined),
        })
        for (const message of await pendingMessages(on)) {
          const sentAtMs = sentAtOf(message) ?? nowMs
          const looks = (atMs: number) => (atMs - sentAtMs < firstLookMs ? 0 : looksUpTo(atMs - sentAtMs))
          if (looks(nowMs) <= looks(lastRunMs) || isOutOfReach(sentAtMs, nowMs)) continue
          const requestDate = requestDateOf(sentAtMs)
          await repairs.apply(
            await statusApi.page({ requestDate, offset: 0, messageId: message }),
            requestDate,
            on.clock.now(),
          )
        }
        lastRunMs = nowMs
      }
    },
  }
}

/** The messages with a recipient of whom nothing final is known. A soft bounce is taken for final. */
async function pendingMessages({ deliveries }: StrategyPorts): Promise<ReadonlySet<string>> {
  const messages = new Set<string>()
  for await (const delivery of deliveries.pending()) {
    if (delivery.status === 'soft-bounced') await deliveries.leavePending(delivery, delivery.status)
    else messages.add(delivery.message)
  }
  return messages
}

/** Reads whole lists of dates. A page or a row that was read before in the same words is not looked at again. */
function sweeping(on: StrategyPorts): (requestDate: string) => Promise<void> {
  const statusApi = paced(on)
  const known = new WeakSet<StatusPage | PolledDelivery>()
  return async (requestDate) => {
    const repairs = new RowRepairs({
      deliveries: on.deliveries,
      log: quiet,
      unreadable: new UnreadableRows(undefined),
    })
    for (let offset = 0; ;) {
      const page = await statusApi.page({ requestDate, offset })
      if (!known.has(page)) {
        const deliveries = page.deliveries.filter((delivery) => !known.has(delivery))
        if (deliveries.length > 0) await repairs.apply({ ...page, deliveries }, requestDate, on.clock.now())
        for (const read of [page, ...deliveries]) known.add(read)
      }
      offset += page.rows
      if (page.isLast) break
    }
    await pendingMessages(on)
  }
}

/** Waits before a request until the pace allows it. */
function paced({ statusApi, clock }: StrategyPorts): StatusApi {
  const intervalMs = secondMs / requestsPerSecond
  let nextMs = 0
  return {
    ...statusApi,
    async page(query) {
      if (nextMs > clock.now()) await clock.sleep(nextMs - clock.now())
      nextMs = clock.now() + intervalMs
      return statusApi.page(query)
    },
  }
}
