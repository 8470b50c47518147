import { expect, it } from '@jest/globals'
import type { StatusApi } from '../../../lib/reconcile/ports.ts'
import { runPolls } from '../../../lib/reconcile/run-polls.ts'
import { inMemoryLedger } from '../../../local/in-memory-ledger.ts'
import { inMemoryRuns } from '../../../local/in-memory-ledger/runs.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { dependenciesOf } from './in-memory-run.ts'

it('the lists of one provider keep one pace, from one run to the next', async () => {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const askedMs: number[] = []
  const statusApi: StatusApi = {
    provider: 'sendcloud',
    name: 'a list',
    lookUpsBy: 'nothing',
    staleMs: 0,
    page: () => {
      askedMs.push(clock.now())
      return Promise.resolve({ deliveries: [], unreadable: [], rows: 0, isLast: true })
    },
  }
  const ledger = inMemoryLedger(clock)
  const lists = [inMemoryRuns(), inMemoryRuns()].map((runs) => ({
    provider: 'sendcloud',
    dependencies: { ...dependenciesOf({ statusApi, ledger, clock }, 'a run'), runs, isByHand: true },
    requestsPerSecond: 1,
  }))
  for (let run = 0; run < 2; run += 1) await runPolls(lists, { clock, deadlineMs: clock.now() + 840_000 })
  const gaps = askedMs.slice(1).map((atMs, index) => atMs - askedMs[index]!)
  expect(askedMs.length).toBeGreaterThan(4)
  expect(Math.min(...gaps)).toBe(1_000)
})
