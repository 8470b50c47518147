import type { SimulatedDelivery } from '../../../local/simulated-ses/mail.ts'

/** A delivery to which nothing has happened yet; sent at noon of 2026-11-21 in UTC+8 by default. */
export function sampleDelivery(parts: Partial<SimulatedDelivery> = {}): SimulatedDelivery {
  return {
    messageId: 'qcloudses-30-251200670-date-20261121120000-8jolHvR2XcXC1',
    recipient: 'anna@example.com',
    from: 'test@fromexample.com',
    subject: 'example subject',
    templateId: 123456,
    sentAtMs: Date.parse('2026-11-21T04:00:00Z'),
    headers: {},
    timeline: [],
    ...parts,
  }
}
