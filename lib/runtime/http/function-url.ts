import * as v from 'valibot'
import type { WebhookResponse, WebhookRequest } from '../../ingest/ports.ts'

/**
 * The part of a Lambda function URL event (payload format 2.0) that is used. It is validated before use. Source: AWS
 * Lambda developer guide, "Request and response payloads".
 */
const functionUrlEvent = v.object({
  rawPath: v.string(),
  // Names are in lower case.
  headers: v.optional(v.record(v.string(), v.string()), {}),
  body: v.optional(v.string(), ''),
  isBase64Encoded: v.optional(v.boolean(), false),
  requestContext: v.object({ http: v.object({ method: v.string() }) }),
})

/** A function URL's response, payload format 2.0. */
export interface FunctionUrlResult {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Reads a function URL event. Throws if the function was invoked by something else. */
export function requestOf(event: unknown): WebhookRequest {
  const parsed = v.safeParse(functionUrlEvent, event)
  if (!parsed.success) {
    throw new TypeError(
      'Expected a function URL event (payload format 2.0): invoke this function by its URL.',
    )
  }
  const { rawPath, headers, body, isBase64Encoded, requestContext } = parsed.output
  const method = requestContext.http.method.toUpperCase()
  return { method, path: rawPath, headers: new Map(Object.entries(headers)), body, isBase64Encoded }
}

export function resultOf(response: WebhookResponse): FunctionUrlResult {
  const body = response.body === undefined ? '' : JSON.stringify(response.body)
  return { statusCode: response.status, headers: response.headers, body }
}
