import { afterEach, describe, expect, it } from '@jest/globals'
import type { FunctionUrlHandler } from '../../lib/runtime/http/function-url.ts'
import { startFunctionUrlServer, type FunctionUrlServer } from '../../local/function-url-server.ts'
import { StartError } from '../../local/listening-server.ts'

const servers: FunctionUrlServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

async function serverOf(handler: FunctionUrlHandler, port = 0): Promise<FunctionUrlServer> {
  const server = await startFunctionUrlServer(handler, port)
  servers.push(server)
  return server
}

/** A function that answers with the event it was given. */
const echo: FunctionUrlHandler = (event) =>
  Promise.resolve({ statusCode: 200, headers: { 'x-echo': 'yes' }, body: JSON.stringify(event) })

async function eventOf(path: string, request: RequestInit): Promise<Record<string, unknown>> {
  const { url } = await serverOf(echo)
  const response = await fetch(url + path, request)
  expect(response.headers.get('x-echo')).toBe('yes')
  return (await response.json()) as Record<string, unknown>
}

describe('a request', () => {
  it('becomes an event of payload format 2.0', async () => {
    const event = await eventOf('/tencent-ses/a%20token?x=1&y=%32', {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'X-Mixed-Case': 'Value' },
      body: '{"subject":"你好"}',
    })
    expect(event).toMatchObject({
      version: '2.0',
      rawPath: '/tencent-ses/a%20token',
      rawQueryString: 'x=1&y=%32',
      body: '{"subject":"你好"}',
      isBase64Encoded: false,
      headers: { 'content-type': 'application/json; charset=utf-8', 'x-mixed-case': 'Value' },
      requestContext: { http: { method: 'POST', path: '/tencent-ses/a%20token', sourceIp: '127.0.0.1' } },
    })
  })

  it('of a binary type comes as base64', async () => {
    const bytes = new Uint8Array([0x00, 0xff, 0x80])
    const event = await eventOf('/', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
    })
    expect(event).toMatchObject({ body: 'AP+A', isBase64Encoded: true })
  })

  it('without a body has none in its event', async () => {
    const event = await eventOf('/', { method: 'GET' })
    expect(event).not.toHaveProperty('body')
    expect(event.isBase64Encoded).toBe(false)
  })

  it('beyond 6 MB never reaches the function', async () => {
    let invocations = 0
    const { url } = await serverOf((event, context) => {
      invocations += 1
      return echo(event, context)
    })
    const send = (bytes: number) => fetch(url, { method: 'POST', body: 'x'.repeat(bytes) })
    expect((await send(6 * 1024 * 1024)).status).toBe(200)
    expect((await send(6 * 1024 * 1024 + 1)).status).toBe(413)
    expect(invocations).toBe(1)
  })
})

describe('a function that fails', () => {
  it('is answered 502, as AWS does', async () => {
    const { url } = await serverOf(() => Promise.reject(new Error('at start')))
    expect((await fetch(url)).status).toBe(502)
  })
})

describe('a port', () => {
  it('that something else holds is named with what it was for', async () => {
    const { url } = await serverOf(echo)
    const port = Number(new URL(url).port)
    const second = serverOf(echo, port)
    await expect(second).rejects.toThrow(StartError)
    await expect(second).rejects.toThrow(`Port ${port}, for callbacks (PORT), is in use already.`)
  })
})
