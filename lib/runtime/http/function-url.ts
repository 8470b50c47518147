import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import * as v from 'valibot'
import type { WebhookRequest } from '../../ingest/ports.ts'
import type { Log } from '../ports.ts'
import { resultOf, type FunctionUrlResult, type Response } from './function-url-result.ts'

/** A Lambda handler for function URL events. */
export type FunctionUrlHandler = (event: unknown, context: Context) => Promise<FunctionUrlResult>

/** A request with all that a function URL passes on; nothing is decoded yet. */
interface FunctionUrlRequest extends WebhookRequest {
  /** Behind the `?`, percent-encoded as received; empty without one. */
  readonly query: string
}

/**
 * The middleware around a function URL: events become requests, answers become results. A fault that nobody expected,
 * and a run out of time, are answered as `onFault` says: the caller can only help by asking again.
 */
export function functionUrlStack(
  respond: (request: FunctionUrlRequest) => Promise<Response>,
  { log, onFault }: { readonly log: Log; readonly onFault: () => Response },
): FunctionUrlHandler {
  const stack = middy<unknown, FunctionUrlResult>()
    .use({
      name: 'answer-unexpected-fault',
      onError(request) {
        const fault: unknown = request.error
        log('unexpected fault', { stack: fault instanceof Error ? fault.stack : typeof fault })
        request.response = resultOf(onFault())
      },
    })
    .handler(async (event: unknown) => resultOf(await respond(requestOf(event))))
  return (event, context) => stack(event, context)
}

/**
 * The part of a Lambda function URL event (payload format 2.0) that is used. It is validated before use. Source: AWS
 * Lambda developer guide, "Request and response payloads".
 */
const functionUrlEvent = v.object({
  rawPath: v.string(),
  rawQueryString: v.optional(v.string(), ''),
  // Names are in lower case.
  headers: v.optional(v.record(v.string(), v.string()), {}),
  body: v.optional(v.string(), ''),
  isBase64Encoded: v.optional(v.boolean(), false),
  requestContext: v.object({ http: v.object({ method: v.string() }) }),
})

/** Reads a function URL event. Throws if the function was invoked by something else. */
export function requestOf(event: unknown): FunctionUrlRequest {
  const parsed = v.safeParse(functionUrlEvent, event)
  if (!parsed.success) {
    throw new TypeError(
      'Expected a function URL event (payload format 2.0): invoke this function by its URL.',
    )
  }
  const {
    rawPath: path,
    rawQueryString: query,
    headers,
    body,
    isBase64Encoded,
    requestContext,
  } = parsed.output
  const method = requestContext.http.method.toUpperCase()
  return { method, path, query, headers: new Map(Object.entries(headers)), body, isBase64Encoded }
}
