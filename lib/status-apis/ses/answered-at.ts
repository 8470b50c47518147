import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ClientRequest, IncomingMessage } from 'node:http'

/** Source: Node.js documentation, diagnostics_channel, built-in channels, HTTP. */
const answers = 'http.client.response.finish'

/** By it a request is known again; the SDK makes one up where it is given none. */
const traceHeader = 'X-TC-TraceId'

/**
 * Asks, and reports by the provider's own clock when that was answered: what the `Date` header says. The SDK keeps headers to
 * itself, and Node reports each answer.
 * @param ask - makes one request with these headers
 * @returns `answeredAtMs` is `undefined` where the answer has no date that can be read
 */
export async function withAnsweredAt<T>(
  ask: (headers: Readonly<Record<string, string>>) => Promise<T>,
): Promise<{ readonly answer: T; readonly answeredAtMs: number | undefined }> {
  const trace = randomUUID()
  let answeredAtMs: number | undefined
  const listen = (message: unknown) => {
    if (traceOf(message) === trace) answeredAtMs = dateOf(message)
  }
  subscribe(answers, listen)
  try {
    const answer = await ask({ [traceHeader]: trace })
    return { answer, answeredAtMs }
  } finally {
    unsubscribe(answers, listen)
  }
}

function traceOf(message: unknown): unknown {
  const request =
    typeof message === 'object' && message !== null && 'request' in message ? message.request : undefined
  return request instanceof ClientRequest ? singleValue(request.getHeader(traceHeader)) : undefined
}

// node-fetch hands each header over as a list.
function singleValue(header: unknown): unknown {
  return Array.isArray(header) ? header[0] : header
}

function dateOf(message: unknown): number | undefined {
  const response =
    typeof message === 'object' && message !== null && 'response' in message ? message.response : undefined
  const dateMs = response instanceof IncomingMessage ? Date.parse(response.headers.date ?? '') : NaN
  return Number.isNaN(dateMs) ? undefined : dateMs
}
