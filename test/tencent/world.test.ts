import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { nameOf, type Delivery } from '../../lib/core/delivery.ts'
import { dayMs } from '../../lib/core/instant.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import type { RunFigures } from '../../lib/reconcile/ports.ts'
import { simulatedAppKey, simulatedSendCloudCredentials } from '../../local/local-environment.ts'
import { isPostgresInstalled } from '../../local/postgres-server.ts'
import { planAttempts } from '../../local/simulated-sendcloud/attempt-plan.ts'
import { sendAttempts } from '../../local/simulated-sendcloud/attempt-sender.ts'
import { formType } from '../../local/simulated-sendcloud/callback.ts'
import { startSimulatedSendCloud, type SimulatedSendCloud } from '../../local/simulated-sendcloud/server.ts'
import { makeSendCloudTraffic } from '../../local/simulated-sendcloud/traffic.ts'
import { planCallbacks } from '../../local/simulated-ses/callback-plan.ts'
import { sendCallbacks } from '../../local/simulated-ses/callback-sender.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'
import { isRight, truthAt, type Happened } from '../../local/truth.ts'
import { virtualClock, type VirtualClock } from '../../local/virtual-clock.ts'
import { embeddedPostgres } from '../embedded-postgres.ts'
import { runtimes, type Runtime } from './old-nodes.ts'
import { startFunction, type RunningFunction } from './running-function.ts'
import { startSimulatedScf, type SimulatedScf } from './simulated-scf.ts'
import { deployer, tencentProject, type TencentProject } from './tencent-project.ts'
import { worldStore, type WorldStore, type WorldStoreName } from './world-store.ts'

// The demo's world on Tencent SCF: `serverless deploy` to a simulated SCF; the zips, environments and triggers that this was
// given, run on the Node that each runtime names, with the events of a function URL and of a timer; and simulated providers,
// whose callbacks are lost, repeated, late and out of order. In the end every row says what truly happened, whatever keeps it. Where
// no PostgreSQL is installed, its part is left out.

const seed = 7
const token = 'a-token-of-the-callback-url'
const runRole = { secretId: 'temporary-id', secretKey: 'temporary-key', token: 'temporary-token' }
/** 2026-11-02 00:00 in UTC+8. */
const startMs = Date.UTC(2026, 10, 1, 16)
const weather = {
  seed,
  lossRate: 0.2,
  repeatRate: 0.2,
  lateRate: 0.2,
  maxDelayMs: 2 * dayMs,
  reorderRate: 0.2,
}

interface Simulated extends Happened {
  readonly messageId: string
  readonly recipient: string
}

let scf: SimulatedScf
let project: TencentProject
beforeAll(async () => {
  scf = await startSimulatedScf(deployer)
  project = await tencentProject(scf.url)
})
afterAll(async () => {
  await project.remove()
  await scf.close()
})

const embedded = embeddedPostgres()
const worlds: readonly (readonly [Runtime, WorldStoreName])[] = [
  ...runtimes.map((runtime) => [runtime, 'DynamoDB'] as const),
  ...(isPostgresInstalled() ? runtimes.map((runtime) => [runtime, 'PostgreSQL'] as const) : []),
  ['Nodejs18.15', 'CloudBase'],
]

describe.each(worlds)('a deployment on %s, with rows in %s,', (runtime, kind) => {
  const stage = `${runtime.toLowerCase().replace('.', '-')}-${kind.toLowerCase()}`
  const prefix = `delivery-ledger-${stage}`
  let clock: VirtualClock
  let store: WorldStore
  let ses: SimulatedSes
  let sendCloud: SimulatedSendCloud
  let ingest: RunningFunction
  let reconcile: RunningFunction

  beforeAll(async () => {
    clock = virtualClock(startMs)
    store = await worldStore(kind, { prefix, clock, credentials: runRole, embedded })
    ses = await startSimulatedSes({ port: 0, clock, ...runRole, checkSkewAgainst: clock.now })
    const { apiUser, apiKey } = simulatedSendCloudCredentials
    sendCloud = await startSimulatedSendCloud({ port: 0, clock, apiUsers: [apiUser], apiKey })
    const settings = {
      runtime,
      runRole: 'delivery-ledger',
      ...store.settings,
      sesEndpoint: ses.url,
      sendcloudEndpoint: sendCloud.url,
      sesRequestsPerSecond: 20,
      sendcloudRequestsPerSecond: 20,
    }
    const params = Object.entries(settings).map(([name, value]) => `--param=${name}=${value}`)
    await project.serverless(`deploy --stage ${stage} ${params.join(' ')}`, {
      CALLBACK_TOKEN_SHA256: tokenDigest(token),
      SENDCLOUD_APP_KEY: simulatedAppKey,
      SENDCLOUD_API_USER: apiUser,
      SENDCLOUD_API_KEY: apiKey,
      ...store.secrets,
    })
    ingest = await started('ingest')
    reconcile = await started('reconcile')
  })
  afterAll(async () => {
    await ingest.stop()
    await reconcile.stop()
    await ses.close()
    await sendCloud.close()
    await store.stop()
  })

  /** What SCF was given of a function, in an instance of it. */
  async function started(name: string): Promise<RunningFunction> {
    const { zip, environment, parameters } = scf.functions.get(`${prefix}-${name}`)!
    return startFunction({
      zip,
      environment,
      runtime: parameters.Runtime as Runtime,
      handler: String(parameters.Handler),
      timeoutSeconds: Number(parameters.Timeout),
    })
  }

  /** Posts to the function's URL, as SCF describes the event. */
  const postTo = (provider: string, contentType: string) => async (body: string) => {
    const event = {
      httpMethod: 'POST',
      path: `/${provider}/${token}`,
      headers: { 'content-type': contentType, 'x-scf-remote-addr': '203.0.113.7:41234' },
      queryString: {},
      body,
    }
    const invoked = { event, credentials: runRole, nowMs: clock.now() }
    return ((await ingest.invoke(invoked)) as { statusCode: number }).statusCode
  }

  const onTimer = async () => {
    const { TriggerName } = scf.functions.get(`${prefix}-reconcile`)!.triggers[0]!
    const event = { Type: 'Timer', TriggerName, Time: new Date(clock.now()).toISOString(), Message: '' }
    const figures = await reconcile.invoke({ event, credentials: runRole, nowMs: clock.now() })
    // The next run must not begin before the end of this one.
    clock.advance(60_000)
    return figures as RunFigures
  }
  const untilDone = async () => {
    while ((await onTimer()).stoppedBy !== 'done');
  }

  async function wrongRows(
    deliveries: readonly Simulated[],
    isListed: (kind: string) => boolean,
  ): Promise<number> {
    const keyOf = ({ recipient, messageId }: Simulated) => ({
      recipient: recipient.toLowerCase(),
      message: messageId,
    })
    const found = await store.rows.deliveryReader().rowsOf(deliveries.map(keyOf))
    const rows = new Map(found.map((row) => [nameOf(row), row]))
    return deliveries.filter((delivery) => {
      const known = { ...delivery, timeline: delivery.timeline.filter(({ kind }) => isListed(kind)) }
      const truth = truthAt(known, clock.now())
      return truth !== undefined && !isRight(listed(rows.get(nameOf(keyOf(delivery))), isListed), truth)
    }).length
  }

  it('takes callbacks of Tencent SES in, and the poll makes every row right', async () => {
    const deliveries = makeTraffic({ seed, count: 120, fromMs: startMs, overMs: dayMs })
    ses.send(...deliveries)
    await onTimer()
    const { callbacks, figures } = planCallbacks(deliveries, weather)
    const post = postTo('tencent-ses', 'application/json')
    await sendCallbacks(callbacks, { clock, post, concurrency: 4 })
    expect(figures.lost).toBeGreaterThan(0)
    clock.advanceTo(startMs + 29.5 * dayMs)
    expect(await wrongRows(deliveries, () => true)).toBeGreaterThan(0)
    await untilDone()
    expect(await wrongRows(deliveries, () => true)).toBe(0)
  })

  it('takes callbacks of SendCloud in, and the poll makes every row right', async () => {
    const messages = makeSendCloudTraffic({ seed, count: 60, fromMs: clock.now(), overMs: dayMs })
    sendCloud.send(...messages)
    const deliveries = messages.flatMap((message) => message.deliveries)
    const { attempts } = planAttempts(messages, { ...weather, lossRate: 0.5, appKey: simulatedAppKey })
    await sendAttempts(attempts, { clock, post: postTo('sendcloud', formType), concurrency: 4 })
    clock.advance(dayMs)
    // Its lists have neither complaints nor unsubscribes.
    const isListed = (kind: string) => kind !== 'complained' && kind !== 'unsubscribed'
    expect(await wrongRows(deliveries, isListed)).toBeGreaterThan(0)
    await untilDone()
    expect(await wrongRows(deliveries, isListed)).toBe(0)
  })

  it('leaves the store as it should be', async () => {
    expect(await store.problems()).toEqual([])
  })

  it('logs no address, no token, and nothing that is unexpected', () => {
    const log = ingest.log() + reconcile.log()
    expect(log).toContain('"event":"callback"')
    expect(log).not.toMatch(/@|temporary-|a-token-of|unexpected fault|run failed/)
  })
})

function listed(row: Delivery | undefined, isListed: (kind: string) => boolean): Delivery | undefined {
  return row && { ...row, facts: new Map([...row.facts].filter(([kind]) => isListed(kind))) }
}
