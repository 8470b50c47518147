import type { IncomingMessage } from 'node:http'
import { bodyOf } from '../simulated-api/request-body.ts'

/** A call of SendCloud's API: the parameters may stand in the URL or in a form. */
export interface ApiRequest {
  readonly method: string
  /** Module and action: `data/emailStatus`. */
  readonly action: string
  readonly parameters: ReadonlyMap<string, string>
}

/** Rejects when the body is larger than any call can be, or breaks off. */
export async function receive(message: IncomingMessage): Promise<ApiRequest> {
  const body = await bodyOf(message)
  const [path = '', query = ''] = (message.url ?? '').split('?', 2)
  const fields = [...new URLSearchParams(query), ...new URLSearchParams(body.toString('utf8'))]
  return {
    method: message.method ?? '',
    // What stands before it differs from host to host: /apiv2, /api.
    action: path.split('/').slice(-2).join('/'),
    parameters: new Map(fields),
  }
}
