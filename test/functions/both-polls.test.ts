import { afterEach, describe, expect, it } from '@jest/globals'
import { createHandler } from '../../functions/reconcile.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { startSimulatedSendCloud, type SimulatedSendCloud } from '../../local/simulated-sendcloud/server.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { mailAt } from '../lib/reconcile/world.ts'
import { messageAt } from '../local/simulated-sendcloud/sample-mail.ts'

const engine = embeddedTables()
let ses: SimulatedSes
let sendCloud: SimulatedSendCloud

afterEach(async () => {
  await ses.close()
  await sendCloud.close()
})

const at = (instant: string) => Date.parse(instant)
const messageId = '1795240800000_144383_11771_2575.sc-10_9_13_218-inbound'

/** The function of a deployment with both polls, and one mail at each provider of which no callback came. */
async function deployed(settings: Readonly<Record<string, string>> = {}) {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const tables = await engine.freshTables()
  ses = await startSimulatedSes({
    port: 0,
    clock,
    secretId: 'AKIDsimulated',
    secretKey: 'simulated-secret-key',
  })
  sendCloud = await startSimulatedSendCloud({
    port: 0,
    clock,
    apiUsers: ['example_trigger'],
    apiKey: 'a key',
  })
  ses.send(
    mailAt('2026-11-21T06:00:00Z', 'anna', {
      timeline: [{ kind: 'delivered', atMs: at('2026-11-21T06:00:10Z') }],
    }),
  )
  sendCloud.send(
    messageAt(at('2026-11-21T06:00:00Z'), 'ben', [
      { kind: 'delivered', atMs: at('2026-11-21T06:00:12Z') },
      { kind: 'clicked', atMs: at('2026-11-21T06:30:00Z'), link: 'https://example.com/offer' },
    ]),
  )
  const logged: Readonly<Record<string, unknown>>[] = []
  const handler = createHandler(
    {
      TABLE_PREFIX: tables.prefix,
      SES_ENDPOINT: ses.url,
      TENCENTCLOUD_SECRET_ID: 'AKIDsimulated',
      TENCENTCLOUD_SECRET_KEY: 'simulated-secret-key',
      SENDCLOUD_ENDPOINT: sendCloud.url,
      SENDCLOUD_API_USER: 'example_trigger',
      SENDCLOUD_API_KEY: 'a key',
      ...settings,
    },
    {
      clock,
      log: (event, fields) => logged.push({ event, ...fields }),
      dynamoDb: () => engine.clientAs('reconcile'),
    },
  )
  const run = () =>
    handler(
      {},
      lambdaContext(() => 840_000),
    )
  const rows = () => rowsOf(engine.client, tables.deliveries)
  return { run, rows, logged }
}

describe('a run with both polls', () => {
  it('finds what no callback of either provider reported', async () => {
    const { run, rows, logged } = await deployed()
    expect(await run()).toMatchObject({ discovered: 2, stoppedBy: 'done' })
    expect(await rows()).toMatchObject([
      { provider: 'tencent-ses', status: 'delivered' },
      {
        provider: 'sendcloud',
        status: 'delivered',
        message: messageId,
        delivered: ['2026-11-21T06:00:12Z[poll] successfully delivered'],
        clicked: ['2026-11-21T06:30:00Z[poll] https://example.com/offer'],
        account: 'example_trigger',
      },
    ])
    expect(logged.flatMap(({ event, list }) => (event === 'reconciled' ? [list] : [])).sort()).toEqual([
      'GetSendEmailStatus',
      'data/emailStatus',
      'openandclick/list (clicked)',
      'openandclick/list (opened)',
    ])
  })

  it('is done with one provider where the other does not answer', async () => {
    const { run, rows } = await deployed()
    sendCloud.failWhen(() => true, { httpStatus: 503 })
    expect(await run()).toMatchObject({ stoppedBy: 'provider' })
    expect(await rows()).toMatchObject([{ provider: 'tencent-ses', status: 'delivered' }])
  })

  it('is done with one provider where the other refuses its settings, and fails by the name of the setting', async () => {
    const { run, rows, logged } = await deployed({ SENDCLOUD_API_KEY: 'another key' })
    await expect(run()).rejects.toThrow(/data\/emailStatus .* failed: 40005 .*SENDCLOUD_API_KEY/)
    expect(await rows()).toMatchObject([{ provider: 'tencent-ses', status: 'delivered' }])
    expect(logged).toContainEqual(expect.objectContaining({ event: 'metrics', unfinished: 1 }))
    expect(JSON.stringify(logged)).not.toContain('another key')
  })

  it('asks SendCloud alone where the poll of Tencent is off', async () => {
    const { run, rows } = await deployed({ SES_POLL: 'off' })
    expect(await run()).toMatchObject({ discovered: 1, stoppedBy: 'done' })
    expect(await rows()).toMatchObject([{ provider: 'sendcloud' }])
    expect(ses.calls).toEqual([])
  })

  it('names a credential of SendCloud that is missing', async () => {
    const { run } = await deployed({ SENDCLOUD_API_KEY: '' })
    await expect(run()).rejects.toThrow(/SENDCLOUD_API_KEY/)
  })
})
