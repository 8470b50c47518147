import type {
  SendCloudDelivery,
  SendCloudEntry,
  SendCloudMessage,
} from '../../../local/simulated-sendcloud/mail.ts'

const messageId = '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound'
/** Noon of 2026-11-21 in UTC+8, and 42 ms. */
export const sentAtMs = Date.parse('2026-11-21T04:00:00.042Z')

/** A message to anna, to whom all that is given happened, and to bob, to whom nothing has happened yet. */
export function sampleMessage(...timeline: readonly SendCloudEntry[]): SendCloudMessage {
  return {
    messageId,
    apiUser: 'example_trigger',
    label: { id: 20418, name: 'orders' },
    headers: { 'SC-Custom-Order': 'order 1234' },
    sentAtMs,
    deliveries: [
      delivery('anna@example.com', `${messageId}0$anna@example.com`, timeline),
      delivery('bob@example.com', `${messageId}1$bob@example.com`, []),
    ],
  }
}

function delivery(
  recipient: string,
  emailId: string,
  timeline: readonly SendCloudEntry[],
): SendCloudDelivery {
  return { messageId, recipient, emailId, sentAtMs, timeline }
}

/** A message to one recipient, sent at the instant, to which these things happened. */
export function messageAt(
  sentAtMs: number,
  name: string,
  timeline: readonly SendCloudEntry[] = [],
): SendCloudMessage {
  const messageId = `${sentAtMs}_144383_11771_2575.sc-10_9_13_218-inbound`
  const recipient = `${name}@example.com`
  return {
    messageId,
    apiUser: 'example_trigger',
    headers: {},
    sentAtMs,
    deliveries: [{ messageId, recipient, emailId: `${messageId}0$${recipient}`, sentAtMs, timeline }],
  }
}
