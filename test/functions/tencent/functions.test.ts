import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createHandler as createIngest } from '../../../functions/tencent/ingest.ts'
import type { ScfContext } from '../../../functions/tencent/invocation.ts'
import { createHandler as createReconcile } from '../../../functions/tencent/reconcile.ts'
import { scfLog } from '../../../functions/tencent/scf-runtime.ts'
import { databases, type ScfRuntime } from '../../../functions/tencent/store.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'
import { systemClock } from '../../../lib/runtime/clock.ts'
import { simulatedAppKey } from '../../../local/local-environment.ts'
import { startSimulatedSes, type SimulatedSes } from '../../../local/simulated-ses/server.ts'
import { makeTraffic } from '../../../local/simulated-ses/traffic.ts'
import { embeddedPostgres } from '../../embedded-postgres.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { noDeadline } from '../../no-deadline.ts'
import { startSimulatedCloudBase, type SimulatedCloudBase } from '../../tencent/simulated-cloudbase.ts'

const engine = embeddedTables()
const postgres = embeddedPostgres()
const token = 'a-token-of-the-callback-url'
/** The clock is the system's. */
const quick = { SES_REQUESTS_PER_SECOND: '20' }

let tables: Awaited<ReturnType<typeof engine.freshTables>>
let lines: string[]
let context: ScfContext
beforeEach(async () => {
  tables = await engine.freshTables()
  lines = []
  context = { time_limit_in_ms: 60_000, environment: '{}' }
})

function runtimeOf(name: 'ingest' | 'reconcile'): ScfRuntime {
  return {
    clock: systemClock,
    log: scfLog((line) => lines.push(line), systemClock.now),
    dynamoDb: () => engine.clientAs(name),
    database: databases(systemClock),
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

  it('says which of two databases to drop, and no address of either', async () => {
    const both = { DATABASE_URL: 'postgres://user:secret@h/d', CLOUDBASE_ENV_ID: 'an-environment' }
    expect(await post('{}', both)).toMatchObject({ statusCode: 503 })
    expect(lines.join()).toContain(
      'DATABASE_URL and CLOUDBASE_ENV_ID: expected one of them. Unset CLOUDBASE_ENV_ID',
    )
    expect(lines.join()).not.toContain('secret')
  })

  it.each([
    ['DATABASE_URL', 'mysql://h/d', 'expected a URL such as postgres://'],
    ['CLOUDBASE_ENV_ID', 'an environment', "expected an environment's id"],
  ])('says what is wrong with %s', async (setting, value, expected) => {
    expect(await post('{}', { [setting]: value })).toMatchObject({ statusCode: 503 })
    expect(lines.join()).toContain(`${setting}: ${expected}`)
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
    createReconcile({ TABLE_PREFIX: tables.prefix, SES_ENDPOINT: ses.url, ...quick }, runtimeOf('reconcile'))

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

describe('the functions on SCF, with rows in CloudBase,', () => {
  const timer = { Type: 'Timer', TriggerName: 'every', Time: '2026-11-28T00:00:00Z', Message: '' }
  const environmentId = 'an-environment'
  let good: { secretId: string; secretKey: string; token: string }
  let cloudBase: SimulatedCloudBase
  beforeEach(async () => {
    good = { secretId: 'temporary-id', secretKey: 'temporary-key', token: 'temporary-token' }
    await postgres.emptied(systemClock)
    cloudBase = await startSimulatedCloudBase({
      environmentId,
      credentials: () => good,
      clock: systemClock,
      run: (statement) => postgres.run(statement),
    })
  })
  afterEach(() => cloudBase.close())

  const settings = () => ({
    TABLE_PREFIX: postgres.schema,
    CALLBACK_TOKEN_SHA256: tokenDigest(token),
    CLOUDBASE_ENV_ID: environmentId,
    CLOUDBASE_ENDPOINT: cloudBase.url,
  })
  const withCredentials = ({ secretId, secretKey, token: session }: typeof good): ScfContext => ({
    ...context,
    environment: JSON.stringify({
      TENCENTCLOUD_SECRETID: secretId,
      TENCENTCLOUD_SECRETKEY: secretKey,
      TENCENTCLOUD_SESSIONTOKEN: session,
    }),
  })
  const callback = async () => ({
    httpMethod: 'POST',
    path: `/tencent-ses/${token}`,
    body: await bounce(),
    headers: { 'content-type': 'application/json' },
  })

  it('write with the credentials of each invocation, and with none that another one had', async () => {
    const ingest = createIngest(settings(), runtimeOf('ingest'))
    expect(await ingest(await callback(), withCredentials(good))).toMatchObject({ statusCode: 200 })
    expect(await postgres.rowsOf('deliveries')).toMatchObject([{ status: 'bounced' }])

    const old = good
    good = { secretId: 'another-id', secretKey: 'another-key', token: 'another-token' }
    const at = [
      ingest(await callback(), withCredentials(good)),
      ingest(await callback(), withCredentials(old)),
    ]
    expect(await Promise.all(at)).toMatchObject([{ statusCode: 200 }, { statusCode: 503 }])
    expect(await ingest(await callback(), context)).toMatchObject({ statusCode: 503 })
    expect(lines.join()).not.toMatch(/anna|example|secret-key|temporary-|another-/)
  })

  it('poll, and say that there is no run role where there is none', async () => {
    const ses = await startSimulatedSes({ port: 0, clock: systemClock, ...good })
    try {
      ses.send(...makeTraffic({ seed: 1, count: 5, fromMs: Date.now() - 600_000, overMs: 1_000 }))
      const run = createReconcile({ ...settings(), SES_ENDPOINT: ses.url, ...quick }, runtimeOf('reconcile'))
      await expect(run(timer, context)).rejects.toThrow('the function has no run role (runRole)')
      expect(await run(timer, withCredentials(good))).toMatchObject({ discovered: 5, stoppedBy: 'done' })
      expect(await postgres.rowsOf('deliveries')).toHaveLength(5)
    } finally {
      await ses.close()
    }
  })
})
