import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { hourMs, minuteMs } from '../../../lib/core/instant.ts'
import { StatusApiError, type StatusApi } from '../../../lib/reconcile/ports.ts'
import { reconcile, type RunReport } from '../../../lib/reconcile/reconcile.ts'
import { inMemoryLedger, type Ledger } from '../../../local/in-memory-ledger.ts'
import { messageIdFor } from '../../../local/simulated-ses/mail.ts'
import { mailboxWith } from '../../../local/simulated-ses/mailbox.ts'
import { seededRandom } from '../../../local/simulated-ses/random.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'
import { eventWith } from '../../events.ts'
import { dependenciesOf, recordingWriter, statusApiOver, type InMemoryPorts } from './in-memory-run.ts'
import { linesOf, type LedgerLines } from './ledger-lines.ts'
import { MortalPorts } from './mortal-ports.ts'
import { anyWorldOf, shownInTime, worldOf, type SmallWorld } from './small-world.ts'
import { times } from '../../strength.ts'

// A run may be killed anywhere, and so may the one after it: what they left undone is done by the next, and the tables are as
// if nobody had been killed. So no checkpoint moves past what is applied.

/** From one run to the next, so that a dead one's lease is over. Nothing happens to any mail in that time. */
const betweenRunsMs = hourMs

/** So that a few mails make many pages. */
const rowsInPage = 3

interface OpenWorld {
  readonly clock: VirtualClock
  readonly ledger: Ledger
  readonly ports: InMemoryPorts
}

/** How runs are set. */
interface Manner {
  readonly requestsPerSecond: number
  readonly areSendsRecorded: boolean
}

const anyManner: fc.Arbitrary<Manner> = fc.record({
  // At the slower pace the lease is about to end between two questions, and the checkpoint is saved there.
  requestsPerSecond: fc.constantFrom(1, 0.05),
  areSendsRecorded: fc.boolean(),
})

/** A world as it was before the run, as often as it is asked for. */
class Opener {
  readonly #world: SmallWorld
  readonly #manner: Manner
  #checkpoint: string | undefined

  constructor(world: SmallWorld, manner: Manner) {
    this.#world = world
    this.#manner = manner
  }

  async open(): Promise<OpenWorld> {
    const { nowMs, reported } = this.#world
    const clock = virtualClock(nowMs)
    const ledger = inMemoryLedger(clock)
    const writer = recordingWriter(ledger)
    for (const event of reported) await writer.record(event)
    this.#checkpoint ??= await this.#earlierCheckpoint()
    if (this.#checkpoint !== undefined) {
      await ledger.runs.acquire('earlier', 0, 1)
      await ledger.runs.save('earlier', this.#checkpoint, 1)
    }
    return { clock, ledger, ports: { clock, ledger, statusApi: this.#statusApi(clock) } }
  }

  /** When the first run begins (0), the next one (1), and so on. */
  runsAtMs(index: number): number {
    return this.#world.nowMs + index * betweenRunsMs
  }

  /** Everybody to whom a delivery may be known. */
  get recipients(): readonly string[] {
    return this.#world.recipients
  }

  run(ports: InMemoryPorts, owner: string): Promise<RunReport> {
    const { requestsPerSecond, areSendsRecorded } = this.#manner
    return reconcile(dependenciesOf(ports, owner, areSendsRecorded), {
      deadlineMs: ports.clock.now() + 30 * minuteMs,
      maxCalls: 1_000,
      requestsPerSecond,
    })
  }

  /** Some questions have no answer at first. */
  #statusApi(clock: VirtualClock): StatusApi {
    const { mailbox, nowMs, unanswered } = this.#world
    const api = statusApiOver(mailbox, clock, rowsInPage)
    return {
      ...api,
      page(query) {
        const isAnswered =
          clock.now() >= nowMs + betweenRunsMs || !unanswered.has(query.messageId ?? query.requestDate)
        if (isAnswered) return api.page(query)
        return Promise.reject(new StatusApiError('transient', 'InternalError', 'left unanswered'))
      },
    }
  }

  /** What a run left that was done while there was no mail yet. */
  async #earlierCheckpoint(): Promise<string | undefined> {
    const { lastRunMs } = this.#world
    if (lastRunMs === undefined) return undefined
    const clock = virtualClock(lastRunMs)
    const ledger = inMemoryLedger(clock)
    await this.run({ clock, ledger, statusApi: statusApiOver(mailboxWith({}), clock) }, 'earlier')
    return (await ledger.runs.acquire('earlier', 0, 1))?.checkpoint
  }
}

/** Runs until the moment at which the run is killed, or to its end. */
async function runUntil(
  moment: number,
  opener: Opener,
  ports: InMemoryPorts,
  owner: string,
): Promise<MortalPorts> {
  const mortal = new MortalPorts(ports, moment)
  await Promise.race([opener.run(mortal.ports, owner), mortal.death])
  return mortal
}

/** Runs that are killed at these moments, one after the other. */
async function kill(
  opener: Opener,
  moments: readonly number[],
): Promise<{ readonly world: OpenWorld; readonly killed: readonly MortalPorts[] }> {
  const world = await opener.open()
  const killed: MortalPorts[] = []
  for (const [index, moment] of moments.entries()) {
    killed.push(await runUntil(moment, opener, world.ports, `run ${index}`))
    world.clock.advanceTo(opener.runsAtMs(index + 1))
  }
  return { world, killed }
}

/** What the next run leaves, and the one after it. */
interface Left {
  readonly next: LedgerLines
  readonly last: LedgerLines
}

async function goOn(opener: Opener, { clock, ledger, ports }: OpenWorld): Promise<Left> {
  const lines: LedgerLines[] = []
  const beginMs = clock.now()
  for (const [index, run] of ['next', 'last'].entries()) {
    clock.advanceTo(beginMs + index * betweenRunsMs)
    // A run that has nothing to ask gets no answer, and without one it closes nothing.
    await ledger.deliveries.record(silentSince(clock.now() - 20 * minuteMs))
    const { figures } = await opener.run(ports, run)
    if (figures.stoppedBy !== 'done') throw new Error(`The ${run} run was stopped by ${figures.stoppedBy}.`)
    lines.push(await linesOf(ledger, opener.recipients))
  }
  return { next: lines[0]!, last: lines[1]! }
}

/** That a mail was sent, which neither callbacks nor the provider report. */
function silentSince(sentAtMs: number): DeliveryEvent {
  const message = messageIdFor('251200670', sentAtMs, seededRandom(1))
  return eventWith({ kind: 'requested', recipient: 'silent@example.com', message, occurredAtMs: sentAtMs })
}

/**
 * The rows are the same after the next run. What that run learns may leave the pending index with the one after it.
 * Compared by hand, since there are thousands: an expectation costs more than a run.
 */
function expectTheSame(left: Left, expected: Left, killed: readonly MortalPorts[]): void {
  const isSame = left.next.rows === expected.next.rows && isDeepStrictEqual(left.last, expected.last)
  if (isSame) return
  const killedAt = killed.map((mortal) => `moment ${mortal.moments}: ${mortal.killedAt}`)
  const next = { ...left.next, rows: expected.next.rows }
  expect({ killedAt, ...left }).toEqual({ killedAt, next, last: expected.last })
}

const neverReached = Infinity

describe('a run that is killed', () => {
  it('at any moment leaves the next one to end in the same tables', async () => {
    const killedAt = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        anyWorldOf({ least: 4, most: 8 }),
        anyManner,
        shownInTime(async (plan, manner) => {
          const opener = new Opener(worldOf(plan), manner)
          const unkilled = await kill(opener, [neverReached])
          const expected = await goOn(opener, unkilled.world)
          // What comes after a kill depends on nothing but what had taken effect.
          const gone = new Set<number>()
          for (let moment = 1; moment <= unkilled.killed[0]!.moments; moment += 1) {
            const { world, killed } = await kill(opener, [moment])
            killedAt.add(killed[0]!.killedAt)
            if (gone.has(killed[0]!.effects)) continue
            gone.add(killed[0]!.effects)
            expectTheSame(await goOn(opener, world), expected, killed)
          }
        }),
      ),
      { numRuns: times({ quick: 15, proof: 200 }) },
    )
    const writes = ['acquire', 'save', 'release', 'record', 'leavePending', 'suppress']
    const writing = writes.flatMap((write) => [`before ${write}`, `after ${write}`])
    expect([...killedAt].sort()).toEqual([...writing, 'page', 'pending', 'rowsOf', 'sleep'].sort())
  })

  it('and followed by one that is killed as well leaves the third to end in the same tables', async () => {
    let killedTwice = 0
    await fc.assert(
      fc.asyncProperty(
        anyWorldOf({ least: 4, most: 8 }),
        anyManner,
        fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 5, maxLength: 5 }),
        shownInTime(async (plan, manner, draws) => {
          const opener = new Opener(worldOf(plan), manner)
          const unkilled = await kill(opener, [neverReached, neverReached])
          const expected = await goOn(opener, unkilled.world)
          for (const draw of draws) {
            const moments = draw.map((drawn, index) => 1 + (drawn % unkilled.killed[index]!.moments))
            const { world, killed } = await kill(opener, moments)
            expectTheSame(await goOn(opener, world), expected, killed)
            if (killed.every((mortal) => mortal.killedAt !== '')) killedTwice += 1
          }
        }),
      ),
      { numRuns: times({ quick: 15, proof: 100 }) },
    )
    expect(killedTwice).toBeGreaterThan(times({ quick: 20, proof: 250 }))
  })
})
