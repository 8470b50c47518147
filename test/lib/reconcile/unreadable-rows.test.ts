import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { backfill, type BackfillReport } from '../../../lib/reconcile/backfill/backfill.ts'
import { UnwritableError } from '../../../lib/ledger/ports.ts'
import type { QuarantinedInput } from '../../../lib/quarantine/ports.ts'
import type { ReadRow, StatusApi } from '../../../lib/reconcile/ports.ts'
import { providers } from '../../../lib/providers/registry.ts'
import { RowRepairs } from '../../../lib/reconcile/repair-rows.ts'
import { UnreadableRows } from '../../../lib/reconcile/unreadable-rows.ts'
import { recordingSuppressions } from '../../../lib/suppressions/record-with-suppressions.ts'
import { replay, rowsToReplay } from '../../../lib/quarantine/replay.ts'
import { getSendEmailStatus } from '../../../lib/status-apis/ses/get-send-email-status.ts'
import { getStatisticsReport } from '../../../lib/status-apis/ses/get-statistics-report.ts'
import { readStatusRow } from '../../../lib/status-apis/ses/status-row.ts'
import { deliveryReader } from '../../../lib/table/delivery-reader.ts'
import { leaseByHand, runStore } from '../../../lib/table/lease-and-checkpoint.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { close, listen } from '../../../local/listening-server.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { eventWith } from '../../events.ts'
import { wiredLedger } from '../../wired-ledger.ts'
import { reportOf, mailAt, worldAt, type Ports, type TableWorld as World } from './world.ts'

// What cannot be read in a row of the poll is counted, kept, and read again by a version that understands it.

const engine = embeddedTables()
const worlds: World[] = []
const servers: Server[] = []
// 16:00 in UTC+8.
const now = '2026-11-21T08:00:00Z'

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()))
  await Promise.all(servers.splice(0).map(close))
})

async function worldOf(): Promise<World> {
  const world = await worldAt(now, engine, [])
  worlds.push(world)
  return world
}

/** What a provider reports these rows: those of a date in its list, and nothing under any other date. */
async function apiReporting(requestDate: string, ...rows: readonly unknown[]): Promise<StatusApi> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
      const list = asked.RequestDate === requestDate ? rows.slice(Number(asked.Offset)) : []
      response.setHeader('content-type', 'application/json')
      response.setHeader('date', new Date(now).toUTCString())
      response.end(JSON.stringify({ Response: { EmailStatusList: list, RequestId: 'r' } }))
    })
  })
  servers.push(server)
  const port = await listen(server, 0, 'a provider with odd rows')
  return getSendEmailStatus({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'ap-guangzhou',
    secretId: 'AKIDsimulated',
    secretKey: 'simulated-secret-key',
    token: undefined,
  })
}

const message = (name: string) => `qcloudses-30-251200670-date-20261120120000-${name}`

/** A mail of 12:00 in UTC+8 of the 20th, delivered ten seconds later, but for what a test says about it. */
const row = (name: string, parts: Readonly<Record<string, unknown>> = {}) => ({
  MessageId: message(name),
  ToEmailAddress: `${name}@example.com`,
  SendStatus: 0,
  DeliverStatus: 1,
  RequestTime: 1795147200,
  DeliverTime: 1795147210,
  ...parts,
})

const quarantine = (world: World) => rowsOf(engine.client, world.tables.quarantine)
const statuses = async (world: World) =>
  (await world.rows()).map(({ recipient, status }) => [recipient, status]).sort()

describe('a run', () => {
  const run = async (world: World, statusApi: StatusApi) =>
    world.run({ wrap: (ports) => ({ ...ports, statusApi }) })

  it('counts rows of which something cannot be read, keeps them, and takes what can be', async () => {
    const world = await worldOf()
    const api = await apiReporting(
      '2026-11-20',
      row('anna'),
      row('angry', { DeliverStatus: 4, UserComplained: true }),
      row('nobody', { ToEmailAddress: 'somebody' }),
    )
    expect((await run(world, api)).figures).toMatchObject({ discovered: 2, unreadableRows: 2 })
    expect(await statuses(world)).toEqual([
      ['angry@example.com', 'delivered'],
      ['anna@example.com', 'delivered'],
    ])
    expect(await rowsOf(engine.client, world.tables.suppressions)).toMatchObject([
      { recipient: 'angry@example.com', reason: 'complaint' },
    ])
    expect((await quarantine(world)).map(({ seen }) => seen)).toEqual([[now], [now]])
    const kept = (await quarantine(world)).toSorted((a, b) => (String(a.body) < String(b.body) ? -1 : 1))
    expect(kept).toMatchObject([
      {
        provider: 'tencent-ses-poll',
        reason: 'invalid',
        problems: ['/row/DeliverStatus: expected what the provider documents'],
        contentType: 'application/json',
        body: `{"requestDate":"2026-11-20","list":"GetSendEmailStatus","row":{"MessageId":"${message('angry')}","ToEmailAddress":"angry@example.com","SendStatus":0,"DeliverStatus":4,"RequestTime":1795147200,"DeliverTime":1795147210,"UserComplained":true}}`,
        open: '2026-11-21T08:00:00Z',
      },
      { problems: ['/row/ToEmailAddress: expected what the provider documents'] },
    ])
    expect(world.logged.join()).not.toContain('@example.com')
  })

  it('has no such figure where all rows can be read', async () => {
    const world = await worldOf()
    const { figures } = await run(world, await apiReporting('2026-11-20', row('anna')))
    expect(figures).not.toHaveProperty('unreadableRows')
  })

  it('leaves alone what was sent a moment ago, and reads it again', async () => {
    const world = await worldOf()
    const api = await apiReporting('2026-11-20', row('anna', { DeliverStatus: 4, RequestTime: 1795247990 }))
    expect((await run(world, api)).figures).not.toHaveProperty('unreadableRows')
    expect(await quarantine(world)).toEqual([])
  })

  it('asks on where a look-up is answered with no record', async () => {
    const world = await worldOf()
    // 23:59:59 in UTC+8 of the 20th, so it may be listed under the 21st.
    const late = 'qcloudses-30-251200670-date-20261120235959-late'
    await world.reported(
      eventWith({
        kind: 'requested',
        recipient: 'late@example.com',
        message: late,
        occurredAtMs: Date.parse('2026-11-20T15:59:59Z'),
      }),
    )
    const lists = await apiReporting('2026-11-21', row('late', { MessageId: late, RequestTime: 1795190399 }))
    const none = await apiReporting('2026-11-20', row('none', { SendStatus: 2001 }))
    const statusApi: StatusApi = {
      ...lists,
      page: (query) =>
        query.messageId === undefined
          ? Promise.resolve({ deliveries: [], unreadable: [], rows: 0, isLast: true })
          : (query.requestDate === '2026-11-20' ? none : lists).page(query),
    }
    expect((await run(world, statusApi)).figures).toMatchObject({ settled: 1 })
    expect(await statuses(world)).toEqual([['late@example.com', 'delivered']])
  })
})

describe('an event that the table refuses for good', () => {
  it('keeps none of the others from the row, and no complaint from the list', async () => {
    const world = await worldOf()
    const api = await apiReporting(
      '2026-11-20',
      row('angry', { UserComplained: true, UserUnsubscribed: true }),
    )
    const suppressions = suppressionWriter({ client: engine.client, table: world.tables.suppressions })
    const { figures } = await world.run({
      wrap: (ports) => ({
        ...ports,
        statusApi: api,
        deliveries: {
          ...ports.deliveries,
          ...recordingSuppressions(
            {
              record: (event) =>
                event.kind === 'delivered'
                  ? Promise.reject(new UnwritableError('full'))
                  : ports.deliveries.record(event),
            },
            suppressions,
          ),
        },
      }),
    })
    expect(figures).toMatchObject({ discovered: 0 })
    expect(await rowsOf(engine.client, world.tables.suppressions)).toMatchObject([
      {
        recipient: 'angry@example.com',
        evidence: [expect.stringContaining('complaint'), expect.stringContaining('unsubscribe')],
      },
    ])
    expect(await world.rows()).toMatchObject([
      { complained: ['time-unknown[poll]'], unsubscribed: ['time-unknown[poll]'] },
    ])
  })
})

describe('a backfill', () => {
  async function backfilled(world: World, statusApi: StatusApi, isDryRun = false): Promise<BackfillReport> {
    const ports = world.ports() as Ports
    return backfill(
      {
        ...ports,
        statusApi,
        volumes: getStatisticsReport({
          endpoint: world.ses.url,
          region: 'ap-guangzhou',
          secretId: 'AKIDsimulated',
          secretKey: 'simulated-secret-key',
          token: undefined,
        }),
        runs: {
          ...runStore(engine.client, world.tables.reconciliation, 'get-send-email-status', world.clock),
          ...leaseByHand(engine.client, world.tables.reconciliation, 'get-send-email-status'),
        },
        owner: 'by hand',
      },
      {
        from: '2026-11-20',
        to: '2026-11-20',
        isDryRun,
        requestsPerSecond: 1,
        signal: new AbortController().signal,
        onEstimate: () => undefined,
        onProgress: () => undefined,
      },
    )
  }

  it.each([
    [
      'one row',
      [row('anna', { UserOpened: 'maybe' })],
      '1 row could not be read whole: see `ledger quarantine list`.',
    ],
    [
      'two rows',
      [row('anna', { MessageId: null }), row('bert', { DeliverStatus: 4 })],
      '2 rows could not be read whole: see `ledger quarantine list`.',
    ],
  ])('does not call a date complete of which it could not read %s', async (_what, rows, problem) => {
    const world = await worldOf()
    const report = await backfilled(world, await apiReporting('2026-11-20', ...rows))
    expect(report.dates).toMatchObject([{ requestDate: '2026-11-20', unreadable: rows.length, problem }])
    expect(await quarantine(world)).toHaveLength(rows.length)
  })

  it('writes nothing in a dry run, and reports it all the same', async () => {
    const world = await worldOf()
    const api = await apiReporting('2026-11-20', row('anna', { DeliverStatus: 4 }))
    const report = await backfilled(world, api, true)
    expect(report.dates).toMatchObject([{ unreadable: 1, problem: '1 row could not be read whole.' }])
    expect(await quarantine(world)).toEqual([])
  })
})

describe('a replay', () => {
  /** A run that kept this row, and a replay by a version that reads it so. */
  async function replayed(
    world: World,
    reported: unknown,
    readRow: (row: unknown) => ReadRow,
    isDryRun = false,
  ) {
    const statusApi = await apiReporting('2026-11-20', reported)
    await world.run({ wrap: (ports) => ({ ...ports, statusApi }) })
    const { client } = engine
    const { clock, tables } = world
    const log = () => undefined
    const ledger = wiredLedger(client, tables, clock, log)
    const polled = {
      readers: new Map([['tencent-ses', readRow]]),
      rows: deliveryReader({ client, table: tables.deliveries, clock, log }),
    }
    const on = { ...ledger, quarantine: ledger.store, providers, polled }
    return replay(await rowsToReplay(ledger.store, {}), on, { isDryRun, onReplayed: () => undefined })
  }

  const today = (reported: unknown) => readStatusRow('tencent-ses', reported)
  /** A version that knows what 4 means. */
  const tomorrow = (reported: unknown) =>
    readStatusRow('tencent-ses', { ...(reported as object), DeliverStatus: 3 })
  const refused = (parts: Readonly<Record<string, unknown>> = {}) =>
    row('anna', { DeliverStatus: 4, DeliverMessage: '550 5.1.1 no such user', ...parts })

  it('reads a row again, and brings its delivery up to it', async () => {
    const world = await worldOf()
    expect(await replayed(world, refused(), tomorrow)).toMatchObject([
      { summary: 'bounced', left: 'resolved' },
    ])
    expect(await world.rows()).toMatchObject([
      { status: 'bounced', bounced: ['2026-11-20T04:00:10Z[poll] undetermined 550 5.1.1 no such user'] },
    ])
    expect(await quarantine(world)).toMatchObject([{ resolvedBy: 'replay' }])
  })

  it('adds nothing that a callback has reported better', async () => {
    const world = await worldOf()
    const mail = mailAt('2026-11-20T04:00:00Z', 'anna', { messageId: message('anna') })
    await world.reported(
      reportOf(mail, {
        kind: 'bounced',
        bounceClass: 'soft',
        reply: '550 5.1.1 no such user',
        occurredAtMs: Date.parse('2026-11-20T04:00:10Z'),
      }),
    )
    expect(await replayed(world, refused(), tomorrow)).toMatchObject([{ left: 'resolved' }])
    expect(await world.rows()).toMatchObject([
      { status: 'soft-bounced', bounced: ['2026-11-20T04:00:10Z soft 550 5.1.1 no such user'] },
    ])
  })

  it('leaves what still cannot be read', async () => {
    const world = await worldOf()
    expect(await replayed(world, refused(), today)).toMatchObject([
      {
        left: {
          reason: 'invalid',
          problems: ['/row/DeliverStatus: expected what the provider documents'],
        },
      },
    ])
    expect(await quarantine(world)).toMatchObject([{ reason: 'invalid', open: '2026-11-21T08:00:00Z' }])
  })

  it('dates a mail without a time by the date under which it was listed', async () => {
    const world = await worldOf()
    const undated = refused({ MessageId: 'qcloud-ses-1', RequestTime: 0, DeliverTime: 0 })
    await replayed(world, undated, tomorrow)
    expect(await world.rows()).toMatchObject([
      { status: 'bounced', requested: ['2026-11-19T16:00:00Z[poll]', 'time-unknown[poll]'] },
    ])
  })

  it('only reads in a dry run', async () => {
    const world = await worldOf()
    const reported = refused({ ToEmailAddress: 'anna' })
    const readable = (kept: unknown) =>
      readStatusRow('tencent-ses', {
        ...(kept as object),
        ToEmailAddress: 'anna@example.com',
        DeliverStatus: 1,
      })
    expect(await replayed(world, reported, readable, true)).toMatchObject([
      { summary: 'delivered', left: 'resolved' },
    ])
    expect(await world.rows()).toEqual([])
    expect(await quarantine(world)).toMatchObject([{ open: '2026-11-21T08:00:00Z' }])
  })
})

describe('of rows that all look otherwise', () => {
  it('a run keeps a thousand, and counts all', async () => {
    const kept: QuarantinedInput[] = []
    const logged: string[] = []
    const unreadable = new UnreadableRows({
      statusApi: { provider: 'tencent-ses', name: 'GetSendEmailStatus' },
      quarantine: {
        keep(input) {
          kept.push(input)
          return Promise.resolve()
        },
      },
      clock: virtualClock(now),
      log: (event) => logged.push(event),
    })
    const repairs = new RowRepairs({
      deliveries: { record: () => Promise.resolve(), rowsOf: () => Promise.resolve([]) },
      log: () => undefined,
      unreadable,
    })
    for (let page = 0; page < 11; page += 1) {
      const rows = Array.from({ length: 100 }, (_, n) => ({ fields: 'MessageId', row: { page, n } }))
      await repairs.apply({ deliveries: [], unreadable: rows, rows: 100, isLast: false }, '2026-11-20', 0)
    }
    expect([kept.length, repairs.unreadable, logged]).toEqual([1_000, 1_100, ['rows not kept']])
  })
})
