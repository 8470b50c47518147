import { beforeEach, describe, expect, it } from '@jest/globals'
import { registerShow } from '../../cli/show.ts'
import { createHandler as createIngest } from '../../functions/ingest.ts'
import { createHandler as createReconcile } from '../../functions/reconcile.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { runInProcess } from '../cli/in-process.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { sampleMessage } from '../events.ts'
import { signedJson } from '../fixtures/sendcloud/sign.ts'
import { noDeadline } from '../no-deadline.ts'

// From the callback to `ledger show`, by the sender's own id and by the RFC Message-ID.

const engine = embeddedTables()
const token = 'a-token-of-the-callback-url'
const appKey = 'a-key-of-sendcloud'
const on = { CORRELATION_HEADER: 'X-Tencentcloudses-Cb-Order, SC-Custom-Order', RFC_MESSAGE_ID_INDEX: 'on' }
let tables: Awaited<ReturnType<typeof engine.freshTables>>

beforeEach(async () => {
  tables = await engine.freshTables(on)
})

const context = lambdaContext(() => 60_000)
const environment = (settings: Readonly<Record<string, string>>) => ({
  TABLE_PREFIX: tables.prefix,
  CALLBACK_TOKEN_SHA256: tokenDigest(token),
  SENDCLOUD_APP_KEY: appKey,
  SES_POLL: 'off',
  ...settings,
})
const runtime = (name: 'ingest' | 'reconcile') => ({
  clock: virtualClock('2026-11-21T08:00:00Z'),
  log: () => undefined,
  dynamoDb: () => engine.clientAs(name),
  deadline: noDeadline,
})

async function post(provider: string, body: string, settings: Readonly<Record<string, string>> = on) {
  const ingest = createIngest(environment(settings), runtime('ingest'))
  const http = { method: 'POST' }
  const answer = await ingest({ rawPath: `/${provider}/${token}`, body, requestContext: { http } }, context)
  return answer.statusCode
}

const ofTencent = {
  event: 'delivered',
  email: 'ann@example.com',
  bulkId: sampleMessage,
  timestamp: 1654064683,
  messageId: '<ea2783c1@fromexample.com>',
  'X-Tencentcloudses-Cb-Order': 'order 4711',
}
const ofSendCloud = {
  event: 'deliver',
  emailId: '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound0$ben@example.com',
  recipient: 'ben@example.com',
  timestamp: 1795233605123,
  userHeaders: '{"SC-Custom-Order":"4712"}',
}
const signed = (fields: object) => new TextDecoder().decode(signedJson({ ...fields }, appKey).body)

async function shown(asked: string): Promise<unknown> {
  const { code, output, errors } = await runInProcess(
    registerShow,
    ['show', asked, '--json'],
    engine.environmentOf(tables),
  )
  expect([code, errors]).toEqual([0, ''])
  return JSON.parse(output)
}

describe('a callback with an id of the sender', () => {
  it('of Tencent SES is found by it, and by its Message-ID with angle brackets and without', async () => {
    expect(await post('tencent-ses', JSON.stringify(ofTencent))).toBe(200)
    const expected = [{ recipient: 'ann@example.com', message: sampleMessage }]
    expect(await shown('order 4711')).toMatchObject(expected)
    expect(await shown('<ea2783c1@fromexample.com>')).toMatchObject(expected)
    expect(await shown('ea2783c1@fromexample.com')).toMatchObject(expected)
    expect(await shown('order 4712')).toEqual([])
  })

  it('of SendCloud is found by it', async () => {
    expect(await post('sendcloud', signed(ofSendCloud))).toBe(200)
    expect(await shown('4712')).toMatchObject([{ recipient: 'ben@example.com', provider: 'sendcloud' }])
  })

  it.each([
    ['empty', ''],
    ['longer than an index takes', 'x'.repeat(60_000)],
  ])('is taken where that is %s', async (_, order) => {
    const body = { ...ofSendCloud, userHeaders: JSON.stringify({ 'SC-Custom-Order': order }) }
    expect(await post('sendcloud', signed(body))).toBe(200)
    expect(await shown('ben@example.com')).toMatchObject([{ status: 'delivered' }])
    expect(await shown(order)).toMatchObject(order === '' ? [] : [{ recipient: 'ben@example.com' }])
  })

  it('is found by it where the scheduled run has written it', async () => {
    const others = Array.from({ length: 100 }, (_, n) => ({ ...ofTencent, email: `r${n}@example.com` }))
    const last = { ...ofTencent, 'X-Tencentcloudses-Cb-Order': 'the last' }
    expect(await post('tencent-ses', JSON.stringify([...others, last]))).toBe(202)
    expect(await shown('the last')).toEqual([])
    await createReconcile(environment(on), runtime('reconcile'))({}, context)
    expect(await shown('the last')).toMatchObject([{ recipient: 'ann@example.com' }])
  })

  it('is not found by it where the settings are not set, but for mails of which more is reported since', async () => {
    expect(await post('tencent-ses', JSON.stringify(ofTencent), {})).toBe(200)
    expect(await shown('order 4711')).toEqual([])
    await post('tencent-ses', JSON.stringify({ ...ofTencent, event: 'open' }))
    expect(await shown('order 4711')).toMatchObject([{ recipient: 'ann@example.com' }])
  })

  it('is answered 503 where the setting names a header that no provider reports', async () => {
    const settings = { CORRELATION_HEADER: 'X-Order' }
    expect(await post('tencent-ses', JSON.stringify(ofTencent), settings)).toBe(503)
  })
})
