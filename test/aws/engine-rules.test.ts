import { describe, expect, it } from '@jest/globals'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { createHandler } from '../../functions/ingest.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { deliveryReader } from '../../lib/table/delivery-reader.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { sampleMessage } from '../events.ts'

// Rules of DynamoDB that the embedded engine (dynalite) keeps otherwise or not at all, and what they mean for the ledger.
// `npm run test:aws` runs this on other engines, as it does the tests that `npm test` runs on the embedded one.

const engine = embeddedTables()
const clock = virtualClock('2026-11-21T08:00:00Z')
const token = 'a-token-of-the-callback-url'

async function post(prefix: string, body: object): Promise<number> {
  const environment = { TABLE_PREFIX: prefix, CALLBACK_TOKEN_SHA256: tokenDigest(token) }
  const dynamoDb = () => engine.clientAs('ingest')
  const handler = createHandler(environment, { clock, log: () => undefined, dynamoDb })
  const requestContext = { http: { method: 'POST' } }
  const event = { rawPath: `/tencent-ses/${token}`, body: JSON.stringify(body), requestContext }
  return (
    await handler(
      event,
      lambdaContext(() => 10_000),
    )
  ).statusCode
}

const delivered = {
  event: 'delivered',
  email: 'example@example.com',
  bulkId: sampleMessage,
  timestamp: 1654064683,
}

function withHeaders(count: number): object {
  const headers = Array.from({ length: count }, (_, index) => [`X-Tencentcloudses-Cb-${index}`, 'x'] as const)
  return { ...delivered, ...Object.fromEntries(headers) }
}

describe('an expression', () => {
  // DynamoDB: "The maximum length of any expression string is 4 KB". A header of the sender takes 37 bytes of it.
  it('that would be longer than 4 KB is none, so what has more than 114 headers is written, whole', async () => {
    const tables = await engine.freshTables()
    expect(await post(tables.prefix, withHeaders(1_000))).toBe(200)
    expect(await rowsOf(engine.client, tables.quarantine)).toEqual([])
    const { client } = engine
    const reader = deliveryReader({ client, table: tables.deliveries, clock, log: () => undefined })
    const [delivery] = await reader.ofRecipient('example@example.com')
    expect(delivery).toMatchObject({ status: 'delivered' })
    expect(delivery?.columns.get('X-Tencentcloudses-Cb-999')).toBe('x')
  })
})

describe('text', () => {
  it('is ordered by its bytes in UTF-8, so the first of two lines is the one of which that is so', async () => {
    const { suppressions } = await engine.freshTables()
    const list = { client: engine.client, table: suppressions }
    // By its units in UTF-16 the envelope, d83d dce7, would come before the white circle, ffee.
    for (const detail of ['\u{1f4e7}', '\u{ffee}']) {
      const reported = { reason: 'by-hand', source: 'operator', occurredAtMs: 0, detail } as const
      await suppressionWriter(list).suppress({ recipient: 'a@example.com', ...reported })
    }
    expect(await rowsOf(engine.client, suppressions)).toMatchObject([
      { suppressedBy: '1970-01-01T00:00:00Z[operator] by-hand \u{ffee}' },
    ])
  })
})

describe('a batch', () => {
  it('of more than 16 MB is answered in parts, and all of it is read', async () => {
    const { deliveries: table } = await engine.freshTables()
    const { client } = engine
    const keys = Array.from({ length: 45 }, (_, index) => ({
      recipient: `reader-${index}@example.com`,
      message: sampleMessage,
    }))
    for (const { recipient, message } of keys) {
      const Item = {
        recipient: { S: recipient },
        message: { S: message },
        provider: { S: 'tencent-ses' },
        status: { S: 'delivered' },
        statusRank: { N: '50' },
        subject: { S: 'x'.repeat(390 * 1024) },
      }
      await client.send(new PutItemCommand({ TableName: table, Item }))
    }
    const reader = deliveryReader({ client, table, clock, log: () => undefined })
    const rows = await reader.rowsOf(keys)
    expect(rows.map(({ recipient }) => recipient).sort()).toEqual(
      keys.map(({ recipient }) => recipient).sort(),
    )
  })
})

describe('an index', () => {
  const item = { recipient: { S: 'a@example.com' }, message: { S: 'm' } }

  it.each(['messageId', 'pending'])('has no empty key: %s', async (attribute) => {
    const { deliveries } = await engine.freshTables()
    const put = new PutItemCommand({ TableName: deliveries, Item: { ...item, [attribute]: { S: '' } } })
    await expect(engine.client.send(put)).rejects.toMatchObject({ name: 'ValidationException' })
  })
})
