import { afterEach, describe, expect, it } from '@jest/globals'
import { createHandler } from '../../functions/reconcile.ts'
import { minuteMs } from '../../lib/core/instant.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import type { SimulatedDelivery } from '../../local/simulated-ses/mail.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { mailAt, reportOf } from '../lib/reconcile/world.ts'

const engine = embeddedTables()
const credentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }
let ses: SimulatedSes

afterEach(() => ses.close())

const delivered = (at: string) => ({ timeline: [{ kind: 'delivered', atMs: Date.parse(at) }] }) as const

/** The function of an account that sends in two regions. */
async function deployed(...mails: readonly SimulatedDelivery[]) {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const tables = await engine.freshTables()
  ses = await startSimulatedSes({ port: 0, clock, ...credentials })
  ses.send(...mails)
  const logged: Readonly<Record<string, unknown>>[] = []
  const run = (region = 'ap-guangzhou, ap-hongkong') =>
    createHandler(
      {
        TABLE_PREFIX: tables.prefix,
        SES_REGION: region,
        SES_ENDPOINT: ses.url,
        SENDS_RECORDED: 'on',
        TENCENTCLOUD_SECRET_ID: credentials.secretId,
        TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
      },
      {
        clock,
        log: (event, fields) => logged.push({ event, ...fields }),
        dynamoDb: () => engine.clientAs('reconcile'),
      },
    )(
      {},
      lambdaContext(() => 840_000),
    )
  const writer = deliveryWriter({
    client: engine.client,
    table: tables.deliveries,
    retentionDays: 400,
    clock,
  })
  return {
    clock,
    logged,
    run,
    /** What the application records as it sends. */
    record: (mail: SimulatedDelivery) => writer.record(reportOf(mail, { kind: 'requested' })),
    rows: async () => {
      const rows = await rowsOf(engine.client, tables.deliveries)
      return rows.toSorted((a, b) => String(a.recipient).localeCompare(String(b.recipient)))
    },
    jobs: async () => (await rowsOf(engine.client, tables.reconciliation)).map(({ job }) => job).sort(),
    /** How many dates' lists of the region were asked for. */
    readFrom: (region: string) =>
      new Set(ses.calls.filter((call) => call.region === region).map(({ requestDate }) => requestDate)).size,
    /** Where this mail was looked up since the last time. */
    lookedUp: (
      (seen = 0) =>
      ({ messageId }: SimulatedDelivery) => {
        const calls = ses.calls.slice(seen)
        seen = ses.calls.length
        return calls.filter((call) => call.messageId === messageId).map(({ region }) => region)
      }
    )(),
  }
}

const here = mailAt('2026-11-21T06:00:00Z', 'anna', {
  region: 'ap-guangzhou',
  ...delivered('2026-11-21T06:00:10Z'),
})
const there = mailAt('2026-11-21T06:00:00Z', 'ben', {
  region: 'ap-hongkong',
  ...delivered('2026-11-21T06:00:12Z'),
})

describe('the poll of several regions', () => {
  it('settles what was sent in either of them', async () => {
    const { run, record, rows, jobs, logged } = await deployed(here, there)
    await record(here)
    await record(there)
    expect(await run()).toMatchObject({ settled: 2, repaired: 2, pending: 0, stoppedBy: 'done' })
    expect(await rows()).toMatchObject([
      { recipient: 'anna@example.com', status: 'delivered', region: 'ap-guangzhou' },
      { recipient: 'ben@example.com', status: 'delivered', region: 'ap-hongkong' },
    ])
    expect(await jobs()).toEqual([
      'get-send-email-status-ap-guangzhou',
      'get-send-email-status-ap-hongkong',
      'tencent-ses-lists-ap-guangzhou',
      'tencent-ses-lists-ap-hongkong',
    ])
    expect(logged.flatMap(({ event, list }) => (event === 'reconciled' ? [list] : []))).toEqual([
      'GetSendEmailStatus (ap-guangzhou)',
      'GetSendEmailStatus (ap-hongkong)',
    ])
  })

  it('looks a mail up in each region until one is known to have it, and from then on in that one', async () => {
    const waiting = mailAt('2026-11-21T06:00:00Z', 'cleo', { region: 'ap-hongkong', timeline: [] })
    const { clock, run, record, rows, lookedUp } = await deployed(waiting)
    await record(waiting)
    // Nothing that the row lacked: so nothing was repaired.
    expect(await run()).toMatchObject({ repaired: 0, pending: 1 })
    expect(lookedUp(waiting)).toEqual(['ap-guangzhou', 'ap-hongkong'])
    expect(await rows()).toMatchObject([{ status: 'requested', region: 'ap-hongkong' }])
    clock.advance(72 * 60 * minuteMs)
    await run()
    expect(new Set(lookedUp(waiting))).toEqual(new Set(['ap-hongkong']))
  })

  it('is done with one region where the other refuses the credentials', async () => {
    const { run, record, rows } = await deployed(here, there)
    await record(here)
    await record(there)
    ses.failWhen(({ region }) => region === 'ap-guangzhou', {
      code: 'AuthFailure.UnauthorizedOperation',
    })
    await expect(run()).rejects.toThrow(/AuthFailure/)
    expect(await rows()).toMatchObject([{ status: 'requested' }, { status: 'delivered' }])
  })

  it('go on where each was when they change places, and when there was one before', async () => {
    const { clock, run, logged, readFrom } = await deployed(here, there)
    await run('ap-hongkong')
    clock.advance(minuteMs)
    await run('ap-guangzhou,ap-hongkong')
    // What nobody has read of the other region is read, as far back as there is any.
    expect(logged.filter(({ event }) => event === 'checkpoint not used')).toHaveLength(1)
    expect(readFrom('ap-guangzhou')).toBeGreaterThan(25)
    expect(readFrom('ap-hongkong')).toBeLessThan(4)
    await run('ap-hongkong,ap-guangzhou')
    expect(logged.filter(({ event }) => event === 'checkpoint not used')).toHaveLength(1)
  })

  it('begins anew where the only one is another', async () => {
    const { run, logged, readFrom } = await deployed(here, there)
    await run('ap-hongkong')
    await run('ap-guangzhou')
    expect(logged.filter(({ event }) => event === 'checkpoint not used')).toHaveLength(1)
    expect(readFrom('ap-guangzhou')).toBeGreaterThan(25)
  })
})
