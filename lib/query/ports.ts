import type { Delivery, DeliveryKey } from '../core/delivery.ts'
import type { MessageKey } from '../core/message.ts'

/** A request from any HTTP front end: nothing is decoded yet. */
export interface QueryRequest {
  readonly method: string
  /** The path as received, percent-encoded, without query. */
  readonly path: string
  /** Behind the `?`, percent-encoded as received; empty without one. */
  readonly query: string
  /** Their names in lower case. */
  readonly headers: ReadonlyMap<string, string>
}

export interface QueryResponse {
  readonly status: 200 | 400 | 401 | 404 | 405 | 414 | 503
  readonly headers: Readonly<Record<string, string>>
  /** A JSON value; absent for a response without a body. */
  readonly body?: Readonly<Record<string, unknown>>
}

/** What one query may read of deliveries: a bounded part of the table. Every method ends when its signal aborts. */
export interface DeliveryFinder {
  /** Every delivery to the recipient, complete. Throws {@link TooMuchToReadError}. */
  ofRecipient(recipient: string, signal: AbortSignal): Promise<readonly Delivery[]>
  /**
   * The deliveries of the message to the first recipients by their addresses, complete, at most as many as the limit; and
   * to how many more it went, counted as far as one query reads. Throws {@link TooMuchToReadError}.
   */
  ofMessage(
    message: MessageKey,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly found: readonly Delivery[]; readonly more: number }>
  /** The delivery of the key, complete; none if there is no row. Throws {@link TooMuchToReadError}. */
  ofKey(key: DeliveryKey, signal: AbortSignal): Promise<readonly Delivery[]>
}

/** More is stored than one query reads. */
export class TooMuchToReadError extends Error {
  override readonly name = 'TooMuchToReadError'
}
