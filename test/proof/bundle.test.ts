import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { bundle } from '../../bench/cold/bundle.ts'
import { callbackSettings, deliveredCallbacks } from '../../bench/cold/callback.ts'
import { authorizationOf } from '../../bench/cold/sigv4.ts'
import { close, listen } from '../../local/listening-server.ts'
import { invokeBundle } from '../bundled-function.ts'

// What the stand-ins of serverless.yml leave of the AWS SDK, looked at from outside. test/package.test.ts says that the zips
// hold these very bundles.

let folder: string
let ingest: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'delivery-ledger-bundle-'))
  ingest = join(folder, 'ingest.cjs')
  await writeFile(ingest, (await bundle('functions/ingest.ts')).code)
})
afterAll(() => rm(folder, { recursive: true }))

describe('a bundle', () => {
  // A start takes longer the more there is to load: `npm run bench:cold`. Whoever needs more raises the limit on purpose.
  // Both hold the table of replies (lib/core/reply-rules.ts), of about 12 KB.
  it.each([
    ['ingest', 300_000],
    // It also writes what callbacks left unfinished, and reads their bodies for it, and the providers' own lists; and it
    // erases again what comes back.
    ['reconcile', 450_000],
    // It reads, and judges nothing: neither the table of replies nor the client of parameters is in it.
    ['query', 235_000],
  ])('of %s holds at most %d bytes', async (name, maxBytes) => {
    const { code } = await bundle(`functions/${name}.ts`)
    expect(code.length).toBeLessThanOrEqual(maxBytes)
  })

  it.each([
    // Whoever writes suppressions reads the form in which they stand.
    [
      'ingest',
      /^lib\/(status-apis|reconcile|wiring\/(?!writers))|(?<!suppression|parameter)-reader\.ts$|^tencentcloud|^node-fetch$/,
    ],
    ['reconcile', /^lib\/(runtime\/http|ingest\/(?!process-body|unverified))|inbound-reader/],
    [
      'query',
      /^lib\/(?:status-apis|reconcile|quarantine|erase|wiring|runtime\/parameters|ingest\/(?!token-digest))|-writer\.ts$|reply-rules|^tencentcloud|client-ssm/,
    ],
  ])('of %s holds nothing of what only others need', async (name, ofOthers) => {
    const { holds } = await bundle(`functions/${name}.ts`)
    expect(holds).toContain(`functions/${name}.ts`)
    expect(holds.filter((file) => ofOthers.test(file))).toEqual([])
  })
})

interface Asked {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'an/example+secret' }
const environment = {
  ...callbackSettings,
  TABLE_PREFIX: 'bundled',
  AWS_REGION: 'eu-north-1',
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
}

/** Something in DynamoDB's place, which answers as instructed, and at last 200. */
async function startTable(...statuses: number[]): Promise<{ server: Server; url: string; asked: Asked[] }> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push({ headers: request.headers, body })
      const status = statuses.shift() ?? 200
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
      const fault = { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' }
      response.end(JSON.stringify(status === 200 ? {} : fault))
    })
  })
  return { server, url: `http://127.0.0.1:${await listen(server, 0, 'a table')}`, asked }
}

describe('the bundled client of DynamoDB', () => {
  let table: Awaited<ReturnType<typeof startTable>>
  afterEach(() => close(table.server))
  const [callback = {}] = deliveredCallbacks(1)
  const answerTo = (settings: Record<string, string> = {}) =>
    invokeBundle(ingest, callback, { ...environment, AWS_ENDPOINT_URL_DYNAMODB: table.url, ...settings })

  it.each([
    ['', {}],
    [' with a session token', { AWS_SESSION_TOKEN: 'a-session-token' }],
  ])('signs a write%s as AWS describes it', async (_with, settings) => {
    table = await startTable()
    expect(await answerTo(settings)).toMatchObject({ statusCode: 200, body: '{"recorded":1}' })
    expect(table.asked).toHaveLength(1)
    const [{ headers, body }] = table.asked as [Asked]
    expect(headers).toMatchObject({ 'x-amz-target': 'DynamoDB_20120810.UpdateItem' })
    const names = /SignedHeaders=([^,]+),/.exec(headers.authorization ?? '')![1]!.split(';')
    expect(names).toEqual(expect.arrayContaining(['host', 'x-amz-date', 'x-amz-target']))
    expect(headers['x-amz-security-token']).toBe(Object.values(settings)[0])
    expect(names.includes('x-amz-security-token')).toBe('AWS_SESSION_TOKEN' in settings)
    const signed = Object.fromEntries(names.map((name) => [name, String(headers[name])]))
    expect(headers.authorization).toBe(
      authorizationOf({ headers: signed, body }, credentials, 'eu-north-1', 'dynamodb'),
    )
  })

  it('tries a third time where DynamoDB fails twice', async () => {
    table = await startTable(500, 500)
    expect(await answerTo()).toMatchObject({ statusCode: 200, body: '{"recorded":1}' })
    expect(table.asked).toHaveLength(3)
  })

  it('tries no fourth time', async () => {
    table = await startTable(500, 500, 500)
    expect(await answerTo()).toMatchObject({ statusCode: 503 })
    expect(table.asked).toHaveLength(3)
  })
})

describe('without a setting, the bundled client finds DynamoDB', () => {
  const [callback = {}] = deliveredCallbacks(1)

  it.each([
    ['us-east-1', {}, 'dynamodb.us-east-1.amazonaws.com'],
    ['cn-north-1', {}, 'dynamodb.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', {}, 'dynamodb.us-gov-west-1.amazonaws.com'],
    ['us-east-1', { AWS_USE_FIPS_ENDPOINT: 'true' }, 'dynamodb-fips.us-east-1.amazonaws.com'],
    ['us-east-1', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }, 'dynamodb.us-east-1.api.aws'],
  ])('in %s with %j', async (region, settings, expected) => {
    const setHost = `require('node:https').request = ({ host, port }) => {
      console.error(JSON.stringify({ host, port: port ?? 443 }))
      process.exit()
    }`
    const found = await invokeBundle(
      ingest,
      callback,
      { ...environment, AWS_REGION: region, ...settings },
      setHost,
    )
    expect(found).toEqual({ host: expected, port: 443 })
  })
})
