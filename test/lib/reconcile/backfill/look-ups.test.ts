import { expect, it } from '@jest/globals'
import { backfill } from '../../../../lib/reconcile/backfill/backfill.ts'
import type { StatusApi, StatusQuery } from '../../../../lib/reconcile/ports.ts'
import { inMemoryLedger } from '../../../../local/in-memory-ledger.ts'
import { virtualClock } from '../../../../local/virtual-clock.ts'
import { eventWith } from '../../../events.ts'

const sentAtMs = Date.parse('2026-11-20T04:00:00Z')

/** What a backfill of a date asks a provider whose list is empty, where 250 deliveries are pending of that date. */
async function askedBy(lookUpsBy: StatusApi['lookUpsBy']): Promise<readonly StatusQuery[]> {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const ledger = inMemoryLedger(clock)
  for (let n = 0; n < 250; n += 1) {
    const message = `1795147200000_144383_11771_${n}.sc-10_9_13_218-inbound`
    const recipient = `r${n}@example.com`
    const emailId = `${message}0$${recipient}`
    await ledger.deliveries.record(
      eventWith({
        provider: 'sendcloud',
        kind: 'requested',
        message,
        recipient,
        emailId,
        occurredAtMs: sentAtMs,
      }),
    )
  }
  const asked: StatusQuery[] = []
  const statusApi: StatusApi = {
    provider: 'sendcloud',
    name: 'data/emailStatus',
    lookUpsBy,
    staleMs: 0,
    page(query) {
      asked.push(query)
      return Promise.resolve({ deliveries: [], unreadable: [], rows: 0, isLast: true })
    },
  }
  await backfill(
    {
      ...ledger,
      quarantine: { keep: () => Promise.resolve() },
      statusApi,
      clock,
      log: () => undefined,
      owner: 'by hand',
    },
    {
      from: '2026-11-20',
      to: '2026-11-20',
      isDryRun: false,
      requestsPerSecond: 1,
      signal: new AbortController().signal,
      onEstimate: () => undefined,
      onProgress: () => undefined,
    },
  )
  return asked
}

it('looks up a hundred deliveries at once where the provider is asked by emailId', async () => {
  const asked = await askedBy('emailId')
  expect(asked.map(({ emailIds }) => emailIds?.length)).toEqual([undefined, 100, 100, 50])
})

it('looks up nothing where the list has no look-ups', async () => {
  expect(await askedBy('nothing')).toEqual([{ requestDate: '2026-11-20', offset: 0 }])
})
