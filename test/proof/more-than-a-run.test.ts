import { describe, expect, it } from '@jest/globals'
import { minuteMs, secondMs } from '../../lib/core/instant.ts'
import type { StatusApi } from '../../lib/reconcile/ports.ts'
import { reconcile } from '../../lib/reconcile/reconcile.ts'
import { sendEvent } from '../../bench/reconcile/callback-event.ts'
import { inMemoryLedger } from '../../local/in-memory-ledger.ts'
import { mailboxWith } from '../../local/simulated-ses/mailbox.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { eventWith } from '../events.ts'
import { dependenciesOf, statusApiOver } from '../lib/reconcile/in-memory-run.ts'
import { mailAt, messageIdAt } from '../lib/reconcile/world.ts'

// More is due than one run can ask about. Whatever it is, the next run has to go on where the one before ended.

const sentAt = '2026-11-21T02:00:00Z'
const at = (instant: string) => Date.parse(instant)
/** As serverless.yml has it. */
const everyMs = 5 * minuteMs
const runTimeMs = 14 * minuteMs

interface Asked {
  /** How often each message was asked about. */
  readonly looks: ReadonlyMap<string, number>
  readonly calls: number
}

/** Runs as they are scheduled, until the instant. @param reported - how each mail was reported */
async function play(messages: readonly string[], untilMs: number, areSendsRecorded = true): Promise<Asked> {
  const clock = virtualClock(sentAt)
  const ledger = inMemoryLedger(clock)
  for (const [n, message] of messages.entries()) {
    const recipient = `reader${n}@example.com`
    await ledger.deliveries.record(
      eventWith({ message, recipient, kind: 'requested', occurredAtMs: at(sentAt) }),
    )
  }
  const looks = new Map<string, number>()
  let calls = 0
  const provider = statusApiOver(mailboxWith({}), clock)
  const statusApi: StatusApi = {
    ...provider,
    page(query) {
      calls += 1
      if (query.messageId !== undefined) looks.set(query.messageId, (looks.get(query.messageId) ?? 0) + 1)
      return provider.page(query)
    },
  }
  for (let atMs = at(sentAt); atMs < untilMs; atMs += everyMs) {
    // One that would overlap ends at once.
    if (clock.now() > atMs) continue
    clock.advanceTo(atMs)
    await reconcile(dependenciesOf({ statusApi, ledger, clock }, `run at ${atMs}`, areSendsRecorded), {
      deadlineMs: clock.now() + runTimeMs,
      maxCalls: 1_000,
      requestsPerSecond: 1,
    })
  }
  return { looks, calls }
}

const messages = (count: number) => Array.from({ length: count }, (_, n) => messageIdAt(sentAt, `n${n}`))

/** How many messages were asked about how often. */
const counted = ({ looks }: Asked) =>
  Object.fromEntries(
    [...Map.groupBy(looks.values(), (times) => times)].map(([times, of]) => [times, of.length]),
  )

// The provider lists none of them: sends that were recorded for another region, or made up by somebody who has the URL. What a
// run remembers has to distinguish them.
describe('more mails of one second than a run can ask about', () => {
  it('are each asked about at each of their looks, and no more often', async () => {
    const asked = await play(messages(840), at(sentAt) + 24 * 60 * minuteMs)
    // After 10 minutes, 1 hour, 4 hours and 12 hours.
    expect(counted(asked)).toEqual({ 4: 840 })
    // 3,360 look-ups; beside them the list is asked for a few times, in case it is shorter.
    expect(asked.calls).toBeLessThan(3_400)
  })

  it('keep nothing waiting that is due later', async () => {
    const later = messageIdAt('2026-11-21T02:00:01Z', 'later')
    const { looks } = await play([...messages(1_700), later], at(sentAt) + 59 * minuteMs)
    expect(looks.get(later)).toBe(1)
  })
})

describe('a list for which look-ups wait', () => {
  it('is read though others take all of the time of each run', async () => {
    const clock = virtualClock('2026-11-21T12:00:00Z')
    const ledger = inMemoryLedger(clock)
    const mailbox = mailboxWith({})
    // Of 300 mails of yesterday 30 are silent: the list has fewer pages than that.
    for (let n = 0; n < 300; n += 1) {
      const sentAtMs = at('2026-11-20T04:00:00Z') + n * secondMs
      const timeline = [{ kind: 'delivered', atMs: sentAtMs + 5 * secondMs } as const]
      const mail = mailAt(new Date(sentAtMs).toISOString(), `yesterday${n}`, { timeline })
      mailbox.add(mail)
      if (n < 30) await ledger.deliveries.record(sendEvent(mail))
    }
    // And 1,900 of today, which the provider does not report: two runs and a part of a third.
    for (let n = 0; n < 1_900; n += 1) {
      const sentAtMs = at('2026-11-21T09:00:00Z') + n * secondMs
      await ledger.deliveries.record(sendEvent(mailAt(new Date(sentAtMs).toISOString(), `today${n}`)))
    }
    const ends: string[] = []
    let settled = 0
    for (let run = 0; run < 4; run += 1) {
      const ports = { statusApi: statusApiOver(mailbox, clock), ledger, clock }
      const { figures } = await reconcile(dependenciesOf(ports, `run ${run}`, true), {
        deadlineMs: clock.now() + runTimeMs,
        maxCalls: 1_000,
        requestsPerSecond: 1,
      })
      ends.push(figures.stoppedBy)
      settled += figures.settled
    }
    expect(settled).toBe(30)
    expect(ends).toEqual(['time', 'time', 'time', 'done'])
  })
})
