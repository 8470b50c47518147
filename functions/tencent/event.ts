import * as v from 'valibot'
import type { WebhookRequest } from '../../lib/ingest/ports.ts'

/**
 * The part of an event that is used: of an SCF function URL, and of CloudBase's HTTP access, which also encodes bodies.
 * Sources: Tencent Cloud documents 583/96099 (2025-08-12) and 876/130728, read 2026-11-27. The first leaves out
 * `requestContext`, which was seen in the field.
 */
const httpEvent = v.object({
  httpMethod: v.string(),
  path: v.string(),
  headers: v.optional(v.record(v.string(), v.unknown()), {}),
  body: v.optional(v.nullable(v.string()), ''),
  isBase64Encoded: v.optional(v.boolean(), false),
})

/** Reads the event of an HTTP request. Throws if the function was invoked by something else. */
export function requestOf(event: unknown): WebhookRequest {
  const parsed = v.safeParse(httpEvent, event)
  if (!parsed.success) {
    throw new TypeError(
      'Expected the event of a function URL (httpMethod, path, headers, body): invoke this function by its URL.',
    )
  }
  const { httpMethod, path, headers, body, isBase64Encoded } = parsed.output
  return {
    method: httpMethod.toUpperCase(),
    path,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), textOf(value)])),
    body: body ?? '',
    isBase64Encoded,
  }
}

/** A header that came several times may be a list. */
function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value)
}
