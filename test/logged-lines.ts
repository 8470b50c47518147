import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { createHandler as createIngest } from '../functions/ingest.ts'
import { createHandler as createReconcile } from '../functions/reconcile.ts'
import { tokenDigest } from '../lib/ingest/token-digest.ts'
import { minuteMs } from '../lib/core/instant.ts'
import { jsonLog } from '../lib/runtime/log.ts'
import { lambdaContext } from '../local/lambda-context.ts'
import { simulatedSendCloudCredentials, simulatedSesCredentials } from '../local/local-environment.ts'
import { startSimulatedSendCloud } from '../local/simulated-sendcloud/server.ts'
import { startSimulatedSes } from '../local/simulated-ses/server.ts'
import { virtualClock } from '../local/virtual-clock.ts'
import type { EmbeddedTables } from './embedded-tables.ts'
import { sampleMessage } from './events.ts'
import { signedJson } from './fixtures/sendcloud/sign.ts'
import { mailAt, reportOf } from './lib/reconcile/world.ts'
import { deliveryWriter } from '../lib/table/delivery-writer.ts'
import { messageAt } from './local/simulated-sendcloud/sample-mail.ts'
import { noDeadline } from './no-deadline.ts'

// What the functions write into their logs when everything that can happen to them happens.

const token = 'a-token-of-the-callback-url'
const appKey = 'a-key-of-sendcloud'
const now = '2026-11-21T08:00:00Z'

export type Line = Readonly<Record<string, unknown>>

interface Reported {
  readonly deployment: string
  readonly lines: readonly Line[]
}

/** The ingest function, and every line that it writes. */
export async function ingestLogging(engine: EmbeddedTables): Promise<{
  readonly reported: Reported
  readonly post: (body: unknown, path?: string) => Promise<number>
  readonly loseParameters: () => Promise<void>
  readonly loseTable: () => Promise<void>
}> {
  const tables = await engine.freshTables()
  const { lines, log, clock } = listening()
  let areParametersReadable = true
  const handler = createIngest(
    {
      TABLE_PREFIX: tables.prefix,
      CALLBACK_TOKEN_SHA256: tokenDigest(token),
      UNVERIFIED_MB_PER_DAY: '1',
    },
    {
      clock,
      log,
      dynamoDb: () => engine.clientAs('ingest'),
      deadline: noDeadline,
      parameters: {
        valuesOf: (names) =>
          areParametersReadable
            ? Promise.resolve(new Map(names.map((name) => [name, appKey])))
            : Promise.reject(new Error('no answer')),
      },
    },
  )
  return {
    reported: { deployment: tables.prefix, lines },
    async post(body, path = `/tencent-ses/${token}`) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const event = { rawPath: path, body: text, requestContext: { http: { method: 'POST' } } }
      return (
        await handler(
          event,
          lambdaContext(() => 60_000),
        )
      ).statusCode
    },
    loseParameters() {
      areParametersReadable = false
      return clock.sleep(5 * minuteMs)
    },
    async loseTable() {
      await engine.client.send(new DeleteTableCommand({ TableName: tables.deliveries }))
    },
  }
}

function listening() {
  const lines: Line[] = []
  const clock = virtualClock(now)
  return { lines, clock, log: jsonLog((line) => lines.push(JSON.parse(line) as Line), clock.now) }
}

export const paths = {
  tencentSes: `/tencent-ses/${token}`,
  sendCloud: `/sendcloud/${token}`,
  sent: `/sent/${token}`,
  wrongToken: '/tencent-ses/another-token',
  stranger: '/wp-login.php',
}

/** A delivery as SendCloud reports it, signed by that key. */
export function signedDelivery(key: string = appKey): string {
  const emailId = '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound0$reader@example.com'
  const fields = { event: 'deliver', emailId, recipient: 'reader@example.com', timestamp: 1795237210000 }
  return new TextDecoder().decode(signedJson(fields, key).body)
}

const delivered = {
  event: 'delivered',
  email: 'reader@example.com',
  bulkId: sampleMessage,
  timestamp: 1654064683,
}

/** Runs the ingest function through all that can become of a callback. */
export async function everythingOfIngest(engine: EmbeddedTables): Promise<Reported> {
  const { reported, post, loseParameters, loseTable } = await ingestLogging(engine)
  const bounced = { ...delivered, event: 'bounce', reason: '551 5.1.1 no such user' }
  await post([delivered, { ...delivered, event: 'dropped' }, { ...delivered, event: 'spamreport' }])
  await post({ ...bounced, bounceType: 'hard_bounce' })
  await post({ ...bounced, bounceType: 'soft_bounce' })
  await post('{not json')
  await post({ ...delivered, event: 'teleported' })
  await post('', paths.sendCloud)
  await post(signedDelivery(), paths.sendCloud)
  await post({ event: 'deliver' }, paths.sendCloud)
  await post({ event: 'deliver', token: 'x', timestamp: '1', signature: 'forged' }, paths.sendCloud)
  await post({ event: 'deliver', recipient: 'reader@example.com' }, paths.sendCloud)
  // More than a day has room for.
  await post(
    { event: 'deliver', recipient: 'reader@example.com', cause: 'x'.repeat(2 ** 20) },
    paths.sendCloud,
  )
  await post(delivered, paths.wrongToken)
  await post(delivered, paths.stranger)
  await loseParameters()
  await post('', paths.sendCloud)
  await loseTable()
  await post(delivered)
  return reported
}

/** Runs the reconcile function through a run that finds something, and one to which nobody answers. */
export async function everythingOfReconcile(engine: EmbeddedTables): Promise<Reported> {
  const tables = await engine.freshTables()
  const { lines, log, clock } = listening()
  const { secretId, secretKey } = simulatedSesCredentials
  const simulated = await startSimulatedSes({ port: 0, clock, secretId, secretKey })
  const sendCloud = await startSimulatedSendCloud({
    port: 0,
    clock,
    apiUsers: [simulatedSendCloudCredentials.apiUser],
    apiKey: simulatedSendCloudCredentials.apiKey,
  })
  const found = mailAt('2026-11-21T06:00:00Z', 'found', {
    timeline: [{ kind: 'delivered', atMs: Date.parse('2026-11-21T06:00:10Z') }],
  })
  const deferred = mailAt('2026-11-21T02:00:00Z', 'deferred')
  // Of which something cannot be read.
  simulated.send(found, mailAt('2026-11-21T06:00:00Z', 'odd', { recipient: 'odd at example.com' }))
  const sentAtMs = Date.parse('2026-11-21T06:00:00Z')
  const waiting = messageAt(Date.parse('2026-11-21T02:00:00Z'), 'waiting')
  sendCloud.send(
    messageAt(sentAtMs, 'found', [{ kind: 'delivered', atMs: sentAtMs + 10_000 }]),
    messageAt(sentAtMs + 1, 'odd at odd', []),
    waiting,
  )
  const to = { client: engine.client, table: tables.deliveries, retentionDays: 1, clock }
  await deliveryWriter(to).record(reportOf(deferred, { kind: 'deferred' }))
  await deliveryWriter(to).record({
    ...reportOf(deferred, { kind: 'requested' }),
    provider: 'sendcloud',
    message: waiting.messageId,
    recipient: 'waiting@example.com',
  })
  const handler = createReconcile(
    {
      TABLE_PREFIX: tables.prefix,
      SES_ENDPOINT: simulated.url,
      TENCENTCLOUD_SECRET_ID: secretId,
      TENCENTCLOUD_SECRET_KEY: secretKey,
      SENDCLOUD_ENDPOINT: sendCloud.url,
      SENDCLOUD_API_USER: simulatedSendCloudCredentials.apiUser,
      SENDCLOUD_API_KEY: simulatedSendCloudCredentials.apiKey,
    },
    { clock, log, dynamoDb: () => engine.clientAs('reconcile') },
  )
  const run = () =>
    handler(
      {},
      lambdaContext(() => 840_000),
    )
  try {
    await run()
    simulated.failWhen(() => true, { httpStatus: 503 })
    clock.advanceTo(Date.parse('2026-11-21T09:00:00Z'))
    await run()
  } finally {
    await simulated.close()
    await sendCloud.close()
  }
  return { deployment: tables.prefix, lines }
}
