import { tokenDigest } from '../lib/ingest/token-digest.ts'
import type { Environment } from '../lib/runtime/config.ts'
import { tableNames } from '../lib/table/names.ts'
import { suppressionWriter } from '../lib/table/suppression-writer.ts'
import { virtualClock } from '../local/virtual-clock.ts'
import type { EmbeddedTables } from './embedded-tables.ts'
import { eventWith } from './events.ts'
import { wiredLedger } from './wired-ledger.ts'

// What the query API is asked about by tests and by the examples of docs/query-api.md and lib/query/openapi.json.

export const queryToken = 'a-token-of-the-query-api'
export const queryNow = '2026-11-21T08:00:00Z'

const annasMessage = 'qcloudses-30-251200670-date-20261120160000-Xk3TqPz7Lw0aB'
const bensMessage = 'qcloudses-30-251200670-date-20261121120000-8jolHvR2XcXC1'
/** SendCloud's, to two recipients. */
export const sharedMessage = '1795161600000_144383_11771_2575.sc-10_9_13_218-inbound'

/** Some mails of both providers, and who is on the suppression list; answers the environment of the query function. */
export async function queryWorld(engine: EmbeddedTables): Promise<{ readonly environment: Environment }> {
  const { prefix } = await engine.freshTables()
  const tables = tableNames(prefix)
  const { client } = engine
  const { deliveries } = wiredLedger(client, tables, virtualClock(queryNow), () => undefined)
  const at = (time: string) => Date.parse(`2026-11-${time}Z`)
  const order = {
    subject: 'Your order 2041',
    from: 'orders@shop.example.com',
    fromDomain: 'shop.example.com',
  }
  const welcome = { provider: 'sendcloud', message: sharedMessage, columns: { subject: 'Welcome' } }
  for (const reported of [
    {
      recipient: 'anna@example.com',
      message: annasMessage,
      kind: 'bounced' as const,
      bounceClass: 'hard' as const,
      occurredAtMs: at('20T08:00:04'),
      reply: '550 5.1.1 mailbox not found',
      columns: order,
    },
    { recipient: 'ben@example.com', message: bensMessage, occurredAtMs: at('21T04:00:03'), columns: order },
    {
      recipient: 'ben@example.com',
      message: bensMessage,
      kind: 'opened' as const,
      occurredAtMs: at('21T04:40:00'),
      columns: order,
    },
    {
      ...welcome,
      recipient: 'ben@example.com',
      emailId: `${sharedMessage}0$ben@example.com`,
      occurredAtMs: at('20T08:00:05'),
      sentAtMs: at('20T08:00:00'),
    },
    {
      ...welcome,
      recipient: 'cara@example.com',
      emailId: `${sharedMessage}1$cara@example.com`,
      kind: 'unsubscribed' as const,
      occurredAtMs: at('20T09:30:00'),
      columns: { subject: 'Welcome', fromDomain: 'news.example.com' },
    },
  ]) {
    await deliveries.record(eventWith(reported))
  }
  await suppressionWriter({ client, table: tables.suppressions }).suppress({
    recipient: 'dora@example.com',
    reason: 'blocklist',
    occurredAtMs: at('20T00:00:00'),
    untilMs: at('30T00:00:00'),
    source: 'list',
    provider: 'tencent-ses',
    detail: '',
  })
  return { environment: { TABLE_PREFIX: prefix, QUERY_TOKEN_SHA256: tokenDigest(queryToken) } }
}
