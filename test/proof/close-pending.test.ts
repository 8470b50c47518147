import { describe, expect, it } from '@jest/globals'
import { minuteMs } from '../../lib/core/instant.ts'
import { reconcile } from '../../lib/reconcile/reconcile.ts'
import { publishRunMetrics } from '../../lib/reconcile/run-metrics.ts'
import { inMemoryLedger } from '../../local/in-memory-ledger.ts'
import { mailboxWith } from '../../local/simulated-ses/mailbox.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { eventWith } from '../events.ts'
import { dependenciesOf, statusApiOver } from '../lib/reconcile/in-memory-run.ts'

// A run keeps 20,000 deliveries in memory that it is to close.

describe('more deliveries to close than a run keeps in memory', () => {
  it.each([
    ['tencent-ses', 'qcloudses-30-251200670-date-20261020160000-n'],
    // Looked through once a day, as long as all of them are closed.
    ['sendcloud', '1795161600125_251200_18546_8821.sc-10_9_13_218-n'],
  ])(
    'of %s are closed by the runs that follow, and the figures say what is left',
    async (provider, message) => {
      const clock = virtualClock('2026-11-21T08:00:00Z')
      const ledger = inMemoryLedger(clock)
      for (let n = 0; n < 25_000; n += 1) {
        await ledger.deliveries.record(
          eventWith({
            provider,
            recipient: `reader${n}@example.com`,
            message: `${message}${n}`,
            kind: 'requested',
            occurredAtMs: Date.parse('2026-10-20T08:00:00Z'),
          }),
        )
      }
      const statusApi = statusApiOver(mailboxWith({}), clock)
      const closed: unknown[] = []
      const metrics: unknown[] = []
      for (let run = 0; run < 3; run += 1) {
        const report = await reconcile(dependenciesOf({ statusApi, ledger, clock }, `run ${run}`), {
          deadlineMs: clock.now() + 14 * minuteMs,
          maxCalls: 1_000,
          requestsPerSecond: 1,
        })
        const { unknown, unfinished, stoppedBy } = report.figures
        closed.push([unknown, unfinished, stoppedBy])
        publishRunMetrics('tencent-ses', report, {
          deployment: 'test',
          clock,
          log: (_what, fields) => metrics.push(fields?.unfinished),
        })
        // As long as it takes until today's list is asked for again: without an answer nothing is closed.
        clock.advance(30 * minuteMs)
      }
      expect(closed).toEqual([
        [20_000, 5_000, 'time'],
        [5_000, undefined, 'done'],
        [0, undefined, 'done'],
      ])
      expect(metrics).toEqual([1, 0, 0])
    },
  )
})
