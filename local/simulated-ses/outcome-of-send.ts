import type { DeliveryKey } from '../../lib/core/delivery.ts'
import { hourMs, secondMs } from '../../lib/core/instant.ts'
import { sentAtOf } from '../../lib/core/message.ts'
import type { SimulatedDelivery } from './mail.ts'

const untilDeliveredMs = 2 * secondMs

/**
 * The outcome of mails that an application recorded just now: they are delivered. The simulated SES knows no mails of
 * another provider, or sent long ago.
 */
export function outcomesOfSends(
  deliveries: readonly DeliveryKey[],
  nowMs: number,
): readonly SimulatedDelivery[] {
  return deliveries.flatMap(({ message, recipient }) => {
    const sentAtMs = message.startsWith('qcloudses-') ? sentAtOf(message) : undefined
    if (sentAtMs === undefined || Math.abs(nowMs - sentAtMs) > hourMs) return []
    return {
      messageId: message,
      recipient,
      from: 'notice@mail.example.com',
      subject: 'A mail that you recorded',
      templateId: 123456,
      sentAtMs,
      headers: {},
      timeline: [{ kind: 'delivered', atMs: nowMs + untilDeliveredMs }],
    }
  })
}
