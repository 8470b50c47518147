import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createHandler as createIngest } from '../functions/ingest.ts'
import { createHandler as createReconcile } from '../functions/reconcile.ts'
import { countsOf, nameOf } from '../lib/core/delivery.ts'
import { dayMs } from '../lib/core/instant.ts'
import { tokenDigest } from '../lib/ingest/token-digest.ts'
import type { Clock } from '../lib/runtime/ports.ts'
import { deliveryReader } from '../lib/table/delivery-reader.ts'
import { lambdaContext } from '../local/lambda-context.ts'
import { fieldsOf, formType, signedForm } from '../local/simulated-sendcloud/callback.ts'
import { startSimulatedSendCloud } from '../local/simulated-sendcloud/server.ts'
import { makeSendCloudTraffic } from '../local/simulated-sendcloud/traffic.ts'
import { callbackOf } from '../local/simulated-ses/callback.ts'
import { startSimulatedSes } from '../local/simulated-ses/server.ts'
import { makeTraffic } from '../local/simulated-ses/traffic.ts'
import { truthAt } from '../local/truth.ts'
import { virtualClock } from '../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from './embedded-tables.ts'
import { noDeadline } from './no-deadline.ts'
import { times } from './strength.ts'

// The law of docs/adr/0001 with everything at work: whichever callbacks of both providers are lost, late, repeated or out of order,
// and wherever runs of both polls get in between, the rows say in the end what truly happened.

const engine = embeddedTables()
const token = 'a-token-of-the-callback-url'
const appKey = 'a-key-of-sendcloud'
const startMs = Date.UTC(2026, 10, 1, 16)

interface Posted {
  readonly atMs: number
  readonly path: string
  readonly contentType: string
  readonly body: string
  /** Whether no poll reports what it does. */
  readonly isOnlySource: boolean
}

/** The mails of a day at both providers, and every callback about them. */
function worldOf(seed: number) {
  const traffic = { seed, count: 12, fromMs: startMs, overMs: dayMs }
  const mails = makeTraffic(traffic)
  const messages = makeSendCloudTraffic(traffic)
  const ofTencent = mails.flatMap((mail) =>
    mail.timeline.map((entry) => ({
      atMs: entry.atMs,
      path: `/tencent-ses/${token}`,
      contentType: 'application/json',
      body: JSON.stringify(callbackOf(mail, entry)),
      isOnlySource: false,
    })),
  )
  const ofSendCloud = messages.flatMap((message) => {
    const events = message.deliveries.flatMap((delivery) =>
      delivery.timeline.map(
        (entry) => ({ of: 'delivery', atMs: entry.atMs, message, delivery, entry }) as const,
      ),
    )
    return [{ of: 'message', atMs: message.sentAtMs, message } as const, ...events].map((event) => ({
      atMs: event.atMs,
      path: `/sendcloud/${token}`,
      contentType: formType,
      body: signedForm(fieldsOf(event), { appKey, token: 'x'.repeat(50) }),
      isOnlySource: event.of === 'delivery' && ['complained', 'unsubscribed'].includes(event.entry.kind),
    }))
  })
  return { mails, messages, callbacks: [...ofTencent, ...ofSendCloud] satisfies Posted[] }
}

/** What becomes of each callback, in turn: how often it comes, and how much later each time. */
const weathers = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  fates: fc.array(fc.array(fc.integer({ min: 0, max: 2 * dayMs }), { maxLength: 2 }), {
    minLength: 20,
    maxLength: 20,
  }),
  runsAtMs: fc.array(fc.integer({ min: 0, max: 5 * dayMs }), { minLength: 2, maxLength: 5 }),
})

/** What is in the tables in the end, and what should be. */
async function rowsAfter(weather: {
  readonly seed: number
  readonly fates: readonly (readonly number[])[]
  readonly runsAtMs: readonly number[]
}) {
  const { mails, messages, callbacks } = worldOf(weather.seed)
  const tables = await engine.freshTables()
  const clock = virtualClock(startMs)
  const simulatedSes = await startSimulatedSes({ port: 0, clock, ...sesCredentials })
  const simulatedSendCloud = await startSimulatedSendCloud({ port: 0, clock, ...sendCloudCredentials })
  simulatedSes.send(...mails)
  simulatedSendCloud.send(...messages)
  const { ingest, reconcile } = functionsOn(tables.prefix, clock, simulatedSes.url, simulatedSendCloud.url)
  const posts = callbacks.flatMap((callback, place) => {
    const fate = weather.fates[place % weather.fates.length] ?? []
    const delays = fate.length === 0 && callback.isOnlySource ? [0] : fate
    return delays.map((delayMs) => ({ atMs: callback.atMs + delayMs, act: () => ingest(callback) }))
  })
  // The first before there is any mail: what was sent two days before the first run of all is read by hand alone (`ledger reconcile --from`). The
  // last ones when Tencent's list is swept for the last time, and when nothing is retried any more.
  const runs = [0, ...weather.runsAtMs, 29.5 * dayMs, 29.6 * dayMs].map((afterMs) => ({
    atMs: startMs + afterMs,
    act: reconcile,
  }))
  try {
    for (const { atMs, act } of [...posts, ...runs].sort((a, b) => a.atMs - b.atMs)) {
      clock.advanceTo(atMs)
      await act()
    }
  } finally {
    await simulatedSes.close()
    await simulatedSendCloud.close()
  }
  const deliveries = [...mails, ...messages.flatMap((message) => message.deliveries)]
  const keys = deliveries.map(({ recipient, messageId }) => ({
    recipient: recipient.toLowerCase(),
    message: messageId,
  }))
  const table = { client: engine.client, table: tables.deliveries, clock, log: () => undefined }
  const rows = new Map((await deliveryReader(table).rowsOf(keys)).map((row) => [nameOf(row), row]))
  const suppressed = await rowsOf(engine.client, tables.suppressions)
  return {
    results: deliveries.map((delivery, place) => ({ delivery, row: rows.get(nameOf(keys[place]!)) })),
    suppressed: suppressed.map(({ recipient }) => recipient).sort(),
    atMs: clock.now(),
  }
}

const sesCredentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }
const sendCloudCredentials = { apiUsers: ['example_trigger'], apiKey: 'a key' }

function functionsOn(prefix: string, clock: Clock, sesUrl: string, sendCloudUrl: string) {
  const runtime = { clock, log: () => undefined, deadline: noDeadline }
  const context = lambdaContext(() => 840_000)
  const takeIn = createIngest(
    { TABLE_PREFIX: prefix, CALLBACK_TOKEN_SHA256: tokenDigest(token), SENDCLOUD_APP_KEY: appKey },
    { ...runtime, dynamoDb: () => engine.clientAs('ingest') },
  )
  const poll = createReconcile(
    {
      TABLE_PREFIX: prefix,
      SES_ENDPOINT: sesUrl,
      TENCENTCLOUD_SECRET_ID: sesCredentials.secretId,
      TENCENTCLOUD_SECRET_KEY: sesCredentials.secretKey,
      SENDCLOUD_ENDPOINT: sendCloudUrl,
      SENDCLOUD_API_USER: 'example_trigger',
      SENDCLOUD_API_KEY: sendCloudCredentials.apiKey,
    },
    { ...runtime, dynamoDb: () => engine.clientAs('reconcile') },
  )
  return {
    ingest: async ({ path, contentType, body }: Posted) => {
      const headers = { 'content-type': contentType }
      const event = { rawPath: path, headers, body, requestContext: { http: { method: 'POST' } } }
      expect((await takeIn(event, context)).statusCode).toBe(200)
    },
    reconcile: async () => {
      await poll({}, context)
    },
  }
}

const engagement = ['opened', 'clicked', 'complained', 'unsubscribed'] as const

describe('the callbacks of both providers, with runs of both polls in between', () => {
  it('end in rows that say what happened, whatever was lost, late, repeated or out of order', async () => {
    await fc.assert(
      fc.asyncProperty(weathers, async (weather) => {
        const { results, atMs } = await rowsAfter(weather)
        const shown = results.map(({ row }) => [
          row?.status,
          engagement.filter((kind) => row?.facts.has(kind)),
        ])
        const happened = results.map(({ delivery }) => {
          const truth = truthAt(delivery, atMs)
          return [truth?.status, truth?.engagement]
        })
        expect(shown).toEqual(happened)
      }),
      { numRuns: times({ quick: 1, proof: 20 }) },
    )
  })

  it('count each open and click of SendCloud once, by whichever way it was reported', async () => {
    await fc.assert(
      fc.asyncProperty(weathers, async (weather) => {
        const { results } = await rowsAfter(weather)
        for (const { delivery, row } of results.filter((one) => one.row?.provider === 'sendcloud')) {
          const counts = row && countsOf(row)
          for (const kind of ['opened', 'clicked'] as const) {
            const often = delivery.timeline.filter((entry) => entry.kind === kind).length
            expect([kind, counts?.get(kind) ?? 0]).toEqual([kind, often])
          }
        }
      }),
      { numRuns: times({ quick: 1, proof: 10 }) },
    )
  })

  it('suppress the same addresses in any weather', async () => {
    await fc.assert(
      fc.asyncProperty(weathers, async (weather) => {
        const calm = await rowsAfter({ ...weather, fates: [[0]] })
        expect((await rowsAfter(weather)).suppressed).toEqual(calm.suppressed)
      }),
      { numRuns: times({ quick: 1, proof: 10 }) },
    )
  })
})
