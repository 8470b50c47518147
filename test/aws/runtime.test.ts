import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { unzipSync } from 'fflate'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { simulatedAppKey, simulatedSesCredentials } from '../../local/local-environment.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import { rowsOf } from '../embedded-tables.ts'
import { signedForm } from '../fixtures/sendcloud/sign.ts'
import { mailAt } from '../lib/reconcile/world.ts'
import { startEmulatedAws, type DeployedFunction, type EmulatedAws } from './emulated-aws.ts'
import { startLambda, type LambdaFunction } from './runtime-api.ts'
import { runtimeClient } from './tools.ts'

// The functions as they were deployed: the zips, the environments and the tables that `serverless deploy` made, run by the
// program that runs them inside Lambda.

const stack = 'delivery-ledger-prod'
const token = 'a-token-of-the-callback-url'
const queryToken = 'a-token-of-the-query-api'
let aws: EmulatedAws
let ses: SimulatedSes
let root: string
const started: LambdaFunction[] = []

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'delivery-ledger-lambda-'))
  const { secretId, secretKey } = simulatedSesCredentials
  ses = await startSimulatedSes({ port: 0, clock: systemClock, secretId, secretKey })
  aws = await startEmulatedAws()
  await aws.putParameters({
    CALLBACK_TOKEN_SHA256: tokenDigest(token),
    QUERY_TOKEN_SHA256: tokenDigest(queryToken),
    SENDCLOUD_APP_KEY: simulatedAppKey,
    TENCENTCLOUD_SECRET_ID: secretId,
    TENCENTCLOUD_SECRET_KEY: secretKey,
  })
  await aws.serverless(`deploy --stage prod --param=queryApi=on --param=sesEndpoint=${ses.url}`)
})
afterAll(async () => {
  await Promise.all(started.map((lambda) => lambda.stop()))
  await aws.stop()
  await ses.close()
  await rm(root, { recursive: true })
})

async function deployed(name: string): Promise<DeployedFunction> {
  const found = (await aws.functions()).find(({ FunctionName }) => FunctionName === `${stack}-${name}`)
  if (found === undefined) throw new Error(`There is no function ${name} in the stack.`)
  return found
}

/** Unpacks the zip where nothing of the project is near. */
async function unpacked(name: string, zip: Uint8Array): Promise<string> {
  const folder = join(root, name)
  for (const [file, bytes] of Object.entries(unzipSync(zip))) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), bytes)
  }
  return folder
}

/** The function in a Lambda of its own, with its deployed environment but for what a test says. */
async function lambdaOf(
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<LambdaFunction> {
  const { FunctionName, Handler, MemorySize, Timeout, CodeSha256, Environment } = await deployed(name)
  const zip = await aws.packaged(name)
  expect(createHash('sha256').update(zip).digest('base64')).toBe(CodeSha256)
  const lambda = await startLambda({
    runtimeClient: await runtimeClient(),
    folder: await unpacked(name, zip),
    name: FunctionName,
    handler: Handler,
    memoryMb: MemorySize,
    timeoutMs: Timeout * 1_000,
    environment: { ...aws.environment, ...Environment.Variables, ...settings },
  })
  started.push(lambda)
  return lambda
}

describe('what is deployed', () => {
  it('runs here on the Node that it names, far from the project', async () => {
    const { Runtime } = await deployed('ingest')
    expect(Runtime).toBe(`nodejs${process.versions.node.replace(/\..*/, '')}.x`)
    for (let folder = root; folder !== dirname(folder); folder = dirname(folder)) {
      expect([folder, existsSync(join(folder, 'package.json'))]).toEqual([folder, false])
      expect([folder, existsSync(join(folder, 'node_modules'))]).toEqual([folder, false])
    }
  })
})

interface Posted {
  readonly path: string
  readonly method?: string
  readonly contentType?: string
  readonly body?: string | Uint8Array
  readonly query?: string
  readonly authorization?: string
}

/**
 * What a function URL invokes a function with. After the sample of "Invoking Lambda function URLs" in the developer guide,
 * read 2026-11-22: text comes as text, everything else as base64.
 */
function functionUrlEvent({
  path,
  method = 'GET',
  contentType,
  body,
  query = '',
  authorization,
}: Posted): object {
  const host = 'abcdefghijklmnopqrstuvwxyz012345.lambda-url.ap-southeast-1.on.aws'
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: {
      host,
      accept: '*/*',
      'user-agent': 'a-provider/1.0',
      'x-amzn-tls-version': 'TLSv1.3',
      'x-amzn-trace-id': 'Root=1-6740a980-0123456789abcdef01234567',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
      ...(contentType !== undefined && { 'content-type': contentType }),
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    },
    requestContext: {
      accountId: 'anonymous',
      apiId: 'abcdefghijklmnopqrstuvwxyz012345',
      domainName: host,
      domainPrefix: 'abcdefghijklmnopqrstuvwxyz012345',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '203.0.113.9', userAgent: 'a-provider/1.0' },
      requestId: '0a1b2c3d-0000-4000-8000-000000000000',
      routeKey: '$default',
      stage: '$default',
      time: '22/Nov/2026:08:00:00 +0000',
      timeEpoch: 1795334400000,
    },
    ...(body !== undefined && {
      body: typeof body === 'string' ? body : Buffer.from(body).toString('base64'),
    }),
    isBase64Encoded: body !== undefined && typeof body !== 'string',
  }
}

const json = { 'content-type': 'application/json', 'cache-control': 'no-store' }
const problem = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }

describe('the ingest function in Lambda', () => {
  let ingest: LambdaFunction
  beforeAll(async () => {
    ingest = await lambdaOf('ingest')
  })

  /** What Lambda hands to the function URL. */
  const answerTo = (posted: Posted) => ingest.invoke(functionUrlEvent(posted))
  const rowsIn = (table: string) => rowsOf(aws.dynamoDb, `${stack}-${table}`)

  it('takes a callback in as JSON', async () => {
    const body = await readFile(
      new URL('../fixtures/tencent-ses/2025-10-bounce.json', import.meta.url),
      'utf8',
    )
    const path = `/tencent-ses/${token}`
    expect(await answerTo({ path, method: 'POST', contentType: 'application/json', body })).toEqual({
      response: { statusCode: 200, headers: json, body: '{"recorded":1}' },
    })
    expect(await rowsIn('deliveries')).toMatchObject([
      { recipient: 'example@example.com', status: 'bounced', statusRank: 70 },
    ])
    expect(await rowsIn('suppressions')).toMatchObject([{ reason: 'hard-bounce' }])
  })

  it('takes a signed form in as base64', async () => {
    const fields = JSON.parse(
      await readFile(new URL('../fixtures/sendcloud/hand-made-deliver.json', import.meta.url), 'utf8'),
    ) as Record<string, unknown>
    const { body, contentType } = signedForm(fields, simulatedAppKey)
    const path = `/sendcloud/${token}`
    expect(await answerTo({ path, method: 'POST', contentType, body })).toEqual({
      response: { statusCode: 200, headers: json, body: '{"recorded":1}' },
    })
    expect(await rowsIn('deliveries')).toContainEqual(
      expect.objectContaining({ provider: 'sendcloud', status: 'delivered' }),
    )
  })

  it('answers a probe', async () => {
    expect(await answerTo({ path: `/tencent-ses/${token}` })).toEqual({
      response: { statusCode: 200, headers: json, body: '{"recorded":0}' },
    })
  })

  it('refuses a token that is wrong', async () => {
    const posted = { method: 'POST', contentType: 'application/json', body: '{not json' }
    expect(await answerTo({ path: '/tencent-ses/another-token', ...posted })).toEqual({
      response: {
        statusCode: 401,
        headers: problem,
        body: '{"type":"about:blank","title":"The token in the path is not accepted","status":401}',
      },
    })
    expect(await rowsIn('quarantine')).toEqual([])
  })

  it('keeps what it cannot read', async () => {
    const posted = { method: 'POST', contentType: 'application/json', body: '{not json' }
    const answer = await answerTo({ path: `/tencent-ses/${token}`, ...posted })
    expect(answer).toMatchObject({ response: { statusCode: 400, headers: problem } })
    expect(await rowsIn('quarantine')).toMatchObject([{ reason: 'unreadable', body: '{not json' }])
  })

  it('fails where something else than its URL invokes it', async () => {
    expect(await ingest.invoke({ hello: 'there' })).toMatchObject({ response: { statusCode: 503 } })
    expect(ingest.log()).toContain('Expected a function URL event')
  })

  it('logs lines of JSON, and no address', () => {
    const lines = ingest.log().trim().split('\n')
    expect(lines.filter((line) => line.startsWith('{"at":"')).length).toBeGreaterThanOrEqual(6)
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow()
    expect(ingest.log()).not.toContain('@example.com')
  })
})

describe('the query function in Lambda', () => {
  let query: LambdaFunction
  beforeAll(async () => {
    query = await lambdaOf('query')
  })
  const authorization = `Bearer ${queryToken}`

  it('answers what ingest has recorded', async () => {
    const suppression = { path: '/suppressions/example%40example.com', authorization }
    expect(await query.invoke(functionUrlEvent(suppression))).toMatchObject({
      response: {
        statusCode: 200,
        headers: json,
        body: expect.stringMatching(/^\{"address":"example@example\.com","suppressed":true,/),
      },
    })
    const deliveries = {
      path: '/deliveries',
      query: 'recipient=example%40example.com&limit=1',
      authorization,
    }
    expect(await query.invoke(functionUrlEvent(deliveries))).toMatchObject({
      response: { statusCode: 200, body: expect.stringContaining('"status":"bounced"') },
    })
  })

  it('refuses whoever has no token, and logs no address', async () => {
    const asked = { path: '/suppressions/example%40example.com' }
    expect(await query.invoke(functionUrlEvent(asked))).toMatchObject({ response: { statusCode: 401 } })
    const lines = query.log().trim().split('\n')
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow()
    expect(query.log()).not.toMatch(/example|a-token/)
  })
})

/** What EventBridge invokes a function with, when a rule's schedule has it run. */
const scheduleEvent = {
  version: '0',
  id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '123456789012',
  time: '2026-11-22T08:00:00Z',
  region: 'ap-southeast-1',
  resources: [`arn:aws:events:ap-southeast-1:123456789012:rule/${stack}-schedule`],
  detail: {},
}

describe('the reconcile function in Lambda', () => {
  // First, since a run that follows another within minutes has nothing to ask.
  it('fails, so that Lambda reports it, where the provider refuses its credentials', async () => {
    const reconcile = await lambdaOf('reconcile', {
      TENCENTCLOUD_SECRET_ID: simulatedSesCredentials.secretId,
      TENCENTCLOUD_SECRET_KEY: 'another',
    })
    const refused = await reconcile.invoke(scheduleEvent)
    expect(refused).toMatchObject({ error: { errorType: 'Error' } })
    expect(JSON.stringify(refused)).toContain('TENCENTCLOUD_SECRET_KEY')
  })

  it('finds what no callback reported, and logs its figures', async () => {
    const sentAt = new Date(Date.now() - 600_000).toISOString()
    const deliveredAtMs = Date.now() - 590_000
    ses.send(
      mailAt(sentAt, 'silent', { timeline: [{ kind: 'delivered', atMs: deliveredAtMs }] }),
      mailAt(sentAt, 'complaining', {
        timeline: [
          { kind: 'delivered', atMs: deliveredAtMs },
          { kind: 'complained', atMs: deliveredAtMs + 1_000 },
        ],
      }),
    )
    const reconcile = await lambdaOf('reconcile')
    expect(await reconcile.invoke(scheduleEvent)).toMatchObject({
      response: { rows: 2, discovered: 2, repaired: 0, unknown: 0, stoppedBy: 'done' },
    })
    const found = await rowsOf(aws.dynamoDb, `${stack}-deliveries`)
    expect(found.filter(({ status }) => status === 'delivered').map(({ recipient }) => recipient)).toEqual(
      expect.arrayContaining(['silent@example.com', 'complaining@example.com']),
    )
    expect(await rowsOf(aws.dynamoDb, `${stack}-suppressions`)).toContainEqual(
      expect.objectContaining({ recipient: 'complaining@example.com', reason: 'complaint' }),
    )
    // Tencent's client parses its endpoint by what Node advises against, and Lambda logs the advice once a start.
    const lines = reconcile
      .log()
      .trim()
      .split('\n')
      .filter((line) => !line.includes('[DEP0169]'))
    const metrics = lines
      .map((line) => JSON.parse(line) as object)
      .find((line) => 'discovered' in line && '_aws' in line)
    expect(metrics).toMatchObject({ deployment: stack, job: 'reconcile', discovered: 2, unfinished: 0 })

    expect(await reconcile.invoke(scheduleEvent)).toMatchObject({
      response: { discovered: 0, repaired: 0, stoppedBy: 'done' },
    })
  })
})
