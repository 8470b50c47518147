import type { Delivery } from '../core/delivery.ts'
import { deliveryAsJson } from './delivery-json.ts'

// Lambda answers with at most 6 MB, of a text in which the JSON stands as a string: each quote takes two bytes.
// Source: Lambda developer guide, "Lambda quotas" (read 2026-11-30).

const maxAnswerBytes = 5 * 1024 * 1024
/** What is larger is answered without its facts and columns: one mail must not hide the others. */
const maxDeliveryBytes = 1024 * 1024

/** The deliveries as JSON, as many of the first ones as an answer holds. */
export function deliveriesAsJson(deliveries: readonly Delivery[]): readonly object[] {
  const fitting: object[] = []
  let bytes = 0
  for (const delivery of deliveries) {
    const { json, size } = boundedJson(delivery)
    bytes += size
    if (bytes > maxAnswerBytes) break
    fitting.push(json)
  }
  return fitting
}

function boundedJson(delivery: Delivery): { readonly json: object; readonly size: number } {
  const whole = deliveryAsJson(delivery)
  const size = bytesInAnswer(whole)
  if (size <= maxDeliveryBytes) return { json: whole, size }
  const { recipient, message, provider, status, sentAt, counts } = whole
  const json = {
    recipient,
    message,
    provider,
    status,
    ...(sentAt !== undefined && { sentAt }),
    counts,
    shortened: true,
  }
  return { json, size: bytesInAnswer(json) }
}

function bytesInAnswer(json: object): number {
  return Buffer.byteLength(JSON.stringify(JSON.stringify(json)))
}
