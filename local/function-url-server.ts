import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { FunctionUrlResult } from '../lib/runtime/http/function-url-result.ts'
import type { FunctionUrlHandler } from '../lib/runtime/http/function-url.ts'
import { lambdaContext } from './lambda-context.ts'
import { close, listen, localHost } from './listening-server.ts'

/** AWS refuses a larger request before the function sees it. */
const maxRequestBytes = 6 * 1024 * 1024
const functionTimeoutMs = 10_000

export interface FunctionUrlServer {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Puts a Lambda function behind HTTP as a function URL does: each request becomes a real payload-2.0 event. */
export async function startFunctionUrlServer(
  handler: FunctionUrlHandler,
  port: number,
  what = 'callbacks (PORT)',
): Promise<FunctionUrlServer> {
  const server = createServer((request, response) => {
    invoke(handler, request, response).catch(() => {
      // As AWS answers when the function itself fails.
      if (!response.headersSent) response.writeHead(502, { 'content-type': 'application/json' })
      response.end('{"Message":"Internal Server Error"}')
    })
  })
  const url = `http://${localHost}:${await listen(server, port, what)}`
  return { url, stop: () => close(server) }
}

async function invoke(
  handler: FunctionUrlHandler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request)
  if (body === undefined) {
    response.writeHead(413, { 'content-type': 'application/json', connection: 'close' })
    response.end('{"Message":"Request Entity Too Large"}')
    return
  }
  const startedMs = performance.now()
  const context = lambdaContext(() => functionTimeoutMs - (performance.now() - startedMs))
  write(response, await handler(functionUrlEvent(request, body), context), request.method)
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxRequestBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Payload format 2.0. Text types come as text, all others as base64. */
function functionUrlEvent(request: IncomingMessage, body: Buffer): APIGatewayProxyEventV2 {
  // Not by URL, which would take `//tencent-ses/…` for a host.
  const [path = '/', ...query] = (request.url ?? '/').split('?')
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  )
  const isText = /^(?:text\/|application\/(?:json|javascript|xml))/.test(headers['content-type'] ?? '')
  const now = new Date()
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query.join('?'),
    headers,
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: headers.host ?? 'local',
      domainPrefix: 'local',
      http: {
        method: request.method ?? 'GET',
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: now.toISOString(),
      timeEpoch: now.getTime(),
    },
  }
}

function write(response: ServerResponse, result: FunctionUrlResult, method: string | undefined): void {
  response.writeHead(result.statusCode, result.headers)
  response.end(method === 'HEAD' ? undefined : result.body)
}
