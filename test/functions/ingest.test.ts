import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { createHandler } from '../../functions/ingest.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { providers } from '../../lib/providers/registry.ts'
import { replay, rowsToReplay } from '../../lib/quarantine/replay.ts'
import { startFunctionUrlServer, type FunctionUrlServer } from '../../local/function-url-server.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { sampleMessage } from '../events.ts'
import { wiredLedger } from '../wired-ledger.ts'
import { ingestLogging, paths, signedDelivery, type Line } from '../logged-lines.ts'
import { noDeadline } from '../no-deadline.ts'

const engine = embeddedTables()
const token = 'a-token-of-the-callback-url'
const otherToken = 'the-token-that-replaces-it'

let server: FunctionUrlServer
let tables: Awaited<ReturnType<typeof engine.freshTables>>
let logged: string[]
let clock: ReturnType<typeof virtualClock>

beforeEach(async () => {
  tables = await engine.freshTables()
  logged = []
  clock = virtualClock('2026-11-21T08:00:00Z')
  server = await startFunctionUrlServer(handlerOf(), 0)
})
afterEach(() => server.stop())

function handlerOf(): ReturnType<typeof createHandler> {
  return createHandler(
    {
      TABLE_PREFIX: tables.prefix,
      CALLBACK_TOKEN_SHA256: `${tokenDigest(token)}, ${tokenDigest(otherToken)}`,
    },
    {
      clock,
      log: (event, fields) => logged.push(JSON.stringify({ event, ...fields })),
      dynamoDb: () => engine.clientAs('ingest'),
      deadline: noDeadline,
    },
  )
}

interface Answer {
  readonly status: number
  readonly type: string | null
  readonly body: Record<string, unknown>
}

async function post(
  body: string | Uint8Array<ArrayBuffer>,
  { path = `/tencent-ses/${token}`, type = 'application/json', method = 'POST' } = {},
): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: { 'content-type': type },
    ...(method === 'POST' && { body }),
  })
  const text = await response.text()
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  }
}

const fixture = (name: string) =>
  readFile(new URL(`../fixtures/tencent-ses/${name}.json`, import.meta.url), 'utf8')
const delivered = {
  event: 'delivered',
  email: 'example@example.com',
  bulkId: sampleMessage,
  timestamp: 1654064683,
}
const unixTimeShape = 'Unix seconds or milliseconds between the years 2000 and 2100, such as 1654064683'
const text = (value: unknown) => JSON.stringify(value)
const deliveries = () => rowsOf(engine.client, tables.deliveries)
const quarantine = () => rowsOf(engine.client, tables.quarantine)

describe('a callback of each generation of the document', () => {
  const samples = ['2022-bounce', '2024-03-bounce', '2025-10-bounce']
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]

  it.each(orders)('reported in the order %i %i %i, twice, ends in the same one row', async (...order) => {
    for (const index of [...order, ...order]) {
      expect(await post(await fixture(samples[index]!))).toMatchObject({ status: 200, body: { recorded: 1 } })
    }
    expect(await deliveries()).toEqual([
      {
        recipient: 'example@example.com',
        message: 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1',
        messageId: 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1',
        provider: 'tencent-ses',
        status: 'bounced',
        statusRank: 70,
        problemDay: '2022-06-01#04',
        bounced: ['2022-06-01T06:24:43Z hard 551 5.1.1 recipient is not exist'],
        requested: ['2025-10-27T08:58:07Z'],
        sentAt: '2022-06-01T06:24:39Z',
        subject: 'example subject',
        from: 'test@fromexample.com',
        fromDomain: 'fromexample.com',
        template: '123456',
        account: '251200670',
        rfcMessageId: 'ea2783c1-7704-48a8-af36-2b9e83e767ec@fromexample.com',
        'X-Tencentcloudses-Cb-Custom': 'ses callback',
      },
    ])
    expect(await quarantine()).toEqual([])
  })
})

describe('what is answered', () => {
  it('is 200 to GET and HEAD with the token, and nothing is stored', async () => {
    expect(await post('', { method: 'GET' })).toMatchObject({ status: 200 })
    expect(await post('', { method: 'HEAD' })).toMatchObject({ status: 200, body: {} })
    expect(await post('')).toMatchObject({ status: 200, body: { recorded: 0 } })
    expect([...(await deliveries()), ...(await quarantine())]).toEqual([])
  })

  it('is 200 with either of two tokens while one is being replaced', async () => {
    expect(await post(text(delivered), { path: `/tencent-ses/${otherToken}` })).toMatchObject({ status: 200 })
  })

  it.each(['wrong', `${token}x`, token.slice(1), token.toUpperCase(), tokenDigest(token), ''])(
    'is 401 to the token %j, and nothing is stored or parsed',
    async (wrong) => {
      for (const method of ['POST', 'GET', 'HEAD']) {
        expect(await post('{not json', { path: `/tencent-ses/${wrong}`, method })).toMatchObject({
          status: 401,
        })
      }
      expect([...(await deliveries()), ...(await quarantine())]).toEqual([])
    },
  )

  it.each(['/', `/sendgrid/${token}`, `/tencent-ses/${token}/more`])(
    'is 404 to the path %s',
    async (path) => {
      expect(await post(text(delivered), { path })).toMatchObject({
        status: 404,
        type: 'application/problem+json',
      })
    },
  )

  it('is the same with a slash too many: a function URL ends in one already', async () => {
    for (const path of [`//tencent-ses/${token}`, `/tencent-ses/${token}/`]) {
      expect(await post(text(delivered), { path })).toMatchObject({ status: 200, body: { recorded: 1 } })
    }
    expect(await post(text(delivered), { path: '/tencent-ses' })).toMatchObject({ status: 401 })
  })

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('is 405 to %s, naming what is allowed', async (method) => {
    const response = await fetch(`${server.url}/tencent-ses/${token}`, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD, POST')
  })

  it('is 413 beyond 64 KB, before anything is decoded', async () => {
    const limit = 64 * 1024
    const padded = (bytes: number) => text(delivered).padEnd(bytes, ' ')
    expect(await post(padded(limit))).toMatchObject({ status: 200 })
    expect(await post(padded(limit + 1))).toMatchObject({ status: 413, body: { maxBodyBytes: limit } })
    expect(await post(padded(limit), { type: 'application/octet-stream' })).toMatchObject({ status: 200 })
    expect(await post(padded(limit + 1), { type: 'application/octet-stream' })).toMatchObject({ status: 413 })
    // Three bytes each in UTF-8, one character each in the event.
    expect(await post(`"${'中'.repeat(22_000)}"`)).toMatchObject({ status: 413 })
    expect(await deliveries()).toHaveLength(1)
  })

  it('is 413 to what is too large, which is kept in parts up to 6 MB and can be replayed', async () => {
    const padded = (bytes: number) => text(delivered).padEnd(bytes, ' ')
    expect(await post(padded(700_000))).toMatchObject({
      status: 413,
      body: { maxBodyBytes: 65_536, detail: 'It is kept in quarantine.' },
    })
    const [head, ...parts] = (await quarantine()).filter(({ id }) => !String(id).startsWith('taken#'))
    expect(head).toMatchObject({
      reason: 'too-large',
      bytes: 700_000,
      parts: 2,
      problems: ['body: expected at most 65536 bytes, got 700000'],
    })
    expect(parts).toHaveLength(2)
    expect(await deliveries()).toEqual([])
    const ledger = wiredLedger(engine.client, tables, clock, () => undefined)
    const on = { ...ledger, quarantine: ledger.store, providers }
    const rows = await rowsToReplay(ledger.store, {})
    await replay(rows, on, { isDryRun: false, onReplayed: () => undefined })
    expect(await deliveries()).toMatchObject([{ recipient: 'example@example.com', status: 'delivered' }])
  })

  it('is 413 to what is too large and more than a day has room for, which is kept nowhere', async () => {
    const handler = createHandler(
      { TABLE_PREFIX: tables.prefix, CALLBACK_TOKEN_SHA256: tokenDigest(token), UNVERIFIED_MB_PER_DAY: '0' },
      { clock, log: () => undefined, dynamoDb: () => engine.clientAs('ingest') },
    )
    const event = {
      rawPath: `/tencent-ses/${token}`,
      body: ' '.repeat(65_537),
      requestContext: { http: { method: 'POST' } },
    }
    const answer = await handler(
      event,
      lambdaContext(() => 60_000),
    )
    expect(answer.statusCode).toBe(413)
    expect(answer.body).toContain('It is kept nowhere.')
    expect(await quarantine()).toEqual([])
  })

  it('is 503 to what is too large and cannot be kept, so that its sender tries again', async () => {
    await engine.client.send(new DeleteTableCommand({ TableName: tables.quarantine }))
    expect(await post(' '.repeat(65_537))).toMatchObject({ status: 503 })
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', ''])(
    'is 200 to JSON of the content type %j, text or base64',
    async (type) => {
      expect(await post(text(delivered), { type })).toMatchObject({ status: 200, body: { recorded: 1 } })
      expect(await deliveries()).toHaveLength(1)
    },
  )

  it('is 400 with every field that was wrong, and the body is in quarantine', async () => {
    const body = text({ event: 'bounce', email: 'someone', timestamp: '2022-06-01', bulkId: 7.5 })
    expect(await post(body)).toEqual({
      status: 400,
      type: 'application/problem+json',
      body: {
        type: 'about:blank',
        title: 'The body is not what this provider sends',
        status: 400,
        detail: 'It is kept in quarantine. Elements without problems were recorded.',
        recorded: 0,
        errors: [
          { pointer: '/email', expected: 'one email address', received: 'a string' },
          { pointer: '/bulkId', expected: 'the MessageId that SendEmail returned', received: 'a number' },
          { pointer: '/timestamp', expected: unixTimeShape, received: 'a string' },
        ],
      },
    })
    expect(await quarantine()).toMatchObject([
      {
        provider: 'tencent-ses',
        reason: 'invalid',
        body,
        problems: [
          '/email: expected one email address, got a string',
          '/bulkId: expected the MessageId that SendEmail returned, got a number',
          `/timestamp: expected ${unixTimeShape}, got a string`,
        ],
        firstSeenAt: '2026-11-21T08:00:00Z',
        seen: ['2026-11-21T08:00:00Z'],
      },
    ])
  })

  it('is 400 to what is not JSON or not UTF-8, kept byte for byte', async () => {
    const bytes = new Uint8Array([0x7b, 0xff, 0xfe, 0x00])
    expect(await post('{"event":')).toMatchObject({ status: 400 })
    expect(await post(bytes, { type: 'application/octet-stream' })).toMatchObject({ status: 400 })
    const cut = gzipSync(text(delivered)).subarray(0, -1)
    expect(await post(cut, { type: 'application/octet-stream' })).toMatchObject({ status: 400 })
    const kept = await quarantine()
    expect(kept.map((row) => row.reason)).toEqual(['unreadable', 'unreadable', 'unreadable'])
    expect(kept.map((row) => row.body)).toContainEqual('{"event":')
    expect(kept.map((row) => row.body)).toContainEqual(bytes)
  })

  it('is 200 to what a console may try the URL with, and nothing is stored', async () => {
    for (const probe of ['', '{}', '[]', ' { } ']) {
      expect(await post(probe)).toMatchObject({ status: 200, body: { recorded: 0 } })
    }
    expect(await post('[]', { path: `/sent/${token}` })).toMatchObject({ status: 400 })
    expect(await deliveries()).toEqual([])
    expect((await quarantine()).map(({ provider }) => provider)).toEqual(['sent'])
  })

  it('is 200 to gzip, of which the table gets what is in it', async () => {
    const body = gzipSync(text(delivered))
    expect(await post(body, { type: 'application/octet-stream' })).toMatchObject({ status: 200 })
    expect(await deliveries()).toMatchObject([{ recipient: 'example@example.com', status: 'delivered' }])
  })

  it('is 400 to text in another charset, which was decoded as UTF-8 before it came here', async () => {
    // 您 in GBK, and two bytes of GBK that are one letter of UTF-8.
    for (const subject of ['c4fa', 'c4a6']) {
      const [before = '', after = ''] = text({ ...delivered, subject: '|' }).split('|')
      const body = Buffer.concat([Buffer.from(before), Buffer.from(subject, 'hex'), Buffer.from(after)])
      expect(await post(new Uint8Array(body), { type: 'application/json; charset=gbk' })).toMatchObject({
        status: 400,
        body: { errors: [{ received: 'text that was decoded as UTF-8' }] },
      })
      // As bytes it is read.
      expect(await post(new Uint8Array(body), { type: 'application/vnd.a+json; charset=gbk' })).toMatchObject(
        {
          status: 200,
        },
      )
    }
    expect(await deliveries()).toMatchObject([{ subject: '您' }])
    expect(await quarantine()).toMatchObject([
      { reason: 'unreadable', contentType: 'application/json; charset=gbk; received-as=text' },
      { reason: 'unreadable', contentType: 'application/json; charset=gbk; received-as=text' },
    ])
  })

  it('is 202 to an event of an unknown type, which is kept', async () => {
    const body = text({ ...delivered, event: 'teleported' })
    expect(await post(body)).toMatchObject({ status: 202, body: { recorded: 0 } })
    expect(await quarantine()).toMatchObject([{ reason: 'unrecognised', body }])
    expect(await deliveries()).toEqual([])
  })

  it('is 400 to an eventid that contradicts its event', async () => {
    expect(await post(text({ ...delivered, eventid: 1 }))).toMatchObject({ status: 200 })
    expect(await post(text({ ...delivered, eventid: 3 }))).toMatchObject({
      status: 400,
      body: {
        errors: [{ pointer: '/eventid', expected: "the number of the event 'delivered'", received: '3' }],
      },
    })
  })

  it('is 503 when the write fails, so that the sender tries again', async () => {
    await engine.client.send(new DeleteTableCommand({ TableName: tables.deliveries }))
    expect(await post(text(delivered))).toMatchObject({ status: 503, type: 'application/problem+json' })
    expect(await quarantine()).toEqual([])
  })

  it('is 503 when even the quarantine cannot be written', async () => {
    await engine.client.send(new DeleteTableCommand({ TableName: tables.quarantine }))
    expect(await post('{not json')).toMatchObject({ status: 503 })
  })

  it('is 503 where the environment lacks a setting, and the log says which', async () => {
    const handler = createHandler(
      {},
      {
        clock,
        log: (_, fields) => logged.push(JSON.stringify(fields)),
        dynamoDb: () => engine.clientAs('ingest'),
        deadline: noDeadline,
      },
    )
    const event = { rawPath: '/tencent-ses/x', requestContext: { http: { method: 'GET' } } }
    expect(
      await handler(
        event,
        lambdaContext(() => 60_000),
      ),
    ).toMatchObject({ statusCode: 503 })
    expect(logged.join()).toContain('CALLBACK_TOKEN_SHA256: is not set')
  })
})

describe('an array', () => {
  it('is one event per element, and a bad one does not stop its neighbors', async () => {
    const body = [
      delivered,
      { ...delivered, email: 'not an address' },
      17,
      { ...delivered, event: 'teleported' },
      { ...delivered, email: 'second@example.com' },
    ]
    expect(await post(text(body))).toMatchObject({
      status: 400,
      body: {
        recorded: 2,
        errors: [{ pointer: '/1/email' }, { pointer: '/2' }, { pointer: '/3/event' }],
      },
    })
    expect((await deliveries()).map((row) => row.recipient)).toEqual([
      'example@example.com',
      'second@example.com',
    ])
    expect(await quarantine()).toMatchObject([{ reason: 'invalid', body: text(body) }])
  })

  it('with an element whose row has no room for its headers is recorded whole', async () => {
    // A row holds 400 KB. Each callback brings 60 KB of headers that the row does not have yet.
    const fillRow = (index: number) => ({
      ...delivered,
      [`X-Tencentcloudses-Cb-${index}`]: 'x'.repeat(60_000),
    })
    for (let index = 0; index < 8; index += 1)
      expect(await post(text([fillRow(index)]))).toMatchObject({ status: 200 })
    expect(await quarantine()).toEqual([])
  })
})

describe('a body that is wrong in thousands of places', () => {
  it('is answered with the first of them and how many more', async () => {
    const answer = await post(`[${'{},'.repeat(4_999)}{}]`)
    expect(answer).toMatchObject({ status: 400, body: { recorded: 0, furtherErrors: 5_000 * 4 - 20 } })
    expect(answer.body.errors).toHaveLength(20)
  })
})

describe('the quarantine', () => {
  it('holds a body that repeats as one row that counts how often', async () => {
    for (let times = 0; times < 3; times += 1) {
      await post('{not json')
      clock.advance(60_000)
    }
    expect(await quarantine()).toMatchObject([
      {
        firstSeenAt: '2026-11-21T08:00:00Z',
        lastSeenAt: '2026-11-21T08:02:00Z',
        seen: ['2026-11-21T08:00:00Z', '2026-11-21T08:01:00Z', '2026-11-21T08:02:00Z'],
      },
    ])
  })

  it('does not grow without end', async () => {
    for (let times = 0; times < 103; times += 1) {
      expect(await post('{not json')).toMatchObject({ status: 400 })
      clock.advance(1_000)
    }
    const [row] = await quarantine()
    expect(row).toMatchObject({ lastSeenAt: '2026-11-21T08:01:42Z' })
    expect(row?.seen).toHaveLength(100)
  })
})

describe('the metrics', () => {
  const bounced = { ...delivered, event: 'bounce', reason: '551 5.1.1 no such user' }
  const reported: readonly (readonly [string, unknown, string, number, object])[] = [
    [
      'a delivery',
      delivered,
      paths.tencentSes,
      200,
      { acceptedCallbacks: 1, delivered: 1, 'soft-bounced': 0, bounced: 0, complained: 0 },
    ],
    [
      'a bounce whose class is not reported',
      bounced,
      paths.tencentSes,
      200,
      { acceptedCallbacks: 1, delivered: 0, 'soft-bounced': 0, bounced: 1, complained: 0 },
    ],
    [
      'several events at once',
      [
        delivered,
        { ...delivered, email: 'second@example.com' },
        { ...bounced, bounceType: 'soft_bounce' },
        { ...delivered, event: 'dropped' },
        { ...delivered, event: 'spamreport' },
        { ...delivered, event: 'open' },
      ],
      paths.tencentSes,
      200,
      { acceptedCallbacks: 1, delivered: 2, 'soft-bounced': 1, bounced: 0, complained: 1, dropped: 1 },
    ],
    [
      'what is on its way',
      { ...delivered, event: 'deferred' },
      paths.tencentSes,
      200,
      { acceptedCallbacks: 1 },
    ],
    [
      'good and bad ones at once',
      [delivered, { ...delivered, event: 'teleported' }],
      paths.tencentSes,
      202,
      {
        acceptedCallbacks: 1,
        quarantinedBodies: 1,
        delivered: 1,
        'soft-bounced': 0,
        bounced: 0,
        complained: 0,
      },
    ],
    [
      'an event of an unknown type',
      { ...delivered, event: 'teleported' },
      paths.tencentSes,
      202,
      { acceptedCallbacks: 1, quarantinedBodies: 1 },
    ],
    ['what is no JSON', '{not', paths.tencentSes, 400, { turnedAwayCallbacks: 1, quarantinedBodies: 1 }],
    ['a wrong token', delivered, paths.wrongToken, 401, { rejectedCallbacks: 1 }],
    [
      'too large a body',
      ' '.repeat(65_537),
      paths.tencentSes,
      413,
      { turnedAwayCallbacks: 1, quarantinedBodies: 1 },
    ],
    ['an event without signature', { event: 'deliver' }, paths.sendCloud, 200, { turnedAwayCallbacks: 1 }],
    [
      'an event signed by a key that was replaced',
      signedDelivery('the-key-before'),
      paths.sendCloud,
      401,
      { turnedAwayCallbacks: 1, quarantinedBodies: 1 },
    ],
    [
      'a signed event',
      signedDelivery(),
      paths.sendCloud,
      200,
      { acceptedCallbacks: 1, delivered: 1, 'soft-bounced': 0, bounced: 0, complained: 0 },
    ],
    ['an empty probe', '', paths.sendCloud, 200, {}],
    ['an empty probe of Tencent', '', paths.tencentSes, 200, {}],
    ['a stranger', delivered, paths.stranger, 404, {}],
    [
      'a send of our own application',
      { messageId: sampleMessage, recipients: 'reader@example.com' },
      paths.sent,
      200,
      {},
    ],
    [
      'a send that is wrong',
      { messageId: '' },
      paths.sent,
      400,
      { turnedAwayCallbacks: 1, quarantinedBodies: 1 },
    ],
  ]

  it.each(reported)('of %s are counted in its one line', async (_, body, path, status, expected) => {
    const { reported: heard, post: postTo } = await ingestLogging(engine)
    expect(await postTo(body, path)).toBe(status)
    expect(heard.lines).toHaveLength(1)
    const [line = {}] = heard.lines
    const dimensions =
      Object.keys(expected).length === 0 ? {} : { deployment: heard.deployment, job: 'ingest' }
    expect(figuresIn(line)).toEqual({ ...dimensions, ...expected })
  })

  it('count a callback that has to come again as turned away, and an event that is reported twice twice', async () => {
    const { reported: heard, post: postTo, loseTable } = await ingestLogging(engine)
    await postTo(delivered)
    await postTo(delivered)
    await loseTable()
    expect(await postTo(delivered)).toBe(503)
    const counted = heard.lines.filter(({ event }) => event === 'callback').map(figuresIn)
    expect(counted).toMatchObject([
      { acceptedCallbacks: 1, delivered: 1 },
      { acceptedCallbacks: 1, delivered: 1 },
      { turnedAwayCallbacks: 1 },
    ])
    expect(counted[2]).not.toHaveProperty('delivered')
  })

  it('count an event without whose key nothing can be believed as turned away, each time that it comes', async () => {
    const { reported: heard, post: postTo, loseParameters } = await ingestLogging(engine)
    await loseParameters()
    for (let tries = 0; tries < 6; tries += 1) {
      expect(await postTo(signedDelivery(), paths.sendCloud)).toBe(503)
    }
    const counted = heard.lines.filter(({ event }) => event === 'callback').map(figuresIn)
    expect(counted.map(({ turnedAwayCallbacks }) => turnedAwayCallbacks)).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('show whose callbacks are accepted', async () => {
    const { reported: heard, post: postTo } = await ingestLogging(engine)
    await postTo(delivered)
    await postTo(signedDelivery(), paths.sendCloud)
    const accepted = (provider: string) => ({
      provider,
      acceptedCallbacks: 1,
      _aws: {
        CloudWatchMetrics: [
          {
            Dimensions: [['deployment', 'job', 'provider']],
            Metrics: [{ Name: 'acceptedCallbacks', Unit: 'Count' }],
          },
          { Dimensions: [['deployment']] },
        ],
      },
    })
    expect(heard.lines).toMatchObject([accepted('tencent-ses'), accepted('sendcloud')])
  })
})

/** A line without what it says to people. */
function figuresIn(line: Line): Line {
  const people = [
    'at',
    'event',
    'provider',
    'status',
    'events',
    'recorded',
    'mails',
    'problems',
    'quarantined',
    'probe',
    'problem',
    '_aws',
  ]
  return Object.fromEntries(Object.entries(line).filter(([name]) => !people.includes(name)))
}

describe('the log', () => {
  it('never logs an address, a token or a body', async () => {
    const secretive = { ...delivered, email: 'private.person@example.com', subject: 'private subject' }
    await post(text(secretive))
    await post(text({ ...secretive, timestamp: 'x' }))
    await post(text(secretive), { path: '/tencent-ses/wrong-token-of-mine' })
    await engine.client.send(new DeleteTableCommand({ TableName: tables.deliveries }))
    await post(text(secretive))
    expect(logged.length).toBeGreaterThanOrEqual(4)
    expect(logged.join('\n')).not.toMatch(/private|@|wrong-token|a-token/)
  })
})
