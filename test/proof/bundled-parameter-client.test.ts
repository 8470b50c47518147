import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetParameters$ } from '@aws-sdk/client-ssm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { bundle } from '../../bench/cold/bundle.ts'
import { callbackSettings, deliveredCallbacks } from '../../bench/cold/callback.ts'
import { authorizationOf } from '../../bench/cold/sigv4.ts'
import { invokeBundle, runBundle } from '../bundled-function.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { startParameterStore, type EmulatedParameterStore } from '../emulated-parameter-store.ts'
import { signedForm } from '../fixtures/sendcloud/sign.ts'
import { projectRoot } from '../running-command.ts'

// What deploy/trim-parameter-client.cjs leaves of Systems Manager's client, looked at from outside.

const engine = embeddedTables()
let folder: string
let ingest: string
let reconcile: string
let store: EmulatedParameterStore

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'delivery-ledger-bundle-'))
  ingest = await bundled('ingest', 'functions/ingest.ts')
  reconcile = await bundled('reconcile', 'functions/reconcile.ts')
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(async () => {
  store = await startParameterStore()
})
afterEach(() => store.stop())

async function bundled(name: string, entry: string): Promise<string> {
  const file = join(folder, `${name}.cjs`)
  await writeFile(file, (await bundle(entry)).code)
  return file
}

const appKey = 'an-app-key-of-sendcloud'
const [tencentCallback = {}] = deliveredCallbacks(1)

/** As a callback of Tencent comes, but of SendCloud: to believe it takes the key. */
function sendCloudCallback(): object {
  const fields = {
    event: 'deliver',
    apiUser: 'shop_trigger',
    emailId: '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound0$reader@example.com',
    recipient: 'reader@example.com',
    timestamp: 1_795_233_605_123,
  }
  const { body, contentType } = signedForm(fields, appKey)
  return {
    ...tencentCallback,
    rawPath: (tencentCallback as { rawPath: string }).rawPath.replace('tencent-ses', 'sendcloud'),
    headers: { 'content-type': contentType },
    body: new TextDecoder().decode(body),
  }
}

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'an/example+secret' }

const settings = {
  ...callbackSettings,
  TABLE_PREFIX: 'bundled',
  AWS_REGION: 'eu-north-1',
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
}

/** The settings, and where the emulated services are. */
function environmentOf(tablePrefix: string): Record<string, string> {
  return {
    ...settings,
    TABLE_PREFIX: tablePrefix,
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_ENDPOINT_URL_SSM: store.url,
  }
}

async function answerTo(callback: object, others: Record<string, string> = {}) {
  const tables = await engine.freshTables()
  store.parameters.set(`/${tables.prefix}/SENDCLOUD_APP_KEY`, {
    Value: appKey,
    Type: 'SecureString',
    Version: 1,
  })
  const { answer, log } = await runBundle(ingest, callback, { ...environmentOf(tables.prefix), ...others })
  return { answer, log, rows: await rowsOf(engine.client, tables.deliveries) }
}

describe('the bundled client of Systems Manager', () => {
  it('reads the key that a callback is believed by', async () => {
    const { answer, rows } = await answerTo(sendCloudCallback())
    expect(answer).toMatchObject({ statusCode: 200, body: '{"recorded":1}' })
    expect(rows).toMatchObject([{ provider: 'sendcloud', status: 'delivered' }])
    expect(store.actions).toEqual(['GetParameters'])
  })

  it.each([
    ['', {}],
    [' with a session token', { AWS_SESSION_TOKEN: 'a-session-token' }],
  ])('signs its request%s as AWS describes it', async (_with, others) => {
    await answerTo(sendCloudCallback(), others)
    expect(store.requests).toHaveLength(1)
    const [{ headers, body }] = store.requests as [(typeof store.requests)[number]]
    expect(headers).toMatchObject({
      'x-amz-target': 'AmazonSSM.GetParameters',
      'content-type': 'application/x-amz-json-1.1',
    })
    const names = /SignedHeaders=([^,]+),/.exec(headers.authorization ?? '')![1]!.split(';')
    expect(names).toEqual(expect.arrayContaining(['host', 'x-amz-date', 'x-amz-target']))
    expect(headers['x-amz-security-token']).toBe(Object.values(others)[0])
    expect(names.includes('x-amz-security-token')).toBe('AWS_SESSION_TOKEN' in others)
    const signed = Object.fromEntries(names.map((name) => [name, String(headers[name])]))
    expect(headers.authorization).toBe(
      authorizationOf({ headers: signed, body }, credentials, 'eu-north-1', 'ssm'),
    )
  })

  // After a ThrottlingException it waits up to half a second, of the second that there is.
  it('tries again after a fault of the store', async () => {
    store.nextRefusals.push('InternalServerError')
    const { answer } = await answerTo(sendCloudCallback())
    expect(answer).toMatchObject({ statusCode: 200, body: '{"recorded":1}' })
    expect(store.requests).toHaveLength(2)
  })

  it.each([
    ['InternalServerError', 3],
    ['AccessDeniedException', 1],
    ['InvalidKeyId', 1],
    ['ValidationException', 1],
    ['AnErrorOfNextYear', 1],
  ])('names %s when it gives up, after %d tries', async (refusal, tries) => {
    store.refuseWith = refusal
    const { answer, log, rows } = await answerTo(sendCloudCallback())
    expect(answer).toMatchObject({ statusCode: 503 })
    expect(log).toContain(`"event":"setting unreadable","setting":"SENDCLOUD_APP_KEY","problem":"${refusal}"`)
    expect(rows).toEqual([])
    expect(store.requests).toHaveLength(tries)
  })

  it('gives up on a store that does not answer', async () => {
    store.isSilent = true
    const { answer, log } = await answerTo(sendCloudCallback())
    expect(answer).toMatchObject({ statusCode: 503 })
    expect(log).toContain('"problem":"AbortError"')
    expect(store.requests).toHaveLength(1)
  })

  it('names what is refused to reconcile, which fails', async () => {
    store.refuseWith = 'AccessDeniedException'
    const { prefix } = await engine.freshTables()
    await expect(invokeBundle(reconcile, {}, environmentOf(prefix))).rejects.toThrow('AccessDeniedException')
    expect(store.actions).toEqual(['GetParameters'])
    const { Names } = JSON.parse(store.requests[0]!.body) as { Names: string[] }
    expect(Names).toContain(`/${prefix}/TENCENTCLOUD_SECRET_KEY`)
  })
})

describe('without a setting, the bundled client finds Systems Manager', () => {
  it.each([
    ['us-east-1', {}, 'ssm.us-east-1.amazonaws.com'],
    ['cn-north-1', {}, 'ssm.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', {}, 'ssm.us-gov-west-1.amazonaws.com'],
    ['us-east-1', { AWS_USE_FIPS_ENDPOINT: 'true' }, 'ssm-fips.us-east-1.amazonaws.com'],
    ['us-east-1', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }, 'ssm.us-east-1.api.aws'],
  ])('in %s with %j', async (region, others, expected) => {
    const setHost = `require('node:https').request = ({ host, port }) => {
      console.error(JSON.stringify({ host, port: port ?? 443 }))
      process.exit()
    }`
    const environment = { ...settings, AWS_REGION: region, ...others }
    const found = await invokeBundle(ingest, sendCloudCallback(), environment, setHost)
    expect(found).toEqual({ host: expected, port: 443 })
  })
})

describe('the client of Systems Manager', () => {
  it('is bundled with the very shapes of GetParameters', async () => {
    const schemas = join(projectRoot, 'node_modules/@aws-sdk/client-ssm/dist-es/schemas/schemas_0.js')
    const entry = join(folder, 'shapes.js')
    await writeFile(entry, `export { GetParameters$ } from ${JSON.stringify(schemas)}`)
    const { GetParameters$: trimmed } = createRequire(import.meta.url)(await bundled('shapes', entry)) as {
      GetParameters$: unknown
    }
    expect(resolved(GetParameters$)).toContain('LastModifiedDate')
    expect(resolved(trimmed)).toBe(resolved(GetParameters$))
  })
})

/** A schema as text, with what its functions refer to in their place. */
function resolved(schema: unknown): string {
  return JSON.stringify(schema, (_key, part: unknown) =>
    typeof part === 'function' ? (part as () => unknown)() : part,
  )
}
