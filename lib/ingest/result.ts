import type { WebhookResponse } from './ports.ts'
import type { BodyResult } from './process-body.ts'

/** The result of one request. */
export interface IngestResult {
  readonly response: WebhookResponse
  /** The fields of its log line besides provider and status. */
  readonly logged: Readonly<Record<string, unknown>>
  /** What was read in its body, and written. Absent if nothing was read. */
  readonly body: BodyResult | undefined
  /** Whether its body is in quarantine now. */
  readonly isQuarantined: boolean
  /** Whether it had an unsigned body, which was not read although the response is 200. */
  readonly isUnread: boolean
}

/** A response, and what is recorded about the request. */
export function resultOf(
  response: WebhookResponse,
  more: Partial<Omit<IngestResult, 'response'>> = {},
): IngestResult {
  return { response, logged: {}, body: undefined, isQuarantined: false, isUnread: false, ...more }
}
