import { beforeEach, describe, expect, it } from '@jest/globals'
import { createHandler } from '../../../functions/ingest.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'
import { lambdaContext } from '../../../local/lambda-context.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { formOf, signedForm } from '../../fixtures/sendcloud/sign.ts'
import { allRowsOf, noRows } from '../../wired-ledger.ts'

// Whoever knows one path's URL writes that path's rows, and no others.

const engine = embeddedTables()
const key = 'the-app-key-of-sendcloud'

let tables: Awaited<ReturnType<typeof engine.freshTables>>
beforeEach(async () => {
  tables = await engine.freshTables()
})

/** The function, which knows a token of all paths, `shared`, and those of single paths that are given. */
function posting(own: Readonly<Record<string, string>> = {}) {
  const handler = createHandler(
    {
      TABLE_PREFIX: tables.prefix,
      CALLBACK_TOKEN_SHA256: tokenDigest('shared'),
      SENDCLOUD_APP_KEY: key,
      ...own,
    },
    {
      clock: virtualClock('2026-11-21T08:00:00Z'),
      log: () => undefined,
      dynamoDb: () => engine.clientAs('ingest'),
    },
  )
  return async (path: string, body: Uint8Array | string = '', contentType = 'application/json') => {
    const answer = await handler(
      {
        rawPath: path,
        headers: { 'content-type': contentType },
        body: Buffer.from(body).toString('base64'),
        isBase64Encoded: true,
        requestContext: { http: { method: 'POST' } },
      },
      lambdaContext(() => 10_000),
    )
    return answer.statusCode
  }
}

describe('a token', () => {
  it('opens every path that has none of its own', async () => {
    const post = posting()
    expect(await post('/tencent-ses/shared')).toBe(200)
    expect(await post('/sendcloud/shared')).toBe(200)
    expect(await post('/sent/shared')).toBe(200)
  })

  it('of one path opens it alone, and that of all opens it no more', async () => {
    const post = posting({
      CALLBACK_TOKEN_SHA256_SENDCLOUD: tokenDigest('of sendcloud'),
      CALLBACK_TOKEN_SHA256_SENT: '',
    })
    expect(await post('/sendcloud/of sendcloud')).toBe(200)
    expect(await post('/sendcloud/shared')).toBe(401)
    expect(await post('/tencent-ses/of sendcloud')).toBe(401)
    expect(await post('/sent/of sendcloud')).toBe(401)
    expect(await post('/tencent-ses/shared')).toBe(200)
    expect(await post('/sent/shared')).toBe(200)
  })

  it('of one path is replaced as that of all is, the old beside the new', async () => {
    const post = posting({
      CALLBACK_TOKEN_SHA256_SENT: `${tokenDigest('shared')},${tokenDigest('of the application')}`,
    })
    expect(await post('/sent/shared')).toBe(200)
    expect(await post('/sent/of the application')).toBe(200)
    expect(await post('/tencent-ses/of the application')).toBe(401)
  })

  it('opens nothing at all where the digests of one path are wrong', async () => {
    expect(await posting({ CALLBACK_TOKEN_SHA256_TENCENT_SES: 'hunter2' })('/sendcloud/shared')).toBe(503)
  })
})

const ofTencentSes = 'qcloudses-30-251200670-date-20261121120000-8jolHvR2XcXC1'
const ofSendCloud = '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound'

/** What a holder of Tencent's URL can post. */
const delivered = (bulkId: string) =>
  JSON.stringify({ event: 'delivered', email: 'reader@example.com', bulkId, timestamp: 1795233605 })

describe('a message that is another provider’s by the shape of its id', () => {
  it.each([
    ['SendCloud’s messageId', ofSendCloud],
    ['SendCloud’s messageId with an index', `${ofSendCloud}12`],
    ['SendCloud’s messageId of an earlier kind', '1447054895514_15555555_32350_1350.sc-10_10_126_221'],
  ])('is kept and not written at /tencent-ses: %s', async (_, bulkId) => {
    expect(await posting()('/tencent-ses/shared', delivered(bulkId))).toBe(400)
    expect(await allRowsOf(engine.client, tables)).toMatchObject({
      ...noRows,
      quarantine: [
        {
          provider: 'tencent-ses',
          reason: 'invalid',
          problems: ['body: expected a message of tencent-ses, got an id in the shape of sendcloud'],
        },
      ],
    })
  })

  it('is kept at /tencent-ses where a task of SendCloud’s is named', async () => {
    const body = JSON.stringify({
      event: 'delivered',
      email: 'reader@example.com',
      taskId: 'sendcloud:77',
      timestamp: 1795233605,
    })
    expect(await posting()('/tencent-ses/shared', body)).toBe(400)
    expect((await allRowsOf(engine.client, tables)).deliveries).toEqual([])
  })

  it('is kept at /sendcloud, whatever signed it', async () => {
    const { body, contentType } = signedForm(
      { event: 'deliver', emailId: `${ofTencentSes}$reader@example.com`, timestamp: '1795237210000' },
      key,
    )
    expect(await posting()('/sendcloud/shared', body, contentType)).toBe(400)
    expect(await allRowsOf(engine.client, tables)).toMatchObject({
      ...noRows,
      quarantine: [{ provider: 'sendcloud', reason: 'invalid' }],
    })
  })

  it.each([
    [{ messageId: ofSendCloud, sentAt: 1795233605 }, 'sendcloud', 'tencent-ses'],
    [{ messageId: ofTencentSes, provider: 'sendcloud' }, 'tencent-ses', 'sendcloud'],
  ])('is kept at /sent: %j', async (send, owner, named) => {
    const body = JSON.stringify({ ...send, recipients: ['reader@example.com'] })
    expect(await posting()('/sent/shared', body)).toBe(400)
    expect(await allRowsOf(engine.client, tables)).toMatchObject({
      ...noRows,
      quarantine: [
        {
          provider: 'sent',
          problems: [
            `/messageId: expected an id of ${named}, or \`provider\` to be ${owner}, got one in the shape of ${owner}`,
          ],
        },
      ],
    })
  })

  it('is written where it belongs, and what stands beside it in a body is', async () => {
    const post = posting()
    const { body, contentType } = formOf({})
    expect(await post('/sendcloud/shared', body, contentType)).toBe(200)
    const both = `[${delivered(ofSendCloud)},${delivered(ofTencentSes)},${delivered('an-id-of-no-known-shape')}]`
    expect(await post('/tencent-ses/shared', both)).toBe(400)
    const { deliveries, quarantine } = await allRowsOf(engine.client, tables)
    expect(deliveries.map(({ message }) => message).sort()).toEqual(['an-id-of-no-known-shape', ofTencentSes])
    expect(quarantine).toMatchObject([
      { problems: ['/0: expected a message of tencent-ses, got an id in the shape of sendcloud'] },
    ])
  })
})
