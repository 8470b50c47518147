import { afterEach, describe, expect, it } from '@jest/globals'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { createHandler, type ScheduleHandler } from '../../functions/reconcile.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { quarantineWriter } from '../../lib/table/quarantine-writer.ts'
import { runStore } from '../../lib/table/lease-and-checkpoint.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import type { SimulatedDelivery } from '../../local/simulated-ses/mail.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import { virtualClock, type VirtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { mailAt, reportOf } from '../lib/reconcile/world.ts'

const credentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }
const now = '2026-11-21T08:00:00Z'
const unreadable = {
  provider: 'tencent-ses',
  contentType: 'application/json',
  reason: 'unreadable',
  problems: ['body: expected JSON, got a string'],
  receivedAtMs: Date.parse(now),
} as const

const engine = embeddedTables()
let ses: SimulatedSes | undefined

afterEach(() => ses?.close())

/** The function as it is deployed, but for its clock, and what it logged. */
async function deployed(
  mails: readonly SimulatedDelivery[],
  settings: Readonly<Record<string, string>> = {},
  isByHand = false,
): Promise<{
  invoke: () => ReturnType<ScheduleHandler>
  logged: Readonly<Record<string, unknown>>[]
  clock: VirtualClock
  tables: Awaited<ReturnType<typeof engine.freshTables>>
  simulated: SimulatedSes
}> {
  const clock = virtualClock(now)
  const tables = await engine.freshTables()
  const simulated = await startSimulatedSes({ port: 0, clock, ...credentials })
  ses = simulated
  simulated.send(...mails)
  const logged: Readonly<Record<string, unknown>>[] = []
  const environment = {
    TABLE_PREFIX: tables.prefix,
    SES_ENDPOINT: simulated.url,
    TENCENTCLOUD_SECRET_ID: credentials.secretId,
    TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
    ...settings,
  }
  const log = (event: string, fields?: Readonly<Record<string, unknown>>) => logged.push({ event, ...fields })
  const on = { clock, log, dynamoDb: () => engine.clientAs('reconcile') }
  const handler = createHandler(environment, on, isByHand)
  return {
    invoke: () =>
      handler(
        {},
        lambdaContext(() => 840_000),
      ),
    logged,
    clock,
    tables,
    simulated,
  }
}

describe('a run of the function', () => {
  it('leaves its figures as metrics', async () => {
    const delivered = { kind: 'delivered', atMs: Date.parse('2026-11-21T06:00:10Z') } as const
    const { invoke, logged, tables } = await deployed([
      mailAt('2026-11-21T06:00:00Z', 'anna', { timeline: [delivered] }),
      mailAt('2026-11-20T08:00:00Z', 'berta'),
    ])
    await invoke()
    const figures = {
      // Yesterday's list twice, since the ledger begins with its sweep, and today's.
      calls: 3,
      rows: 3,
      discovered: 2,
      repaired: 0,
      settled: 0,
      unknown: 0,
      pending: 1,
      stalenessP50Seconds: 7_191,
      stalenessP95Seconds: 7_191,
      unfinished: 0,
    }
    // Of anna; the outcome of berta is not reported yet.
    const outcomes = { delivered: 1, 'soft-bounced': 0, bounced: 0, complained: 0 }
    const unit = (Name: string) => ({ Name, Unit: Name.endsWith('Seconds') ? 'Seconds' : 'Count' })
    expect(logged.find((line) => 'unfinished' in line)).toEqual({
      event: 'metrics',
      deployment: tables.prefix,
      job: 'reconcile',
      provider: 'tencent-ses',
      ...figures,
      ...outcomes,
      _aws: {
        Timestamp: Date.parse('2026-11-21T08:00:02Z'),
        CloudWatchMetrics: [
          {
            Namespace: 'delivery-ledger',
            Dimensions: [['deployment', 'job', 'provider']],
            Metrics: Object.keys(figures).map(unit),
          },
          {
            Namespace: 'delivery-ledger',
            Dimensions: [['deployment']],
            Metrics: Object.keys(outcomes).map(unit),
          },
        ],
      },
    })
  })

  it('that leaves something undone says so', async () => {
    const { invoke, logged, simulated } = await deployed([])
    simulated.failWhen(() => true, { httpStatus: 503 })
    await invoke()
    expect(logged).toContainEqual(expect.objectContaining({ event: 'metrics', calls: 9, unfinished: 1 }))
  })

  it('publishes no figures where another one is at work', async () => {
    const { invoke, logged, clock, tables } = await deployed([])
    const runs = runStore(engine.client, tables.reconciliation, 'get-send-email-status', clock)
    await runs.acquire('another', clock.now(), clock.now() + 60_000)
    expect(await invoke()).toMatchObject({ stoppedBy: 'lease' })
    const reported = logged.filter(({ event }) => event === 'metrics')
    expect(reported).toMatchObject([{ inQuarantine: 0 }])
    expect(reported[0]).not.toHaveProperty('unfinished')
  })

  it('counts what waits in quarantine', async () => {
    const { invoke, logged, clock, tables } = await deployed([])
    const to = { client: engine.client, table: tables.quarantine, retentionDays: 1, clock }
    for (const body of ['{not json', '[not json']) {
      await quarantineWriter(to).keep({ ...unreadable, body: new TextEncoder().encode(body) })
    }
    await invoke()
    expect(logged[0]).toEqual({
      event: 'metrics',
      deployment: tables.prefix,
      job: 'reconcile',
      inQuarantine: 2,
      _aws: {
        Timestamp: Date.parse(now),
        CloudWatchMetrics: [
          {
            Namespace: 'delivery-ledger',
            Dimensions: [['deployment', 'job']],
            Metrics: [{ Name: 'inQuarantine', Unit: 'Count' }],
          },
        ],
      },
    })
  })

  it.each([
    ['lacks its credentials', { TENCENTCLOUD_SECRET_KEY: '' }],
    ['has a setting that is wrong', { SES_REQUESTS_PER_SECOND: 'many' }],
    ['is refused by the provider', { TENCENTCLOUD_SECRET_KEY: 'another-secret-key' }],
  ])('counts it even where it %s, and is seen to fail', async (_, settings) => {
    const { invoke, logged, clock, tables } = await deployed([], settings)
    const to = { client: engine.client, table: tables.quarantine, retentionDays: 1, clock }
    await quarantineWriter(to).keep({ ...unreadable, body: new TextEncoder().encode('{not json') })
    await expect(invoke()).rejects.toThrow(/TENCENTCLOUD_SECRET_KEY|SES_REQUESTS_PER_SECOND/)
    expect(logged).toContainEqual(expect.objectContaining({ event: 'metrics', inQuarantine: 1 }))
  })

  it('goes on without that count where the table cannot be asked', async () => {
    const { invoke, logged, tables } = await deployed([mailAt('2026-11-21T06:00:00Z', 'anna')])
    await engine.client.send(new DeleteTableCommand({ TableName: tables.quarantine }))
    expect(await invoke()).toMatchObject({ discovered: 1, stoppedBy: 'done' })
    expect(logged).toContainEqual({
      event: 'quarantine not counted',
      error: 'ResourceNotFoundException',
    })
    const metrics = logged.filter(({ event }) => event === 'metrics')
    expect(metrics).toMatchObject([{ discovered: 1 }])
    expect(metrics[0]).not.toHaveProperty('inQuarantine')
  })

  it('by hand looks at no quarantine: whoever runs it may not be allowed to', async () => {
    const { invoke, logged, tables } = await deployed([], {}, true)
    await engine.client.send(new DeleteTableCommand({ TableName: tables.quarantine }))
    expect(await invoke()).toMatchObject({ stoppedBy: 'done' })
    expect(logged.map(({ event }) => event)).not.toContain('quarantine not counted')
    expect(logged.filter((line) => 'inQuarantine' in line)).toEqual([])
  })

  it('publishes outcomes that were not reported before, and no other', async () => {
    const at = (time: string) => Date.parse(`2026-11-21T${time}Z`)
    const reported = mailAt('2026-11-21T06:00:00Z', 'known', {
      timeline: [{ kind: 'delivered', atMs: at('06:00:10') }],
    })
    const silent = mailAt('2026-11-21T06:01:00Z', 'silent', {
      timeline: [{ kind: 'bounced', atMs: at('06:01:10'), reason: '551 5.1.1 no such user' }],
    })
    const angry = mailAt('2026-11-21T06:02:00Z', 'angry', {
      timeline: [
        { kind: 'delivered', atMs: at('06:02:10') },
        { kind: 'complained', atMs: at('06:30:00') },
      ],
    })
    const { invoke, logged, clock, tables } = await deployed([reported, silent, angry])
    const to = { client: engine.client, table: tables.deliveries, retentionDays: 1, clock }
    await deliveryWriter(to).record(reportOf(reported, { kind: 'delivered', occurredAtMs: at('06:00:10') }))
    await invoke()
    expect(logged.find((line) => 'unfinished' in line)).toMatchObject({
      discovered: 2,
      delivered: 1,
      bounced: 1,
      'soft-bounced': 0,
      complained: 1,
    })
    clock.advanceTo(Date.parse('2026-11-21T09:00:00Z'))
    await invoke()
    expect(logged.findLast(({ event }) => event === 'metrics')).not.toHaveProperty('delivered')
  })

  it('reads no list where sends are recorded, and looks up what is silent', async () => {
    const mail = mailAt('2026-11-21T07:49:00Z', 'anna')
    const { invoke, clock, tables, simulated } = await deployed([mail], { SENDS_RECORDED: 'on' })
    const writer = deliveryWriter({
      client: engine.client,
      table: tables.deliveries,
      retentionDays: 1,
      clock,
    })
    await writer.record(reportOf(mail, { kind: 'requested' }))
    await invoke()
    expect(simulated.calls.map(({ messageId }) => messageId)).toEqual([mail.messageId])
  })

  it('reads a date again at the ages that are set', async () => {
    const { invoke, clock, simulated } = await deployed([], {
      SENDS_RECORDED: 'on',
      SWEEP_AGES_DAYS: '2,7',
    })
    await invoke()
    clock.advanceTo(Date.parse('2026-11-22T08:00:00Z'))
    await invoke()
    // The first run ever asks one question, and the second one sweeps.
    const polls = simulated.calls.filter(({ action }) => action === 'GetSendEmailStatus')
    expect(polls.map(({ requestDate }) => requestDate)).toEqual(['2026-11-20', '2026-11-20'])
  })
})
