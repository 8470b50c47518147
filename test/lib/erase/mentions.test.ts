import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { mentionsIn, namedIn } from '../../../lib/erase/mentions.ts'

const ann = new Set(['ann.lee@example.com'])
const form = 'application/x-www-form-urlencoded'

function named(body: string | Uint8Array, contentType = 'application/json', of = ann): readonly string[] {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return [...mentionsIn(bytes, contentType, of).named]
}

describe('an address is found in a body', () => {
  it.each([
    ['as it is', '{"email":"ann.lee@example.com"}'],
    ['in another spelling', '{"email":"Ann Lee <ANN.Lee@Example.COM.>"}'],
    ['in quotes that it does not need', String.raw`{"email":"\"ann.lee\"@example.com"}`],
    ['in escapes of JSON', String.raw`{"email":"ann\u002elee\u0040example.com"}`],
    ['in JSON inside JSON', String.raw`{"headers":"{\"To\":\"ann.lee\\u0040example.com\"}"}`],
    ['in JSON that is broken', '{"event":"open","email":"ann.lee@example.com'],
    ['in a form', 'event=open&recipient=ann.lee%40example.com'],
    [
      'in a list of a form',
      `recipientArray=${encodeURIComponent(String.raw`["bob@example.com","ann.lee\u0040example.com"]`)}`,
    ],
    ['in an emailId', 'emailId=1795233600123_1.sc-10-inbound0%24ann.lee%40example.com'],
    ['behind a plus that is a blank', 'to=Ann+ann.lee%40example.com'],
    ['amid Chinese', '{"reason":"收件人ann.lee@example.com不存在"}'],
    ['in quoted-printable', 'raw_message=To: ann.lee=40example=\r\n.com'],
    ['in an encoded word', '{"subject":"=?utf-8?Q?ann.lee=40example.com?="}'],
    ['in base64', `{"raw_message":"${Buffer.from('To: ann.lee@example.com').toString('base64')}"}`],
    ['in HTML', '{"html":"ann.lee&#64;example.com"}'],
    ['before a boundary', '--b\r\n\r\nann.lee@example.com\r\n--b--'],
  ])('%s', (_where, body) => {
    expect(named(body, body.startsWith('{') ? 'application/json' : form)).toEqual(['ann.lee@example.com'])
  })

  it('in gzip, and in another charset', () => {
    expect(named(gzipSync('{"email":"ann.lee@example.com"}'))).toEqual(['ann.lee@example.com'])
    const utf16 = Buffer.from('{"email":"ann.lee@example.com"}', 'utf16le')
    expect(named(utf16, 'application/json; charset=utf-16le')).toEqual(['ann.lee@example.com'])
  })

  it('with a domain in its own script, and with a local part that has to be quoted', () => {
    const others = new Set(['ann@xn--bcher-kva.example', '"ann lee"@example.com', 'jörg@example.com'])
    const body = String.raw`{"a":"ANN@Bücher.example","b":"\"Ann Lee\"@example.com","c":"JÖRG@example.com"}`
    expect(named(body, 'application/json', others).toSorted()).toEqual([...others].sort())
  })

  it.each([
    '{"email":"joann.lee@example.com"}',
    '{"email":"ann.lee@example.com.cn"}',
    '{"email":"ann.lee+news@example.com"}',
    '{"email":"x.ann.lee@example.com"}',
    '{"email":"ann.lee@sub.example.com"}',
    '{"email":"ann.lee at example.com"}',
    '',
  ])('and not another one: %s', (body) => {
    expect(named(body)).toEqual([])
  })

  it.each([`o'brien@example.com`, 'a=brien@example.com', '{x}brien@example.com', 'ébrien@example.com'])(
    'and perhaps another one, which concerns others as well: %s',
    (address) => {
      const brien = new Set(['brien@example.com'])
      const body = Buffer.from(JSON.stringify({ email: address }))
      expect(mentionsIn(body, 'application/json', brien).namesOthers).toBe(true)
      expect([...namedIn(`Somebody <${address}>`, brien)]).toEqual([])
    },
  )

  it('in a field of a mail', () => {
    expect([...namedIn('"Lee, Ann" <Ann.Lee@example.com>', ann)]).toEqual(['ann.lee@example.com'])
    expect([...namedIn('Bob <bob@example.com>', ann)]).toEqual([])
  })
})

describe('a body concerns others', () => {
  const others = (body: string, contentType = 'application/json') =>
    mentionsIn(Buffer.from(body), contentType, ann).namesOthers

  it.each([
    ['where it names one', '[{"email":"ann.lee@example.com"},{"email":"bob@example.com"}]'],
    [
      'in the escapes of a list',
      String.raw`{"recipientArray":"[\"ann.lee@example.com\",\"bob\\u0040example.com\"]"}`,
    ],
    [
      'where an element names nobody that can be read',
      '[{"email":"ann.lee@example.com"},{"email":"nobody"}]',
    ],
    ['where it cannot be read, and has another address', 'ann.lee@example.com, bob@example.com'],
    ['where another part of a name is one', '{"email":"ann.lee@example.com","bob@example.com":1}'],
  ])('%s', (_where, body) => {
    expect(others(body)).toBe(true)
  })

  it.each([
    [
      'the sender',
      '{"email":"ann.lee@example.com","from":"shop@mail.example.com","messageId":"a@mail.example.com"}',
    ],
    [
      'the sender of a polled row',
      '{"row":{"ToEmailAddress":"ann.lee@example.com","FromEmailAddress":"shop@mail.example.com"}}',
    ],
    [
      'itself twice',
      'recipient=ann.lee%40example.com&emailId=1795233600123_1.sc-10-inbound0%24ann.lee%40example.com',
    ],
    ['its domain', '{"email":"ann.lee@example.com","reason":"example.com is @ home"}'],
  ])('but not by %s', (_where, body) => {
    expect(others(body, body.startsWith('{') ? 'application/json' : form)).toBe(false)
  })
})

describe('what was sent', () => {
  it.each([
    ['qcloudses-30-251200670-date-20261121140000-anna', '2026-11-21T06:00:00Z'],
    ['1795240800000_144383_11771_2575.sc-10_9_13_218-inbound', '2026-11-21T06:00:00Z'],
  ])('shows when, by its id: %s', (id, sentAt) => {
    const body = Buffer.from(JSON.stringify({ email: 'ann.lee@example.com', id }))
    expect(mentionsIn(body, '', ann).sentAtMs).toBe(Date.parse(sentAt))
  })
})

describe('a body that is made to cost', () => {
  it.each([
    ['many signs', '@'.repeat(500_000)],
    ['long local parts', `${'a='.repeat(150)}@b.c `.repeat(3_000)],
    ['quotes', '"@'.repeat(200_000)],
    ['escapes', '\\'.repeat(500_000)],
    ['percents', '%40'.repeat(200_000)],
    ['one run of base64', 'A'.repeat(6_000_000)],
    ['signs and names', '@a'.repeat(500_000)],
    ['signs and points', '@....a'.repeat(200_000)],
    ['domains in another script', '@中.国'.repeat(200_000)],
  ])('is read all the same: %s', (_what, body) => {
    expect(named(body)).toEqual([])
  })
})
