import { describe, expect, it } from '@jest/globals'
import { requestOf } from '../../../functions/tencent/event.ts'

/** The sample of Tencent Cloud document 583/96099, read 2026-11-27, shortened. */
const documented = {
  body: '{"event":"delivered"}',
  headers: {
    'content-type': 'application/json',
    'user-agent': 'curl/7.29.0',
    'x-scf-remote-addr': '203.0.113.7:41234',
    'x-scf-request-domain': '1250000000-abc123.ap-guangzhou.tencentscf.com',
  },
  httpMethod: 'POST',
  path: '/tencent-ses/a%2Ftoken',
  queryString: { a: '1' },
}

describe('the event of a function URL', () => {
  it('is read as documented', () => {
    expect(requestOf(documented)).toEqual({
      method: 'POST',
      path: '/tencent-ses/a%2Ftoken',
      headers: new Map(Object.entries(documented.headers)),
      body: '{"event":"delivered"}',
      isBase64Encoded: false,
    })
  })

  it.each([
    ['seen in the field', { requestContext: { sourceIp: '203.0.113.7' } }],
    ['from an IPv6 address', { headers: { 'x-scf-remote-addr': '[2001:db8::7]:41234' } }],
  ])('is read as %s', (_, seen) => {
    expect(requestOf({ ...documented, ...seen })).toMatchObject({ method: 'POST', isBase64Encoded: false })
  })

  it('may have no body, and no headers', () => {
    const { httpMethod, path } = documented
    const expected = { method: 'POST', headers: new Map(), body: '' }
    expect(requestOf({ httpMethod, path })).toMatchObject(expected)
    expect(requestOf({ httpMethod, path, body: null })).toMatchObject(expected)
  })
})

/** After Tencent Cloud document 876/130728, read 2026-11-27. */
describe("the event of CloudBase's HTTP access", () => {
  const base64 = Buffer.from('event=open').toString('base64')

  it('has bodies in base64, header names in any case, and lists of headers', () => {
    const event = {
      path: '/sendcloud/a-token',
      httpMethod: 'post',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        'X-Forwarded-For': ['1.1.1.1', '2.2.2.2'],
      },
      queryStringParameters: {},
      requestContext: { requestId: 'r', envId: 'e', appId: 1 },
      body: base64,
      isBase64Encoded: true,
    }
    expect(requestOf(event)).toEqual({
      method: 'POST',
      path: '/sendcloud/a-token',
      headers: new Map([
        ['content-type', 'application/x-www-form-urlencoded'],
        ['x-forwarded-for', '1.1.1.1,2.2.2.2'],
      ]),
      body: base64,
      isBase64Encoded: true,
    })
  })
})

it.each([
  ['a timer', { Type: 'Timer', TriggerName: 'every', Time: '2026-11-28T00:00:00Z', Message: '' }],
  ['the button in the console', { key1: 'test value 1' }],
  ['nothing', undefined],
])('refuses what %s invokes it with', (_, event) => {
  expect(() => requestOf(event)).toThrow('Expected the event of a function URL')
})
