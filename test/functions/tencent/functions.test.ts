import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createHandler as createIngest } from '../../../functions/tencent/ingest.ts'
import type { ScfContext } from '../../../functions/tencent/invocation.ts'
import { createHandler as createReconcile } from '../../../functions/tencent/reconcile.ts'
import { scfLog } from '../../../functions/tencent/scf.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'
import { systemClock } from '../../../lib/runtime/clock.ts'
import type { Runtime } from '../../../lib/runtime/runtime.ts'
import { simulatedAppKey } from '../../../local/local-environment.ts'
import { startSimulatedSes, type SimulatedSes } from '../../../local/simulated-ses/server.ts'
import { makeTraffic } from '../../../local/simulated-ses/traffic.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { noDeadline } from '../../no-deadline.ts'

const engine = embeddedTables()
const token = 'a-token-of-the-callback-url'

let tables: Awaited<ReturnType<typeof engine.freshTables>>
let lines: string[]
let context: ScfContext
beforeEach(async () => {
  tables = await engine.freshTables()
  lines = []
  context = { time_limit_in_ms: 60_000, environment: '{}' }
})

function runtimeOf(name: 'ingest' | 'reconcile'): Runtime {
  return {
    clock: systemClock,
    log: scfLog((line) => lines.push(line), systemClock.now),
    dynamoDb: () => engine.clientAs(name),
    deadline: noDeadline,
  }
}

function post(body: string, settings: Record<string, string> = {}, path = `/tencent-ses/${token}`) {
  const environment = {
    TABLE_PREFIX: tables.prefix,
    CALLBACK_TOKEN_SHA256: tokenDigest(token),
    SENDCLOUD_APP_KEY: simulatedAppKey,
    ...settings,
  }
  const event = { httpMethod: 'POST', path, body, headers: { 'content-type': 'application/json' } }
  return createIngest(environment, runtimeOf('ingest'))(event, context)
}

const bounce = () =>
  readFile(new URL('../../fixtures/tencent-ses/2025-10-bounce.json', import.meta.url), 'utf8')

describe('ingest on SCF', () => {
  it('writes a callback, and answers in the form of a function URL', async () => {
    expect(await post(await bounce())).toMatchObject({ statusCode: 200, body: '{"recorded":1}' })
    expect(await rowsOf(engine.client, tables.deliveries)).toMatchObject([{ status: 'bounced' }])
  })

  it('does not wait for connections that are kept open', async () => {
    await post(await bounce())
    expect(context.callbackWaitsForEmptyEventLoop).toBe(false)
  })

  it('logs JSON without what directs CloudWatch, and keeps the figures', async () => {
    await post(await bounce())
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { event: 'callback', status: 200, acceptedCallbacks: 1, job: 'ingest' },
    ])
    expect(lines.join()).not.toContain('CloudWatch')
  })

  it.each([
    ['a wrong token', `/tencent-ses/another-token`, '{}', 401],
    ['a body that is no JSON', `/tencent-ses/${token}`, '{"email":"anna@example.com', 400],
    [
      'an element that is wrong',
      `/tencent-ses/${token}`,
      '{"event":"bounce","email":"anna@example.com","bulkId":7,"timestamp":"anna@example.com"}',
      400,
    ],
  ])('answers %s without an address: the platform logs every answer', async (_, path, body, status) => {
    const answer = await post(body, {}, path)
    expect(answer.statusCode).toBe(status)
    expect(JSON.stringify(answer)).not.toContain('anna')
    expect(JSON.stringify(answer)).not.toContain(token)
  })

  it('asks for another try where its settings are wrong, and logs which', async () => {
    expect(await post('{}', { CALLBACK_TOKEN_SHA256: '' })).toMatchObject({ statusCode: 503 })
    expect(lines.join()).toContain('CALLBACK_TOKEN_SHA256: is not set')
  })

  it.each(['DATABASE_URL', 'CLOUDBASE_ENV_ID'])('refuses %s while the store is DynamoDB', async (setting) => {
    expect(await post('{}', { [setting]: 'x' })).toMatchObject({ statusCode: 503 })
    expect(lines.join()).toContain(`${setting}: expected none`)
  })

  it('asks for another try where something else than a URL invoked it', async () => {
    const timer = { Type: 'Timer', TriggerName: 'every', Time: '2026-11-28T00:00:00Z', Message: '' }
    const handler = createIngest({ TABLE_PREFIX: tables.prefix }, runtimeOf('ingest'))
    expect(await handler(timer, context)).toMatchObject({ statusCode: 503 })
    expect(lines.join()).toContain('invoke this function by its URL')
  })
})

describe('reconcile on SCF', () => {
  const timer = { Type: 'Timer', TriggerName: 'every', Time: '2026-11-28T00:00:00Z', Message: '' }
  const credentials = { secretId: 'temporary-id', secretKey: 'temporary-key', token: 'temporary-token' }
  let ses: SimulatedSes
  beforeEach(async () => {
    ses = await startSimulatedSes({ port: 0, clock: systemClock, ...credentials })
    ses.send(...makeTraffic({ seed: 1, count: 5, fromMs: Date.now() - 600_000, overMs: 1_000 }))
  })
  afterEach(() => ses.close())

  const inContext = (secretKey: string) =>
    JSON.stringify({
      TENCENTCLOUD_SECRETID: credentials.secretId,
      TENCENTCLOUD_SECRETKEY: secretKey,
      TENCENTCLOUD_SESSIONTOKEN: credentials.token,
    })
  const reconcile = () =>
    createReconcile({ TABLE_PREFIX: tables.prefix, SES_ENDPOINT: ses.url }, runtimeOf('reconcile'))

  it("polls with the run role's temporary credentials of each invocation", async () => {
    const run = reconcile()
    const expired = { ...context, environment: inContext('a-key-that-has-expired') }
    await expect(run(timer, expired)).rejects.toThrow('AuthFailure')
    expect(await rowsOf(engine.client, tables.deliveries)).toEqual([])

    const renewed = { ...context, environment: inContext(credentials.secretKey) }
    expect(await run(timer, renewed)).toMatchObject({ discovered: 5, stoppedBy: 'done' })
    expect(await rowsOf(engine.client, tables.deliveries)).toHaveLength(5)
  })

  it('says what is missing without a run role, and nothing of where in the code', async () => {
    const failure: unknown = await reconcile()(timer, context).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      message: expect.stringContaining('TENCENTCLOUD_SECRET_ID: is not set'),
      stack: '',
    })
    expect(lines.join()).toContain('run failed')
  })

  it('ends by the limit of its time, counted from its beginning', async () => {
    const short = { time_limit_in_ms: 1, environment: inContext(credentials.secretKey) }
    expect(await reconcile()(timer, short)).toMatchObject({ stoppedBy: 'time' })
  })
})
