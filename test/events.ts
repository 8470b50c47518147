import type { DeliveryEvent } from '../lib/core/event.ts'

/** The message of Tencent's own sample: sent 2022-06-01 14:24:39 in UTC+8. */
export const sampleMessage = 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1'

/** A plain delivered event of the sample message, but for what a test says about it. */
export function eventWith(reported: Partial<DeliveryEvent>): DeliveryEvent {
  return {
    provider: 'tencent-ses',
    recipient: 'example@example.com',
    message: sampleMessage,
    kind: 'delivered',
    source: 'callback',
    occurredAtMs: Date.parse('2022-06-01T06:24:43Z'),
    detail: '',
    columns: {},
    headers: new Map(),
    ...reported,
  }
}
