import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

/**
 * "The maximum length of any expression string is 4 KB."
 * Source: DynamoDB developer guide, "Constraints in Amazon DynamoDB", expression parameters.
 */
const maxExpressionBytes = 4 * 1024

const expressions = [
  'UpdateExpression',
  'ConditionExpression',
  'FilterExpression',
  'KeyConditionExpression',
  'ProjectionExpression',
]

/** What the engine looks at of a request. */
type Request = Readable & Pick<IncomingMessage, 'method' | 'url' | 'headers'>

type Listener = (request: Request, response: ServerResponse) => void

/**
 * Has an engine that knows no limit of expressions refuse what DynamoDB refuses. A request that is short enough to hold no
 * expression over the limit is not looked into.
 */
export function limitExpressions(server: Server): void {
  const listeners = server.listeners('request') as Listener[]
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const problem = problemOf(body)
      if (problem === undefined) for (const listener of listeners) listener(asRead(request, body), response)
      else refuse(response, problem)
    })
  })
}

function problemOf(body: Buffer): string | undefined {
  if (body.length <= maxExpressionBytes) return undefined
  const input = objectIn(body)
  for (const name of expressions) {
    const expression = input[name]
    if (typeof expression !== 'string') continue
    const bytes = Buffer.byteLength(expression)
    if (bytes > maxExpressionBytes) {
      return `Invalid ${name}: Expression size has exceeded the maximum allowed size; expression size: ${bytes}`
    }
  }
  return undefined
}

function objectIn(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const input: unknown = JSON.parse(body.toString())
    return typeof input === 'object' && input !== null ? { ...input } : {}
  } catch {
    return {}
  }
}

/** The request once more, with its body still to be read. */
function asRead({ method, url, headers }: IncomingMessage, body: Buffer): Request {
  const again = Readable.from(body.length === 0 ? [] : [body])
  return Object.assign(again, {
    headers,
    ...(method !== undefined && { method }),
    ...(url !== undefined && { url }),
  })
}

function refuse(response: ServerResponse, message: string): void {
  response.statusCode = 400
  response.setHeader('content-type', 'application/x-amz-json-1.0')
  response.end(JSON.stringify({ __type: 'com.amazon.coral.validate#ValidationException', message }))
}
