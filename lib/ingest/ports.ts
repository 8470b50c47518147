/** A request from any HTTP front end: nothing is decoded yet. */
export interface WebhookRequest {
  readonly method: string
  /** The path as received, percent-encoded, without query. */
  readonly path: string
  /** Their names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly isBase64Encoded: boolean
}

export interface WebhookResponse {
  readonly status: 200 | 202 | 400 | 401 | 404 | 405 | 413 | 503
  readonly headers: Readonly<Record<string, string>>
  /** A JSON value; absent for a response without a body. */
  readonly body?: Readonly<Record<string, unknown>>
}
