import type { IncomingMessage } from 'node:http'
import { bodyOf } from '../simulated-api/request-body.ts'
import type { SignedRequest } from './tc3-signature.ts'

export interface ReceivedRequest extends SignedRequest {
  /** Undefined when the body is not a JSON object. */
  readonly parameters: ReadonlyMap<string, unknown> | undefined
}

/** One call as it came in, before an answer was chosen; parameters of a wrong type read as undefined. */
export interface IncomingCall {
  readonly atMs: number
  readonly action: string
  readonly region: string
  readonly requestDate: string | undefined
  readonly offset: number | undefined
  readonly limit: number | undefined
  readonly messageId: string | undefined
  readonly toEmailAddress: string | undefined
}

/** Rejects when the body is larger than any call can be, or breaks off. */
export async function receive(message: IncomingMessage, maxBytes?: number): Promise<ReceivedRequest> {
  const body = await bodyOf(message, maxBytes)
  const [path = '/', query = ''] = (message.url ?? '/').split('?', 2)
  return {
    method: message.method ?? '',
    path,
    query,
    headers: message.headers,
    body,
    parameters: parametersOf(body.toString('utf8')),
  }
}

function parametersOf(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? new Map(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}

export function callOf(request: ReceivedRequest, atMs: number): IncomingCall {
  const text = (name: string) => {
    const value = request.parameters?.get(name)
    return typeof value === 'string' ? value : undefined
  }
  const number = (name: string) => {
    const value = request.parameters?.get(name)
    return typeof value === 'number' ? value : undefined
  }
  return {
    atMs,
    action: headerOf(request, 'x-tc-action'),
    region: headerOf(request, 'x-tc-region'),
    requestDate: text('RequestDate'),
    offset: number('Offset'),
    limit: number('Limit'),
    messageId: text('MessageId'),
    toEmailAddress: text('ToEmailAddress'),
  }
}

/** Empty when the header is absent. */
export function headerOf(request: SignedRequest, name: string): string {
  const value = request.headers[name]
  return typeof value === 'string' ? value : ''
}
