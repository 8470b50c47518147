import { rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer, request as tlsRequest } from 'node:https'
import { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Check } from '../../cli/doctor/check.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { tableNames } from '../../lib/table/names.ts'
import { close, listen } from '../../local/listening-server.ts'
import { freePorts } from '../../local/local-environment.ts'
import { localSettings } from '../../local/settings.ts'
import { startLocalStack, type LocalStack } from '../../local/stack.ts'
import { rowsOf } from '../embedded-tables.ts'
import { projectRoot, run } from '../running-command.ts'
import { startNameServer, type NameServer } from './name-server.ts'
import {
  certificateFor,
  documentedConfiguration,
  freePort,
  functionHost,
  relayHost,
  startNginx,
  temporaryFolder,
  withReplaced,
  type Certificate,
  type RunningNginx,
} from './running-nginx.ts'

// docs/relay-nginx.md, run: nginx in front of what stands for AWS (TLS, one name), and behind that the local stack.

const token = 'Zk3pQ8vXw1LmN7bYt5RcJ2hGf9DsA4uE6'
const maxBodyBytes = 6 * 1024 * 1024
const folder = temporaryFolder()
const own = certificateFor(folder, 'own', `DNS:${relayHost},DNS:${functionHost},IP:127.0.0.1`)

let stack: LocalStack
let names: NameServer

beforeAll(async () => {
  const settings = localSettings({
    ...freePorts,
    CALLBACK_TOKEN: token,
  })
  stack = await startLocalStack(settings, { clock: systemClock, log: () => undefined })
  names = await startNameServer(functionHost)
})
afterAll(async () => {
  await names.stop()
  await stack.stop()
  rmSync(folder, { recursive: true })
})

/** What came to where the function URL is. */
interface Arrived {
  /** As TLS showed it. */
  readonly serverName: string | false | null | undefined
  readonly host: string | undefined
  readonly method: string | undefined
  readonly path: string | undefined
  readonly contentType: string | undefined
  readonly bodyBytes: number
}

interface Upstream {
  readonly port: number
  readonly arrived: readonly Arrived[]
  readonly stop: () => Promise<void>
}

/** Stands for AWS: asks for TLS by a name, and hands on to the local stack. */
async function startUpstream({ cert, key }: Certificate, isSilent = false): Promise<Upstream> {
  const arrived: Arrived[] = []
  const server = createTlsServer({ cert, key }, (request, response) => {
    void (async () => {
      const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
      const { method, url: path, headers, socket } = request
      const serverName = socket instanceof TLSSocket ? socket.servername : undefined
      const { host, 'content-type': contentType } = headers
      arrived.push({ serverName, host, method, path, contentType, bodyBytes: body.length })
      if (isSilent) return
      const { origin } = new URL(stack.callbackUrls.tencentSes)
      const onward = httpRequest(origin, { method, path: path ?? '/', headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      })
      onward.end(body)
    })()
  })
  const port = await listen(server, 0, 'the test')
  return { port, arrived, stop: () => close(server) }
}

interface Relay {
  readonly url: string
  readonly upstream: Upstream
  readonly nginx: RunningNginx
}

let relay: Relay
const stops: (() => Promise<void>)[] = []
let written = ''

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
  // Whatever happened, the token is in no file that nginx wrote.
  expect(written).not.toContain(token)
  written = ''
})

interface RelayOptions {
  /** Another configuration than the one that stands on the page. */
  readonly configuration?: string
  readonly isPlain?: boolean
  readonly upstreamCertificate?: Certificate
  readonly trusted?: Certificate
  readonly isUpstreamSilent?: boolean
}

async function startRelay({
  configuration = documentedConfiguration(),
  isPlain = false,
  upstreamCertificate = own,
  trusted = own,
  isUpstreamSilent = false,
}: RelayOptions = {}): Promise<Relay> {
  const upstream = await startUpstream(upstreamCertificate, isUpstreamSilent)
  stops.push(upstream.stop)
  const port = await freePort()
  const ownPlaces = {
    'listen 8080': `listen 127.0.0.1:${port}`,
    'resolver 169.254.169.253': `resolver 127.0.0.1:${names.port}`,
    'proxy_pass https://$function_url;': `proxy_pass https://$function_url:${upstream.port};`,
    '/etc/ssl/certs/ca-certificates.crt': trusted.certPath,
    ...(!isPlain && {
      '/etc/letsencrypt/live/relay.example.com/fullchain.pem': own.certPath,
      '/etc/letsencrypt/live/relay.example.com/privkey.pem': own.keyPath,
    }),
  }
  const nginx = await startNginx(withReplaced(configuration, ownPlaces), port)
  stops.push(async () => {
    written += await nginx.stop()
  })
  return { url: `${isPlain ? 'http' : 'https'}://127.0.0.1:${port}`, upstream, nginx }
}

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly body?: string | Buffer
  readonly type?: string
}

/** Sends one request through the relay, its path as it is. */
async function send(
  relay: Relay,
  { method = 'POST', path = `/tencent-ses/${token}`, body, type = 'application/json' }: Sent,
): Promise<{ status: number | undefined; body: string; headers: IncomingMessage['headers'] }> {
  const options = { method, path, ca: own.cert, headers: body === undefined ? {} : { 'content-type': type } }
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = relay.url.startsWith('https:') ? tlsRequest : httpRequest
    request(relay.url, options, resolve).once('error', reject).end(body)
  })
  const chunks = await Array.fromAsync(answer as AsyncIterable<Buffer>)
  return { status: answer.statusCode, body: Buffer.concat(chunks).toString(), headers: answer.headers }
}

describe.each([
  ['with TLS', {}],
  ['without TLS, as the page says', { isPlain: true, configuration: plain(documentedConfiguration()) }],
])('a relay %s', (_, options: RelayOptions) => {
  beforeEach(async () => {
    relay = await startRelay(options)
  })

  it('hands a callback on, by the name of the function URL, so that it becomes a row', async () => {
    const body = await readFile(new URL('../fixtures/tencent-ses/2025-10-bounce.json', import.meta.url))
    const answer = await send(relay, { body })
    expect(answer).toMatchObject({ status: 200, body: '{"recorded":1}' })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(relay.upstream.arrived).toEqual([
      {
        serverName: functionHost,
        host: functionHost,
        method: 'POST',
        path: `/tencent-ses/${token}`,
        contentType: 'application/json',
        bodyBytes: body.length,
      },
    ])
    expect(await rowsOf(stack.dynamoDb, tableNames(stack.tablePrefix).deliveries)).toMatchObject([
      { recipient: 'example@example.com', status: 'bounced' },
    ])
  })

  it('hands method and path on as they came', async () => {
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      await send(relay, { method, path: `//tencent-ses/%5A${token}?x=1&y=%2F` })
    }
    expect(relay.upstream.arrived.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET //tencent-ses/%5A${token}?x=1&y=%2F`,
      `HEAD //tencent-ses/%5A${token}?x=1&y=%2F`,
      `DELETE //tencent-ses/%5A${token}?x=1&y=%2F`,
    ])
  })

  it('hands the answers of the ledger on as they are', async () => {
    expect(await send(relay, { method: 'GET' })).toMatchObject({ status: 200, body: '{"recorded":0}' })
    const refused = await send(relay, { path: '/tencent-ses/another' })
    expect(refused.status).toBe(401)
    expect(refused.headers['content-type']).toBe('application/problem+json')
    expect((await send(relay, { method: 'DELETE' })).headers.allow).toBe('GET, HEAD, POST')
  })

  it('takes 6 MB, and refuses more without asking the function', async () => {
    // More than the ledger takes of Tencent SES, which is for it to say.
    const most = await send(relay, { body: Buffer.alloc(maxBodyBytes, ' ') })
    expect(most).toMatchObject({ status: 413, body: expect.stringContaining('maxBodyBytes') })
    const more = await send(relay, { body: Buffer.alloc(maxBodyBytes + 1, ' ') })
    expect(more).toMatchObject({ status: 413, body: expect.stringContaining('nginx') })
    expect(relay.upstream.arrived.map(({ bodyBytes }) => bodyBytes)).toEqual([maxBodyBytes])
  })

  it('logs a request by its status, and not its path', async () => {
    await send(relay, { method: 'GET' })
    await send(relay, { path: '/tencent-ses/another' })
    expect(await relay.nginx.accessLog(2)).toEqual([
      expect.stringMatching(/^\S+ 127\.0\.0\.1 GET 200 upstream 200 \d\.\d+ s$/),
      expect.stringMatching(/^\S+ 127\.0\.0\.1 POST 401 upstream 401 \d\.\d+ s$/),
    ])
  })

  it('is seen by the doctor as the function itself', async () => {
    const checks = await examined({ NODE_EXTRA_CA_CERTS: own.certPath })
    for (const name of ['function URL', 'token', 'wrong token', 'sendcloud', 'clock']) {
      expect(checks.get(name)).toMatchObject({ verdict: 'passed' })
    }
  })
})

/** What the doctor says of the relay, from outside. */
async function examined(environment: Record<string, string>): Promise<ReadonlyMap<string, Check>> {
  const command = run(`${process.execPath} cli/ledger.mjs doctor --json --url ${relay.url} 2>/dev/null`, {
    CALLBACK_TOKEN: token,
    ...environment,
  })
  await command.exited
  const checks = JSON.parse(command.output()) as readonly Check[]
  return new Map(checks.map((check) => [check.check, check]))
}

/** As the page says: `listen 8080;`, without the lines of the certificate. */
function plain(configuration: string): string {
  return withReplaced(configuration, { 'listen 8080 ssl;': 'listen 8080;' }).replace(
    /^ *ssl_certificate(?:_key)? .*\n/gm,
    '',
  )
}

describe('a relay', () => {
  it('asks a name server for the function URL', async () => {
    relay = await startRelay()
    await send(relay, { method: 'GET' })
    expect(names.asked).toContain(functionHost)
  })

  it('answers 502 where the function URL has no address', async () => {
    const configuration = withReplaced(documentedConfiguration(), {
      [functionHost]: 'def456.lambda-url.ap-southeast-1.on.aws',
    })
    relay = await startRelay({ configuration })
    expect((await send(relay, { body: '{}' })).status).toBe(502)
    expect(await relay.nginx.accessLog(1)).toEqual([expect.stringMatching(/ POST 502 upstream - - s$/)])
  })

  it('answers 502 where nothing listens', async () => {
    relay = await startRelay()
    await relay.upstream.stop()
    expect((await send(relay, { body: '{}' })).status).toBe(502)
    expect(await relay.nginx.accessLog(1)).toEqual([
      expect.stringMatching(/ POST 502 upstream 502 \d\.\d+ s$/),
    ])
  })

  it('sends no token to a host without a trusted certificate', async () => {
    const stranger = certificateFor(folder, 'stranger', `DNS:${functionHost}`)
    relay = await startRelay({ upstreamCertificate: stranger })
    expect((await send(relay, { body: '{}' })).status).toBe(502)
    expect(relay.upstream.arrived).toEqual([])
  })

  it('sends no token to a host with another name in its certificate', async () => {
    const other = certificateFor(folder, 'other', 'DNS:def456.lambda-url.ap-southeast-1.on.aws')
    relay = await startRelay({ upstreamCertificate: other, trusted: other })
    expect((await send(relay, { body: '{}' })).status).toBe(502)
    expect(relay.upstream.arrived).toEqual([])
  })

  it('waits longer than the function may take, and then answers 504', async () => {
    const configuration = withReplaced(documentedConfiguration(), {
      'proxy_read_timeout 12s': 'proxy_read_timeout 200ms',
    })
    relay = await startRelay({ configuration, isUpstreamSilent: true })
    expect((await send(relay, { body: '{}' })).status).toBe(504)
    // A POST is not sent twice.
    expect(relay.upstream.arrived).toHaveLength(1)

    const declared = await readFile(`${projectRoot}serverless.yml`, 'utf8')
    const [, functionSeconds] = /^ {2}ingest:$.*?^ {4}timeout: (\d+)$/ms.exec(declared)!
    const [, relaySeconds] = /proxy_read_timeout (\d+)s;/.exec(documentedConfiguration())!
    expect(Number(relaySeconds)).toBeGreaterThan(Number(functionSeconds))
  })

  it('with a certificate of its own making is trusted by nobody, which the doctor says', async () => {
    relay = await startRelay()
    const checks = await examined({})
    expect(checks.get('function URL')).toMatchObject({
      verdict: 'failed',
      found: 'TLS fails (DEPTH_ZERO_SELF_SIGNED_CERT)',
    })
  })
})
