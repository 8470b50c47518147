import { describe, expect, it } from '@jest/globals'
import { resultOf } from '../../../../lib/runtime/http/function-url-result.ts'
import { requestOf } from '../../../../lib/runtime/http/function-url.ts'

/** The sample of the AWS Lambda developer guide, shortened. */
const functionUrlEvent = {
  version: '2.0',
  routeKey: '$default',
  rawPath: '/tencent-ses/a%2Ftoken',
  rawQueryString: 'parameter1=value1',
  cookies: ['cookie1'],
  headers: { 'content-type': 'application/json' },
  requestContext: {
    accountId: '123456789012',
    domainName: '<url-id>.lambda-url.us-west-2.on.aws',
    http: {
      method: 'POST',
      path: '/tencent-ses/a%2Ftoken',
      protocol: 'HTTP/1.1',
      sourceIp: '192.0.2.7',
      userAgent: 'agent',
    },
    requestId: 'id',
    routeKey: '$default',
    timeEpoch: 1583348638390,
  },
  body: '{"event":"open"}',
  isBase64Encoded: false,
}
const withMethod = (method: unknown) => ({ ...functionUrlEvent, requestContext: { http: { method } } })

describe('the request of a function URL event', () => {
  it('is its method, path and body as they came', () => {
    expect(requestOf(functionUrlEvent)).toEqual({
      method: 'POST',
      path: '/tencent-ses/a%2Ftoken',
      query: 'parameter1=value1',
      headers: new Map([['content-type', 'application/json']]),
      body: '{"event":"open"}',
      isBase64Encoded: false,
    })
  })

  it('says whether the body is still encoded', () => {
    expect(requestOf({ ...functionUrlEvent, body: 'e30=', isBase64Encoded: true })).toMatchObject({
      body: 'e30=',
      isBase64Encoded: true,
    })
  })

  it('has an empty body where the event has none', () => {
    const { rawPath, requestContext } = functionUrlEvent
    expect(requestOf({ rawPath, requestContext })).toEqual({
      method: 'POST',
      path: '/tencent-ses/a%2Ftoken',
      query: '',
      headers: new Map(),
      body: '',
      isBase64Encoded: false,
    })
  })

  it.each([
    ['get', 'GET'],
    ['HEAD', 'HEAD'],
    ['Post', 'POST'],
  ])('has its method in upper case: %s', (method, expected) => {
    expect(requestOf(withMethod(method)).method).toBe(expected)
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'POST /tencent-ses/token'],
    ['a scheduled event', { 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} }],
    [
      'payload format 1.0',
      { version: '1.0', path: '/tencent-ses/token', httpMethod: 'POST', body: '{}', requestContext: {} },
    ],
    ['an event without path', { requestContext: { http: { method: 'POST' } } }],
    ['an event without method', { rawPath: '/', requestContext: { http: {} } }],
    ['a method that is no text', withMethod(['POST'])],
    ['a body that is no text', { ...functionUrlEvent, body: { event: 'open' } }],
    ['a flag that is no boolean', { ...functionUrlEvent, isBase64Encoded: 'true' }],
  ])('is refused for %s', (_what, event) => {
    expect(() => requestOf(event)).toThrow(
      new TypeError('Expected a function URL event (payload format 2.0): invoke this function by its URL.'),
    )
  })

  it('is refused without a word of what came', () => {
    const secret = { rawPath: '/tencent-ses/hunter2', body: 'reader@example.com' }
    expect(() => requestOf(secret)).not.toThrow(/hunter2|reader/)
    expect(() => requestOf(secret)).toThrow(TypeError)
  })
})

describe('the result of an answer', () => {
  it('has the body as JSON', () => {
    expect(
      resultOf({
        status: 202,
        headers: { 'content-type': 'application/json' },
        body: { recorded: 1, more: ['a'] },
      }),
    ).toEqual({
      statusCode: 202,
      headers: { 'content-type': 'application/json' },
      body: '{"recorded":1,"more":["a"]}',
    })
  })

  it('has an empty body where the answer has none', () => {
    expect(resultOf({ status: 200, headers: {} })).toEqual({ statusCode: 200, headers: {}, body: '' })
  })
})
