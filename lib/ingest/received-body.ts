import { contentTypeOfText } from '../providers/body/text.ts'
import type { Callback, Provider } from '../providers/provider.ts'
import type { WebhookRequest } from './ports.ts'

/** A body, and how long its sender waits. */
export interface ReceivedBody {
  readonly provider: Provider
  readonly callback: Callback
  readonly signal: AbortSignal
  /** Leaves time to keep what could not be written by then. */
  readonly writesSignal: AbortSignal
}

/** The bytes of a request's body. Base64 is counted without decoding it: three bytes in four characters. */
export function bodyBytes({ body, isBase64Encoded }: WebhookRequest): number {
  return isBase64Encoded
    ? Math.floor((body.replace(/=+$/, '').length * 3) / 4)
    : Buffer.byteLength(body, 'utf8')
}

/** The body as the provider posted it, decoded from the form that the HTTP front end passed on. */
export function callbackIn({ body, isBase64Encoded, headers }: WebhookRequest): Callback {
  const contentType = headers.get('content-type') ?? ''
  return {
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
    contentType: isBase64Encoded ? contentType : contentTypeOfText(contentType),
    headers,
  }
}
