import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secondMs } from '../../lib/core/instant.ts'
import type { WebhookRequest } from '../../lib/ingest/ports.ts'
import { tooLarge, tryAgain } from '../../lib/ingest/responses.ts'
import type { QueryRequest } from '../../lib/query/ports.ts'
import { isQueryPath } from '../../lib/query/query.ts'
import { errorName } from '../../lib/runtime/error-name.ts'
import type { Response as Answer } from '../../lib/runtime/http/function-url-result.ts'
import type { Log } from '../../lib/runtime/ports.ts'
import type { Health } from './health.ts'

/** What answers behind HTTP. */
interface Doors {
  readonly ingest: (request: WebhookRequest) => Promise<Answer>
  /** Whether path and token let a body in: nobody else's is read. */
  readonly isOpen: (request: WebhookRequest) => boolean
  /** Absent where no questions are answered. */
  readonly query: ((request: QueryRequest) => Promise<Answer>) | undefined
  readonly health: Health
  readonly log: Log
}

/** The bounds of what strangers can take. */
export interface HttpLimits {
  /** For the head of a request, and for all of it. */
  readonly headMs: number
  readonly requestMs: number
  readonly connections: number
  /** Requests with a body that are worked on at once; further ones are to come again. */
  readonly bodies: number
}

export const usualLimits: HttpLimits = {
  headMs: 10 * secondMs,
  requestMs: 30 * secondMs,
  connections: 512,
  // Of 6 MB each, three times over while they are read.
  bodies: 32,
}

/** As a function URL has it. Source: AWS Lambda quotas, "Invocation payload". */
const maxBodyBytes = 6 * 1024 * 1024
/** Longer than proxies keep theirs (nginx: 60 s), or they would ask on one that is being closed. */
const keepAliveMs = 75 * secondMs
/** How often is looked for requests that take too long. */
const checkEveryMs = secondMs
/** For a response that nobody reads. */
const idleMs = 120 * secondMs

type Asked = Context<{ Bindings: HttpBindings }>

function appOf({ ingest, isOpen, query, health, log }: Doors, { bodies }: HttpLimits) {
  const app = new Hono<{ Bindings: HttpBindings }>()
  let underWay = 0
  app.get('/health', async (c) => {
    const isReady = await health.isReady()
    return c.json({ alive: true, ready: isReady }, isReady ? 200 : 503, noStore)
  })
  app.get('/health/live', (c) => c.json({ alive: true }, 200, noStore))
  app.all(
    '*',
    async (c, next) => {
      const request = requestOf(c)
      if (query && isQueryPath(request.path)) return responseOf(await query(request))
      if (!isOpen(request)) return responseOf(await ingest(request))
      if (underWay >= bodies) {
        log('request refused', { status: 503, problem: `${bodies} are under way` })
        return responseOf(tryAgain())
      }
      underWay += 1
      try {
        await next()
      } finally {
        underWay -= 1
      }
      return undefined
    },
    bodyLimit({
      maxSize: maxBodyBytes,
      onError() {
        log('request refused', { status: 413, problem: `its body has more than ${maxBodyBytes} bytes` })
        return responseOf(tooLarge(maxBodyBytes, false))
      },
    }),
    async (c) => {
      const body = Buffer.from(await c.req.arrayBuffer()).toString('base64')
      return responseOf(await ingest({ ...requestOf(c), body, isBase64Encoded: true }))
    },
  )
  app.onError((error, c) => {
    const isCutOff = c.env.incoming.destroyed && !c.env.incoming.complete
    if (isCutOff) log('request cut off', { error: errorName(error) })
    else log('unexpected fault', { stack: error.stack })
    return responseOf(tryAgain())
  })
  return app
}

const noStore = { 'cache-control': 'no-store' }

/** The request without its body. Not by its URL alone, which would take `//tencent-ses/…` for a host. */
function requestOf({ env: { incoming } }: Asked): WebhookRequest & QueryRequest {
  // Some proxies name the host before the path. Source: RFC 9112, 3.2.2.
  const target = (incoming.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '')
  const [path = '/', ...query] = target.split('?')
  return {
    method: incoming.method ?? 'GET',
    path,
    query: query.join('?'),
    headers: headersOf(incoming),
    body: '',
    isBase64Encoded: false,
  }
}

function headersOf({ headers }: IncomingMessage): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  )
}

function responseOf({ status, headers, body }: Answer): Response {
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers })
}

/** A server that listens. */
interface ListeningServer {
  readonly port: number
  /** Takes no further request, and resolves once those under way are answered, or are ended after that time. */
  readonly stop: (withinMs: number) => Promise<void>
}

/** Rejects where the port is in use, or there is no such address here. */
export async function listen(
  doors: Doors,
  {
    host,
    port,
    limits = usualLimits,
  }: { readonly host: string; readonly port: number; readonly limits?: HttpLimits },
): Promise<ListeningServer> {
  const app = appOf(doors, limits)
  const server = createAdaptorServer({
    fetch: app.fetch,
    // For a request of HTTP/1.0, which may have no host.
    hostname: 'localhost',
    serverOptions: {
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: Math.min(checkEveryMs, limits.headMs),
    },
  }) as Server
  server.maxConnections = limits.connections
  const open = openConnections(server)
  server.timeout = idleMs
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('A server listens on a port.')
  return { port: address.port, stop: (withinMs) => stopped(server, open, withinMs) }
}

/** Connections, and the responses that they are owed. */
interface OpenConnections {
  /** Ends those that are owed none, also where a request has only begun, and each other one behind its response. */
  readonly endThemselves: () => void
}

function openConnections(server: Server): OpenConnections {
  const owed = new Map<Socket, ServerResponse | undefined>()
  let isEnding = false
  server.on('connection', (socket: Socket) => {
    owed.set(socket, undefined)
    socket.once('close', () => owed.delete(socket))
  })
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    owed.set(socket, response)
    if (isEnding) response.shouldKeepAlive = false
    response.once('close', () => {
      if (owed.get(socket) !== response) return
      owed.set(socket, undefined)
      // Its response may have promised before the end that it stays.
      if (isEnding) socket.end()
    })
  })
  return {
    endThemselves() {
      isEnding = true
      for (const [socket, response] of owed) {
        if (response) response.shouldKeepAlive = false
        else socket.destroy()
      }
    },
  }
}

async function stopped(server: Server, open: OpenConnections, withinMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  open.endThemselves()
  const late = setTimeout(() => {
    server.closeAllConnections()
  }, withinMs)
  await closed
  clearTimeout(late)
}
