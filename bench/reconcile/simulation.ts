import { statusRanks, type Status } from '../../lib/core/delivery.ts'
import { addDays, dayMs, requestDateOf, requestDateStartMs } from '../../lib/core/instant.ts'
import { sentAtOf } from '../../lib/core/message.ts'
import { reachMs } from '../../lib/core/schedule.ts'
import { datedOf, inBatches } from '../../lib/reconcile/survey.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import { inMemoryLedger, type Ledger } from '../../local/in-memory-ledger.ts'
import { inMemoryRuns } from '../../local/in-memory-ledger/runs.ts'
import { callbackEvent, sendEvent } from './callback-event.ts'
import { compareRows, sumOf, type FinalTable } from './final-table.ts'
import { LostFacts, type Delays, type Recovery } from './lost-facts.ts'
import type { EngagementKind } from './missed-facts.ts'
import type { PlayedEntry, PlayedMail } from './played-mail.ts'
import { playedProvider, type PlayedProvider } from './played-provider.ts'
import { recordOfCalls } from './recorded-calls.ts'
import { endMs, outageOf, startMs, type Scenario } from './scenario.ts'
import type { Strategy } from './strategies.ts'

/** What came of a strategy. */
export interface Outcome {
  /** Calls about the mail of one day, as long as the provider reports it. */
  readonly callsPerDay: number
  /** The same, by what they were for. */
  readonly callsPerDayFor: ReadonlyMap<string, number>
  /** Calls that came while the second before them was full. */
  readonly overPace: number
  /** The pace of the busiest quarter of an hour. */
  readonly busiestPerSecond: number
  readonly outcomes: Delays
  readonly engagement: Delays
  readonly engagementBy: ReadonlyMap<EngagementKind, Delays>
  readonly recovery: Recovery | undefined
  /** Rows still pending 30 days after they were sent. */
  readonly unsettled: number
  readonly table: FinalTable
}

/** Plays the scenario with the strategy. Same arguments, same outcome. @param onDay - called after each day. */
export async function simulate(
  scenario: Scenario,
  strategy: Strategy,
  onDay: (day: number) => void = () => undefined,
): Promise<Outcome> {
  const world = new World(scenario, onDay)
  const { recorded, calls } = recordOfCalls(world.clock, (message) => world.subjectOf(message))
  const { statusApi, otherLists } = world.provider
  const run = strategy.start({
    ...world.ports,
    statusApi: recorded(statusApi, otherLists.size > 0 ? 'outcomes' : ''),
    otherLists: [...otherLists].map(([name, list]) => ({
      statusApi: recorded(list, name),
      runs: inMemoryRuns(),
    })),
    areSendsRecorded: scenario.isRecorded,
  })
  for (let nextMs = startMs + strategy.everyMs; nextMs <= endMs(scenario);) {
    await world.advanceTo(nextMs)
    await run()
    // A run that took longer than to the next one is followed by the one after.
    nextMs += Math.max(1, Math.ceil((world.clock.now() - nextMs) / strategy.everyMs)) * strategy.everyMs
  }
  const dates = Array.from({ length: scenario.days }, (_, day) => addDays(requestDateOf(startMs), day))
  const perDay = (byDate: ReadonlyMap<string, number>) =>
    dates.reduce((sum, date) => sum + (byDate.get(date) ?? 0), 0) / dates.length
  return {
    callsPerDay: perDay(calls.byDate),
    callsPerDayFor: new Map([...calls.byPurpose].map(([purpose, byDate]) => [purpose, perDay(byDate)])),
    overPace: calls.overPace,
    busiestPerSecond: calls.busiestPerSecond,
    outcomes: world.lostFacts.staleness('outcomes'),
    engagement: world.lostFacts.staleness('engagement'),
    engagementBy: new Map(
      (['opened', 'clicked', 'complained', 'unsubscribed'] as const).map((kind) => [
        kind,
        world.lostFacts.staleness(kind),
      ]),
    ),
    recovery: world.lostFacts.recovery(),
    unsettled: await world.countUnsettled(),
    table: await world.finalTable(),
  }
}

/** Something that is due: a send where there is no entry, else its callback, which may be lost. */
interface Due {
  readonly atMs: number
  readonly delivery: PlayedMail
  readonly entry: PlayedEntry | undefined
  readonly isLost: boolean
}

/** Mail, its callbacks and a ledger, on a clock of their own: whoever sleeps on it lets things happen. */
class World {
  readonly clock: Clock
  readonly lostFacts: LostFacts
  readonly ports: Pick<Ledger, 'deliveries' | 'runs'> & { readonly clock: Clock }
  readonly provider: PlayedProvider
  readonly #scenario: Scenario
  readonly #onDay: (day: number) => void
  readonly #ledger: Ledger
  /** All that was sent and is not forgotten, in the order of sending. */
  #mails: readonly PlayedMail[] = []
  readonly #dueOnDay = new Map<number, Due[]>()
  #compared: FinalTable = { rows: 0, wrong: 0, otherThanWithoutLoss: 0 }
  #nowMs = startMs
  #day = -1
  #today: readonly Due[] = []
  #done = 0

  constructor(scenario: Scenario, onDay: (day: number) => void) {
    this.#scenario = scenario
    this.#onDay = onDay
    this.lostFacts = new LostFacts(outageOf(scenario))
    this.clock = { now: () => this.#nowMs, sleep: (ms) => this.advanceTo(this.#nowMs + ms) }
    this.#ledger = inMemoryLedger(this.clock)
    const { deliveries, runs } = this.#ledger
    this.ports = {
      clock: this.clock,
      runs,
      deliveries: {
        ...deliveries,
        record: async (event, signal) => {
          await deliveries.record(event, signal)
          this.lostFacts.learned(event, this.#nowMs)
        },
      },
    }
    this.provider = playedProvider(scenario, this.clock)
  }

  /** Lets everything happen that is due up to the instant. */
  async advanceTo(instantMs: number): Promise<void> {
    for (;;) {
      const due = this.#today[this.#done]
      if (due && due.atMs <= instantMs) {
        this.#done += 1
        this.#nowMs = Math.max(this.#nowMs, due.atMs)
        await this.#happen(due)
      } else if (!due && startMs + (this.#day + 1) * dayMs <= instantMs) {
        await this.#beginDay(this.#day + 1)
      } else break
    }
    this.#nowMs = Math.max(this.#nowMs, instantMs)
  }

  /** What the ledger knows of a message, by the recipient of whom it knows least. */
  async subjectOf(message: string): Promise<{ status: string; sentAtMs: number }> {
    const rows = await this.#ledger.deliveries.ofMessage(message)
    const least = rows.map(({ status }) => status).reduce<Status | undefined>(lower, undefined)
    return { status: least ?? 'nothing', sentAtMs: sentAtOf(message) ?? 0 }
  }

  async countUnsettled(): Promise<number> {
    const { deliveries } = this.#ledger
    let unsettled = 0
    for await (const batch of inBatches(deliveries.pending())) {
      const dated = await datedOf(deliveries, batch)
      unsettled += dated.filter(({ sentAtMs }) => sentAtMs + reachMs <= this.#nowMs).length
    }
    return unsettled
  }

  async #happen({ delivery, entry, isLost }: Due): Promise<void> {
    const { deliveries } = this.ports
    if (!entry) await deliveries.record(sendEvent(delivery))
    else if (!isLost) await deliveries.record(callbackEvent(delivery, entry))
    else {
      const key = { recipient: delivery.recipient.toLowerCase(), message: delivery.messageId }
      const [row] = await deliveries.rowsOf([key])
      this.lostFacts.lost(delivery, entry, row, this.#nowMs)
    }
  }

  /** Of all mail there was. Its last day is over, so nothing happens to it any more. */
  async finalTable(): Promise<FinalTable> {
    await this.#compareAndForget(requestDateOf(this.#nowMs + dayMs))
    return this.#compared
  }

  /** What is out of the provider's reach, and out of that of callbacks, is compared at once and needs no memory. */
  async #compareAndForget(beforeDate: string): Promise<void> {
    const beforeMs = requestDateStartMs(beforeDate)
    const mails = this.#mails.filter(({ sentAtMs }) => sentAtMs < beforeMs)
    this.#mails = this.#mails.filter(({ sentAtMs }) => sentAtMs >= beforeMs)
    const compared = await compareRows(mails, this.#ledger.deliveries, this.#nowMs)
    this.#compared = sumOf(this.#compared, compared)
    this.provider.forgetBefore(beforeDate)
  }

  async #beginDay(day: number): Promise<void> {
    if (day > 0) this.#onDay(day - 1)
    this.#nowMs = Math.max(this.#nowMs, startMs + day * dayMs)
    await this.#compareAndForget(requestDateOf(this.#nowMs - reachMs - 2 * dayMs))
    if (day < this.#scenario.days) this.#plan(day)
    this.#today = (this.#dueOnDay.get(day) ?? []).sort((one, other) => one.atMs - other.atMs)
    this.#dueOnDay.delete(day)
    this.#done = 0
    this.#day = day
  }

  #plan(day: number): void {
    const mails = this.provider.send(day)
    this.#mails = [...this.#mails, ...mails.map(({ delivery }) => delivery)]
    for (const { delivery, arrivalsMs } of mails) {
      if (this.#scenario.isRecorded) {
        this.#add({ atMs: delivery.sentAtMs, delivery, entry: undefined, isLost: false })
      }
      for (const [index, entry] of delivery.timeline.entries()) {
        const arrivesAtMs = arrivalsMs[index]
        const isLost = arrivesAtMs === undefined
        this.#add({ atMs: arrivesAtMs ?? entry.atMs, delivery, entry, isLost })
      }
    }
  }

  #add(due: Due): void {
    const day = Math.floor((due.atMs - startMs) / dayMs)
    const all = this.#dueOnDay.get(day)
    if (all) all.push(due)
    else this.#dueOnDay.set(day, [due])
  }
}

function lower(known: Status | undefined, other: Status): Status {
  return known !== undefined && statusRanks[known] <= statusRanks[other] ? known : other
}
