import type { WebhookResponse } from './ports.ts'
import type { BodyResult } from './process-body.ts'

/** What became of one request. */
export interface IngestResult {
  readonly response: WebhookResponse
  /** What its line in the log says beside provider and status. */
  readonly logged: Readonly<Record<string, unknown>>
  /** What was read in its body, and written. Absent where nothing was read. */
  readonly body: BodyResult | undefined
  /** Whether its body stands in quarantine now. */
  readonly isQuarantined: boolean
  /** Whether it carried a body that was not read, though the response is 200: an unsigned one. */
  readonly isUnread: boolean
}

/** A response, and what is to be said of the request beside it. */
export function resultOf(
  response: WebhookResponse,
  more: Partial<Omit<IngestResult, 'response'>> = {},
): IngestResult {
  return { response, logged: {}, body: undefined, isQuarantined: false, isUnread: false, ...more }
}
