import { beforeEach, describe, expect, it } from '@jest/globals'
import { UnreadableRows } from '../../../lib/reconcile/unreadable-rows.ts'
import { replay, rowsToReplay } from '../../../lib/quarantine/replay.ts'
import { providers } from '../../../lib/providers/registry.ts'
import { keptRowReaders } from '../../../lib/wiring/kept-row-readers.ts'
import { deliveryReader } from '../../../lib/table/delivery-reader.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { wiredLedger, type WiredLedger } from '../../wired-ledger.ts'

const engine = embeddedTables()
const clock = virtualClock('2026-11-21T08:00:00Z')
const quiet = () => undefined
let tables: Awaited<ReturnType<typeof engine.freshTables>>
let ledger: WiredLedger

beforeEach(async () => {
  tables = await engine.freshTables()
  ledger = wiredLedger(engine.client, tables, clock, quiet)
})

const emailId = '1795161600000_144383_11771_2575.sc-10_9_13_218-inbound0$anna@example.com'

/** Keeps a row of SendCloud's list, of which this version can read all, and replays it. */
async function replayed(list: string, row: unknown) {
  const statusApi = { provider: 'sendcloud', name: list }
  const kept = new UnreadableRows({ statusApi, quarantine: ledger.keeper, clock, log: quiet })
  await kept.keep({ fields: 'status', row }, '2026-11-20')
  const rows = deliveryReader({ client: engine.client, table: tables.deliveries, clock, log: quiet })
  const on = { ...ledger, quarantine: ledger.store, providers, polled: { readers: keptRowReaders, rows } }
  const results = await replay(await rowsToReplay(ledger.store, {}), on, {
    isDryRun: false,
    onReplayed: quiet,
  })
  return results.map(({ summary, left }) => [summary, left])
}

describe("a row of SendCloud's poll", () => {
  it('is read again as one of the list of outcomes', async () => {
    const row = {
      emailId,
      status: '送达',
      requestTime: '2026-11-20 16:00:00',
      modifiedTime: '2026-11-20 16:00:12',
    }
    expect(await replayed('data/emailStatus', row)).toEqual([['delivered', 'resolved']])
    expect(await rowsOf(engine.client, tables.deliveries)).toMatchObject([
      { provider: 'sendcloud', status: 'delivered', delivered: ['2026-11-20T08:00:12Z[poll]'] },
    ])
  })

  it('is read again as one of the list of clicks', async () => {
    const row = {
      emailId,
      url: 'https://example.com/a',
      requestTime: '2026-11-20 16:00:00',
      currTime: '2026-11-20 17:00:00',
    }
    expect(await replayed('openandclick/list (clicked)', row)).toEqual([['clicked', 'resolved']])
    expect(await rowsOf(engine.client, tables.deliveries)).toMatchObject([
      { clicked: ['2026-11-20T09:00:00Z[poll] https://example.com/a'] },
    ])
  })
})
