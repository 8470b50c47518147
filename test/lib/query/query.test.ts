import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { createHandler } from '../../../functions/query.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'
import openApi from '../../../lib/query/openapi.json' with { type: 'json' }
import type { FunctionUrlHandler } from '../../../lib/runtime/http/function-url.ts'
import { tableNames } from '../../../lib/table/names.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { lambdaContext } from '../../../local/lambda-context.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { noDeadline } from '../../no-deadline.ts'
import { queryNow, queryToken, queryWorld, sharedMessage } from '../../query-world.ts'
import { times } from '../../strength.ts'

// The function as Lambda invokes it, on the embedded engine, with a client that its role limits.

const engine = embeddedTables()
let lines: Readonly<Record<string, unknown>>[] = []
let handler: FunctionUrlHandler
let prefix: string

function handlerWith(environment: Readonly<Record<string, string | undefined>>): FunctionUrlHandler {
  return createHandler(environment, {
    clock: virtualClock(queryNow),
    log: (event, fields) => lines.push({ event, ...fields }),
    dynamoDb: () => engine.clientAs('query'),
    deadline: noDeadline,
  })
}

beforeAll(async () => {
  const { environment } = await queryWorld(engine)
  prefix = environment.TABLE_PREFIX ?? ''
  handler = handlerWith(environment)
})
afterEach(() => {
  lines = []
})

interface Asked {
  readonly method?: string
  readonly authorization?: string | undefined
  readonly from?: FunctionUrlHandler
}

async function ask(url: string, asked: Asked = {}) {
  const { method = 'GET', from = handler } = asked
  const authorization = 'authorization' in asked ? asked.authorization : `Bearer ${queryToken}`
  const mark = url.includes('?') ? url.indexOf('?') : url.length
  const event = {
    rawPath: url.slice(0, mark),
    rawQueryString: url.slice(mark + 1),
    headers: authorization === undefined ? {} : { authorization },
    requestContext: { http: { method } },
  }
  const answer = await from(
    event,
    lambdaContext(() => 10_000),
  )
  const body = answer.body === '' ? undefined : (JSON.parse(answer.body) as unknown)
  return { status: answer.statusCode, headers: answer.headers, body }
}

/** Where, what was expected, and what came. */
async function errorsOf(url: string): Promise<unknown> {
  const { status, body } = await ask(url)
  expect(status).toBe(400)
  return (body as { errors: unknown }).errors
}

describe('a question about an address', () => {
  it('is answered with each reason', async () => {
    expect(await ask('/suppressions/anna@example.com')).toEqual({
      status: 200,
      headers: { 'cache-control': 'no-store', 'content-type': 'application/json' },
      body: {
        address: 'anna@example.com',
        suppressed: true,
        reasons: [
          {
            reason: 'hard-bounce',
            since: '2026-11-20T08:00:04Z',
            provider: 'tencent-ses',
            message: 'qcloudses-30-251200670-date-20261120160000-Xk3TqPz7Lw0aB',
            reply: '550 5.1.1 mailbox not found',
          },
        ],
      },
    })
  })

  it('of whom nothing is known is answered 200, and not suppressed', async () => {
    expect(await ask('/suppressions/nobody@example.com')).toMatchObject({
      status: 200,
      body: { address: 'nobody@example.com', suppressed: false, reasons: [] },
    })
  })

  it.each([
    '/suppressions/Anna@Example.com',
    '/suppressions/%41nna%40example.com',
    '//suppressions/anna@example.com',
    '/suppressions/Anna%20%3Canna@example.com%3E',
  ])('means one in any spelling: %s', async (url) => {
    expect(await ask(url)).toMatchObject({ body: { address: 'anna@example.com', suppressed: true } })
  })

  it.each([
    ['a+b@example.com', 'a+b@example.com'],
    ['a/b@example.com', 'a/b@example.com'],
    ['a%2Fb@example.com', 'a/b@example.com'],
    ['a%25b@example.com', 'a%b@example.com'],
    ['%E4%BD%A0%E5%A5%BD@example.com', '你好@example.com'],
  ])('keeps its signs: %s', async (path, address) => {
    expect(await ask(`/suppressions/${path}`)).toMatchObject({ body: { address, suppressed: false } })
  })

  it.each([
    ['', true],
    ['?fromDomain=NEWS.example.com', true],
    ['?fromDomain=shop.example.com', false],
    ['?except=unsubscribe', false],
    ['?except=complaint,blocklist', true],
    [`?except=${encodeURIComponent('complaint,unsubscribe')}`, false],
  ])('may say which mail is about to be sent: %s', async (query, suppressed) => {
    expect(await ask(`/suppressions/cara@example.com${query}`)).toMatchObject({ body: { suppressed } })
  })

  it('names what lasts first, and the list of the provider as long as BLOCKLIST_DAYS says', async () => {
    const list = suppressionWriter({ client: engine.client, table: tableNames(prefix).suppressions })
    const of = { recipient: 'emil@example.com', source: 'poll', provider: 'tencent-ses', detail: '' } as const
    const [early, late] = ['2026-11-01T00:00:00Z', '2026-11-15T00:00:00Z'].map(Date.parse) as [number, number]
    await list.suppress({ ...of, reason: 'blocklist', occurredAtMs: early })
    await list.suppress({ ...of, reason: 'complaint', occurredAtMs: late })
    const reasonsWithin = async (days: string) => {
      const from = handlerWith({
        TABLE_PREFIX: prefix,
        QUERY_TOKEN_SHA256: tokenDigest(queryToken),
        BLOCKLIST_DAYS: days,
      })
      const { body } = await ask('/suppressions/emil@example.com', { from })
      return (body as { reasons: { reason: string }[] }).reasons.map(({ reason }) => reason)
    }
    expect(await reasonsWithin('')).toEqual(['complaint'])
    expect(await reasonsWithin('30')).toEqual(['complaint', 'blocklist'])
  })
})

describe('a question about deliveries', () => {
  const messagesOf = ({ body }: { readonly body: unknown }) => {
    const { deliveries, more } = body as {
      deliveries: { recipient: string; message: string }[]
      more: number
    }
    return { found: deliveries.map(({ recipient, message }) => `${recipient} ${message.slice(0, 9)}`), more }
  }

  it('by recipient is answered with the latest first, as `show --json` has them', async () => {
    const answer = await ask('/deliveries?recipient=ben@example.com')
    expect(messagesOf(answer)).toEqual({
      found: ['ben@example.com qcloudses', 'ben@example.com 179516160'],
      more: 0,
    })
    expect(answer.body).toMatchObject({
      deliveries: [
        {
          status: 'delivered',
          sentAt: '2026-11-21T04:00:00Z',
          counts: { delivered: 1, opened: 1 },
          facts: { delivered: ['2026-11-21T04:00:03Z'], opened: ['2026-11-21T04:40:00Z'] },
        },
        { provider: 'sendcloud', sentAt: '2026-11-20T08:00:00Z' },
      ],
    })
  })

  it('says how many more there are than its limit', async () => {
    expect(messagesOf(await ask('/deliveries?recipient=ben@example.com&limit=1'))).toEqual({
      found: ['ben@example.com qcloudses'],
      more: 1,
    })
    expect(messagesOf(await ask(`/deliveries?limit=1&messageId=${sharedMessage}`))).toEqual({
      found: ['ben@example.com 179516160'],
      more: 1,
    })
  })

  it('by messageId is answered with each recipient, in brackets or not', async () => {
    const both = { found: ['ben@example.com 179516160', 'cara@example.com 179516160'], more: 0 }
    expect(messagesOf(await ask(`/deliveries?messageId=${sharedMessage}`))).toEqual(both)
    expect(messagesOf(await ask(`/deliveries?messageId=%3C${sharedMessage}%3E`))).toEqual(both)
  })

  it('by emailId is answered with that one, for the index that another spelling has, too', async () => {
    const one = { found: ['cara@example.com 179516160'], more: 0 }
    expect(messagesOf(await ask(`/deliveries?emailId=${sharedMessage}1$cara@example.com`))).toEqual(one)
    expect(messagesOf(await ask(`/deliveries?emailId=${sharedMessage}1%24Cara%40example.com`))).toEqual(one)
  })

  it.each([
    'recipient=nobody@example.com',
    'messageId=no-such-message',
    'messageId=task:77',
    `emailId=${sharedMessage}1$nobody@example.com`,
  ])('that finds none is answered 200 with an empty list: %s', async (query) => {
    expect(await ask(`/deliveries?${query}`)).toMatchObject({
      status: 200,
      body: { deliveries: [], more: 0 },
    })
  })
})

describe('a question that cannot be read', () => {
  it.each([
    ['/deliveries', 'recipient, messageId, emailId', 'one of them', 'none'],
    [
      '/deliveries?recipient=a@example.com&messageId=m',
      'recipient, messageId, emailId',
      'one of them',
      'recipient and messageId',
    ],
    [
      '/deliveries?recipient=nobody',
      'recipient',
      'one email address, with or without a name',
      'something else',
    ],
    ['/deliveries?recipient=', 'recipient', 'one email address, with or without a name', 'nothing'],
    [
      '/deliveries?messageId=a%20b',
      'messageId',
      'an id of at most 512 bytes, without blanks and #',
      'something else',
    ],
    [
      '/deliveries?emailId=no-dollar',
      'emailId',
      'an emailId of SendCloud: <messageId><index>$<recipient>',
      'something else',
    ],
    ['/deliveries?recipient=a@example.com&limit=soon', 'limit', 'a whole number from 1 to 100', 'soon'],
    [
      '/deliveries?recipient=a@example.com&limit=zoe%2540b.example',
      'limit',
      'a whole number from 1 to 100',
      'z…%40b.example',
    ],
    ['/deliveries?recipient=a@example.com&limit=101', 'limit', 'a whole number from 1 to 100', '101'],
    ['/deliveries?recipient=a@example.com&limit=1&limit=2', 'limit', 'it once', 'it again'],
    ['/deliveries?recipient=%ZZ', 'recipient', 'percent-encoded UTF-8', 'what is none'],
    ['/deliveries?recipient=%C0%AF@example.com', 'recipient', 'percent-encoded UTF-8', 'what is none'],
    ['/deliveries?recipient=é@example.com', 'recipient', 'percent-encoded UTF-8', 'what is none'],
    ['/suppressions/a@example.com?limit=1', 'limit', 'one of fromDomain, except', 'another name'],
    [
      '/suppressions/a@example.com?fromDomain=a%20b',
      'fromDomain',
      'a domain, such as shop.example.com',
      'something else',
    ],
    [
      '/suppressions/a@example.com?except=none',
      'except',
      'some of hard-bounce, complaint, unsubscribe, blocklist, by-hand, with commas between them',
      'none',
    ],
    ['/openapi.json?a=1', 'a', 'no parameter', 'another name'],
  ])(
    'is answered 400 with where, what was expected and what came: %s',
    async (url, name, expected, received) => {
      expect(await errorsOf(url)).toEqual([{ in: 'query', name, expected, received }])
    },
  )

  it.each([
    ['/suppressions', 'one email address, with or without a name', 'nothing'],
    ['/suppressions/', 'one email address, with or without a name', 'nothing'],
    ['/suppressions/nobody', 'one email address, with or without a name', 'something else'],
    ['/suppressions/%', 'percent-encoded UTF-8', 'what is none'],
  ])('and so is a path: %s', async (url, expected, received) => {
    expect(await errorsOf(url)).toEqual([{ in: 'path', name: 'address', expected, received }])
  })

  it('never repeats what may be an address', async () => {
    const { body } = await ask('/deliveries?zoe@example.com=1&recipient=zoe&zoe%40example.com%=2')
    expect(JSON.stringify(body)).not.toMatch(/zoe/)
  })

  it('is answered with twenty problems at most', async () => {
    expect(await errorsOf(`/deliveries?${'a&'.repeat(3_000)}`)).toHaveLength(20)
  })
})

describe('whoever has no token', () => {
  it.each(['/', '/suppressions/anna@example.com', '/openapi.json', '/deliveries?limit=soon'])(
    'is answered 401 whatever is asked: %s',
    async (url) => {
      const problem = { 'cache-control': 'no-store', 'content-type': 'application/problem+json' }
      expect(await ask(url, { authorization: undefined })).toEqual({
        status: 401,
        headers: { ...problem, 'www-authenticate': 'Bearer realm="delivery-ledger"' },
        body: {
          type: 'about:blank',
          title: 'A token is needed: Authorization: Bearer <token>',
          status: 401,
        },
      })
      expect(await ask(url, { authorization: 'Bearer another', method: 'POST' })).toEqual({
        status: 401,
        headers: { ...problem, 'www-authenticate': 'Bearer realm="delivery-ledger", error="invalid_token"' },
        body: { type: 'about:blank', title: 'The token is not accepted', status: 401 },
      })
    },
  )

  it.each([
    ['bearer', true],
    ['Basic', false],
    ['', false],
  ])('as `%s <token>` is let in: %s', async (scheme, isLetIn) => {
    const { status } = await ask('/openapi.json', { authorization: `${scheme} ${queryToken}` })
    expect(status).toBe(isLetIn ? 200 : 401)
  })

  it('has neither by its digest, nor in the URL', async () => {
    const authorization = `Bearer ${tokenDigest(queryToken)}`
    expect((await ask('/openapi.json', { authorization })).status).toBe(401)
    const url = `/openapi.json?access_token=${queryToken}`
    expect((await ask(url, { authorization: undefined })).status).toBe(401)
  })

  it('may have either of two while one is replaced', async () => {
    const digests = [tokenDigest('old'), tokenDigest('new')].join(',')
    const from = handlerWith({ TABLE_PREFIX: prefix, QUERY_TOKEN_SHA256: digests })
    for (const [token, status] of [
      ['old', 200],
      ['new', 200],
      ['other', 401],
    ] as const) {
      expect((await ask('/openapi.json', { from, authorization: `Bearer ${token}` })).status).toBe(status)
    }
  })
})

describe('a request', () => {
  it.each(['/', '/suppression', '/deliveries/', '/deliveries/1', '/openapi.json/x', '//'])(
    'to another path is answered 404: %s',
    async (url) => {
      expect(await ask(url)).toMatchObject({ status: 404, body: { title: 'No such path' } })
    },
  )

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('by %s is answered 405', async (method) => {
    expect(await ask('/deliveries', { method })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
      body: { title: 'Questions are asked by GET' },
    })
  })

  it('by HEAD is answered as by GET, without a body', async () => {
    expect(await ask('/suppressions/anna@example.com', { method: 'HEAD' })).toEqual({
      status: 200,
      headers: { 'cache-control': 'no-store', 'content-type': 'application/json' },
      body: undefined,
    })
  })

  it('of 8,001 characters is answered 414', async () => {
    const url = `/deliveries?messageId=${'m'.repeat(7_979)}`
    expect((await ask(url)).status).toBe(400)
    expect(await ask(`${url}m`)).toMatchObject({
      status: 414,
      body: { detail: 'Path and query: at most 8000 characters.' },
    })
  })

  it('is answered, and never as a fault, whatever it is', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...Array.from('%/?&=@+$<>aé\0')) }),
    )
    const part = fc.oneof(text, text.map(encodeURIComponent), fc.constantFrom('deliveries', 'suppressions'))
    const name = fc.constantFrom('recipient', 'messageId', 'emailId', 'limit', 'except', 'fromDomain')
    const pair = fc.tuple(fc.oneof(name, part), part).map(([one, other]) => `${one}=${other}`)
    const url = fc
      .tuple(fc.array(part, { maxLength: 3 }), fc.array(pair, { maxLength: 3 }))
      .map(([path, query]) => `/${path.join('/')}?${query.join('&')}`)
    await fc.assert(
      fc.asyncProperty(url, async (asked) => {
        expect([200, 400, 404]).toContain((await ask(asked)).status)
      }),
      { numRuns: times({ quick: 100, proof: 3_000 }) },
    )
    expect(lines.filter(({ event }) => event !== 'query')).toEqual([])
  })
})

describe('the log', () => {
  it('says what was asked and what came of it, and names no address, id or token', async () => {
    await ask('/suppressions/anna@example.com')
    await ask('/deliveries?recipient=ben@example.com')
    await ask('/deliveries?recipient=nobody', { authorization: 'Bearer hunter2' })
    await ask('/deliveries?recipient=nobody')
    expect(lines).toEqual([
      { event: 'query', status: 200, asked: 'suppressions', reasons: 1, tookMs: 0 },
      { event: 'query', status: 200, asked: 'deliveries', by: 'recipient', found: 2, tookMs: 0 },
      { event: 'query', status: 401, tookMs: 0 },
      { event: 'query', status: 400, asked: 'deliveries', tookMs: 0 },
    ])
  })
})

describe('a table that does not answer', () => {
  const unavailable = {
    status: 503,
    headers: {
      'cache-control': 'no-store',
      'content-type': 'application/problem+json',
      'retry-after': '5',
    },
    body: { type: 'about:blank', title: 'The tables did not answer; ask again', status: 503 },
  }

  it('is answered 503, and when to ask again', async () => {
    const { environment } = await queryWorld(engine)
    const tables = tableNames(environment.TABLE_PREFIX ?? '')
    for (const TableName of [tables.deliveries, tables.suppressions]) {
      await engine.client.send(new DeleteTableCommand({ TableName }))
    }
    const from = handlerWith(environment)
    expect(await ask('/suppressions/anna@example.com', { from })).toEqual(unavailable)
    expect(await ask('/deliveries?recipient=ben@example.com', { from })).toEqual(unavailable)
    expect(lines).toContainEqual({ event: 'read failed', error: 'ResourceNotFoundException' })
  })

  it('is waited for no longer than the deadline', async () => {
    const from = createHandler(
      { TABLE_PREFIX: prefix, QUERY_TOKEN_SHA256: tokenDigest(queryToken) },
      {
        clock: virtualClock(queryNow),
        log: () => undefined,
        dynamoDb: () => engine.clientAs('query'),
        deadline: (ms) => {
          expect(ms).toBe(5_000)
          return AbortSignal.abort()
        },
      },
    )
    expect(await ask('/suppressions/anna@example.com', { from })).toEqual(unavailable)
    expect(await ask(`/deliveries?messageId=${sharedMessage}`, { from })).toEqual(unavailable)
  })

  it('and a setting that is wrong is answered 503 as well, and named in the log', async () => {
    const from = handlerWith({ TABLE_PREFIX: prefix, QUERY_TOKEN_SHA256: 'hunter2' })
    expect(await ask('/openapi.json', { from })).toEqual(unavailable)
    expect(JSON.stringify(lines)).toMatch(/QUERY_TOKEN_SHA256: expected SHA-256 digests/)
    expect(JSON.stringify(lines)).not.toContain('hunter2')
  })
})

it('the description is answered as lib/query/openapi.json has it', async () => {
  expect(await ask('/openapi.json')).toMatchObject({ status: 200, body: openApi })
})
