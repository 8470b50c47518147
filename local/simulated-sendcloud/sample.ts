import { minuteMs } from '../../lib/core/instant.ts'
import { fieldsOf, type Fields } from './callback.ts'
import { emailIdOf } from './mail.ts'

/** A callback to send by hand: a mail to example@example.com, sent a minute ago, was delivered. */
export function sampleFields(nowMs: number): Fields {
  const sentAtMs = nowMs - minuteMs
  const messageId = `${sentAtMs}_144383_11771_2575.sc-10_9_13_218-inbound`
  const recipient = 'example@example.com'
  const entry = { kind: 'delivered', atMs: nowMs } as const
  const delivery = {
    messageId,
    recipient,
    emailId: emailIdOf(messageId, 0, recipient),
    sentAtMs,
    timeline: [entry],
  }
  const message = {
    messageId,
    apiUser: 'example_trigger',
    headers: { 'SC-Custom-Order': 'order 1234' },
    sentAtMs,
    deliveries: [delivery],
  }
  return fieldsOf({ of: 'delivery', atMs: entry.atMs, message, delivery, entry })
}
