import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { contentTypeOfText } from '../../../lib/providers/body/text.ts'
import type { Callback, Outcome } from '../../../lib/providers/provider.ts'
import { sendCloud } from '../../../lib/providers/sendcloud/sendcloud.ts'
import { sentWith } from '../../../lib/providers/send-reports/send-reports.ts'
import { tencentSes } from '../../../lib/providers/tencent-ses/tencent-ses.ts'
import { signatureOf, someToken } from '../../fixtures/sendcloud/sign.ts'

// In which encodings a body may come, and what is made of those in which it should not.

const nowMs = Date.parse('2026-11-21T08:00:00Z')
const sent = sentWith([tencentSes, sendCloud])
const formType = 'application/x-www-form-urlencoded'
const emailId = '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound0$reader@example.com'

const delivered = (subject: string) =>
  `{"event":"delivered","email":"reader@example.com","bulkId":"qcloud-ses-1","timestamp":1795233605,"subject":"${subject}"}`

const callback = (body: string | Uint8Array, contentType: string): Callback => ({
  body: typeof body === 'string' ? Buffer.from(body) : body,
  contentType,
})

function reported(outcomes: readonly Outcome[]): unknown {
  return outcomes.map((outcome) => {
    if (outcome.type === 'event') return [outcome.event.recipient, outcome.event.columns]
    return outcome.type === 'unreadable' ? outcome.problem : outcome
  })
}

// 您好 in each of them.
const inCharsets: readonly (readonly [charset: string, hex: string])[] = [
  ['GBK', 'c4fabac3'],
  ['gb2312', 'c4fabac3'],
  ['GB18030', 'c4fabac3'],
  ['cp936', 'c4fabac3'],
  ['"gbk"', 'c4fabac3'],
  ['Big5', 'b17aa66e'],
  ['utf-8', 'e682a8e5a5bd'],
  ['x-nobody', 'e682a8e5a5bd'],
  ['us-ascii', 'e682a8e5a5bd'],
]

function withBytes(text: string, hex: string): Buffer {
  const [before = '', after = ''] = text.split('您好')
  return Buffer.concat([Buffer.from(before), Buffer.from(hex, 'hex'), Buffer.from(after)])
}

describe('a body whose content type names its charset', () => {
  it.each(inCharsets)('is decoded by it where its bytes come: JSON in %s', (charset, hex) => {
    const body = withBytes(delivered('您好'), hex)
    const outcomes = tencentSes.read(callback(body, `application/json; charset=${charset}`), nowMs)
    expect(reported(outcomes)).toEqual([['reader@example.com', { subject: '您好' }]])
  })

  it.each(inCharsets)('is decoded by it in its bytes and its escapes: a form in %s', (charset, hex) => {
    const form = `event=deliver&emailId=${emailId}&timestamp=1795233605123&labelName=您好`
    const escapes = hex.replace(/../g, '%$&')
    const type = `${formType};charset=${charset}`
    const expected = [['reader@example.com', { labelName: '您好' }]]
    expect(reported(sendCloud.read(callback(withBytes(form, hex), type), nowMs))).toEqual(expected)
    expect(reported(sendCloud.read(callback(form.replace('您好', escapes), type), nowMs))).toEqual(expected)
  })

  it('has letters whose second byte is ASCII, as browsers escape them', () => {
    const form = `event=deliver&emailId=${emailId}&timestamp=1795233605123&labelName=%E9F+%B2`
    const outcomes = sendCloud.read(callback(`${form}%E2`, `${formType}; charset=gbk`), nowMs)
    expect(reported(outcomes)).toEqual([['reader@example.com', { labelName: '镕 测' }]])
    expect(reported(sendCloud.read(callback(form, `${formType}; charset=gbk`), nowMs))).toEqual([
      { pointer: '', expected: 'gbk text', received: 'escapes that are not gbk' },
    ])
  })

  it('is unreadable where its bytes are not of it', () => {
    const body = Buffer.from(delivered('\xff'), 'latin1')
    expect(reported(tencentSes.read(callback(body, 'application/json; charset=gbk'), nowMs))).toEqual([
      { pointer: '', expected: 'gbk text', received: 'bytes that are not gbk' },
    ])
    expect(reported(tencentSes.read(callback(body, 'application/json'), nowMs))).toEqual([
      { pointer: '', expected: 'UTF-8 text', received: 'bytes that are not UTF-8' },
    ])
  })

  // Clients name ISO-8859-1 where nobody has chosen anything.
  it('is UTF-8 all the same where it says ISO-8859-1 and is UTF-8', () => {
    const type = 'application/json; charset=ISO-8859-1'
    expect(reported(tencentSes.read(callback(delivered('您好'), type), nowMs))).toEqual([
      ['reader@example.com', { subject: '您好' }],
    ])
    expect(reported(tencentSes.read(callback(delivered('您好'), contentTypeOfText(type)), nowMs))).toEqual([
      ['reader@example.com', { subject: '您好' }],
    ])
    const form = `event=deliver&emailId=${emailId}&timestamp=1795233605123`
    for (const [escapes, labelName] of [
      ['J%C3%B6rg', 'Jörg'],
      ['J%F6rg', 'Jörg'],
    ]) {
      const inForm = callback(`${form}&labelName=${escapes}`, `${formType}; charset=ISO-8859-1`)
      expect(reported(sendCloud.read(inForm, nowMs))).toEqual([['reader@example.com', { labelName }]])
    }
    const latin1 = Buffer.from(delivered('Jörg'), 'latin1')
    expect(reported(tencentSes.read(callback(latin1, type), nowMs))).toEqual([
      ['reader@example.com', { subject: 'Jörg' }],
    ])
  })

  it('is unreadable for ever where it came as text, which was decoded by another charset', () => {
    const mangled = {
      pointer: '',
      expected: 'bytes in the charset of the content type, gbk',
      received: 'text that was decoded as UTF-8',
    }
    const type = 'application/json; charset=gbk'
    // What U+FFFD took the place of is lost; what is no U+FFFD may be other letters than were sent.
    expect(reported(tencentSes.read(callback(delivered('\ufffd\ufffd'), type), nowMs))).toEqual([mangled])
    expect(reported(tencentSes.read(callback(delivered('Ħ'), contentTypeOfText(type)), nowMs))).toEqual([
      mangled,
    ])
    expect(
      reported(tencentSes.read(callback(delivered('in ASCII'), contentTypeOfText(type)), nowMs)),
    ).toEqual([['reader@example.com', { subject: 'in ASCII' }]])
  })

  it.each([
    ['application/json', 'application/json'],
    ['application/json; charset=utf-8', 'application/json; charset=utf-8'],
    ['application/json; charset=GBK', 'application/json; charset=GBK; received-as=text'],
    ['', ''],
  ])('%j is kept as %j where it came as text', (type, kept) => {
    expect(contentTypeOfText(type)).toBe(kept)
  })
})

describe('a body in gzip', () => {
  const form = `event=deliver&emailId=${emailId}&timestamp=1795233605123&token=${someToken}&signature=${signatureOf('1795233605123', someToken, 'key')}`
  const send = '{"messageId":"qcloud-ses-1","recipients":"reader@example.com","sentAt":1795233605}'

  it('is read at every door', () => {
    const json = gzipSync(delivered('About it'))
    expect(reported(tencentSes.read(callback(json, 'application/json'), nowMs))).toEqual([
      ['reader@example.com', { subject: 'About it' }],
    ])
    const packed = callback(gzipSync(form), formType)
    expect(sendCloud.signing?.verify(packed, ['key'])).toBe('signed')
    expect(reported(sendCloud.read(packed, nowMs))).toEqual([['reader@example.com', {}]])
    expect(reported(sent.read(callback(gzipSync(send), ''), nowMs))).toEqual([['reader@example.com', {}]])
  })

  it('is decoded by the charset that its content type names', () => {
    const body = gzipSync(withBytes(delivered('您好'), 'c4fabac3'))
    expect(reported(tencentSes.read(callback(body, 'application/json; charset=gbk'), nowMs))).toEqual([
      ['reader@example.com', { subject: '您好' }],
    ])
  })

  it.each([
    ['larger than a body may be', gzipSync(' '.repeat(64 * 1024 + 1))],
    ['larger in several parts', Buffer.concat(Array.from({ length: 3 }, () => gzipSync(' '.repeat(30_000))))],
    ['cut off', gzipSync(delivered('About it')).subarray(0, -9)],
    ['none at all', Buffer.from([0x1f, 0x8b, 8, 0])],
  ])('that is %s is unreadable, and costs no more memory than that', (_what, body) => {
    expect(reported(tencentSes.read(callback(body, 'application/json'), nowMs))).toEqual([
      { pointer: '', expected: 'gzip of at most 65536 bytes', received: 'gzip that is larger, or damaged' },
    ])
  })

  it('of a gigabyte is refused in linear time, and not unpacked', () => {
    const bomb = Buffer.concat(Array<Buffer>(100).fill(gzipSync(Buffer.alloc(10 * 1024 * 1024))))
    const startedAt = performance.now()
    expect(sendCloud.signing?.verify(callback(bomb, formType), ['key'])).toBe('unverifiable')
    expect(sendCloud.read(callback(bomb, formType), nowMs)).toHaveLength(1)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })
})

describe('a body in multipart/form-data', () => {
  const boundary = 'WebKitFormBoundaryx7'
  const type = `multipart/form-data; boundary=${boundary}`
  const part = (name: string, value: string, more = '') =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
  const end = `--${boundary}--\r\n`
  const good =
    part('event', 'deliver') +
    part('emailId', emailId) +
    part('timestamp', '1795233605123') +
    part('token', someToken) +
    part('signature', signatureOf('1795233605123', someToken, 'key'))
  const read = (text: string | Uint8Array, contentType = type) =>
    reported(sendCloud.read(callback(text, contentType), nowMs))

  it('is a form', () => {
    const body = callback(good + end, type)
    expect(sendCloud.signing?.verify(body, ['key'])).toBe('signed')
    expect(sendCloud.signing?.verify(body, ['another'])).toBe('forged')
    expect(read(good + end)).toEqual([['reader@example.com', {}]])
  })

  it.each([
    ['a preamble and an epilogue', `hello\r\n${good}${end}bye`],
    ['a value like a delimiter', good + part('labelName', `a\r\n--${boundary}y`) + end],
    ['a value of several lines', good + part('labelName', 'a\r\n\r\nb') + end],
    ['a file', good + part('labelName', 'a', '; filename="name=x.txt"\r\nContent-Type: text/plain') + end],
    ['an empty value', good + part('labelName', '') + end],
    ['a part without a name', `${good}--${boundary}\r\nX: y\r\n\r\nz\r\n${end}`],
    ['spaces behind a delimiter', good.replace(`--${boundary}\r\n`, `--${boundary} \t\r\n`) + end],
  ])('may have %s', (_what, text) => {
    expect(read(text)).toEqual([['reader@example.com', expect.anything()]])
  })

  it('has values as they are', () => {
    expect(read(good + part('labelName', 'a+b%20c\r\n测试') + end)).toEqual([
      ['reader@example.com', { labelName: 'a+b%20c 测试' }],
    ])
    expect(read(good + part('labelName', `a\r\n--${boundary}y`) + end)).toEqual([
      ['reader@example.com', { labelName: `a --${boundary}y` }],
    ])
    expect(
      read(good + part('\ufeffrecipient', 'x') + part('recipient', '\ufeffreader@example.com') + end),
    ).toMatchObject([
      { type: 'invalid', problems: [{ pointer: '/recipient', received: 'a string with U+FEFF in it' }] },
    ])
  })

  it('may name its boundary in quotes', () => {
    expect(read(good + end, `Multipart/Form-Data; charset=utf-8; boundary="${boundary}"`)).toEqual([
      ['reader@example.com', {}],
    ])
  })

  const unreadable = (received: string) => [
    { pointer: '', expected: 'the parts of multipart/form-data', received },
  ]

  it.each([
    ['is cut off', good, 'one that is cut off'],
    ['is cut off in a head', `${good}--${boundary}\r\nContent-Dis`, 'one that is cut off'],
    [
      'has a head without end',
      `${good}--${boundary}\r\n${'x'.repeat(5_000)}\r\n\r\n\r\n${end}`,
      'one that is cut off',
    ],
    ['has none of its delimiters', '--another\r\na=b\r\n', 'none that is whole'],
    ['has too many parts', part('a', '1').repeat(10_001) + end, 'more than 10000'],
  ])('that %s is unreadable, and kept on the word of the token', (_what, text, received) => {
    expect(read(text)).toEqual(unreadable(received))
    expect(sendCloud.signing?.verify(callback(text, type), ['key'])).toBe('unverifiable')
  })

  it('without a boundary, or with parts that are no UTF-8, is unreadable', () => {
    expect(read(good + end, 'multipart/form-data')).toEqual(unreadable('no boundary that ends them'))
    const bytes = Buffer.concat([
      Buffer.from(good + part('text', '')),
      Buffer.from(part('text', '\xff') + end, 'latin1'),
    ])
    expect(read(bytes)).toEqual([
      { pointer: '', expected: 'UTF-8 text', received: 'a part that is not UTF-8' },
    ])
  })

  it('of 6 MB is read in linear time, whatever is in it', () => {
    for (const piece of [
      `\r\n--${boundary}`,
      `\r\n--${boundary}\r\n`,
      '\r\n\r\n',
      `--${boundary}y\r\n`,
      '"\\',
    ]) {
      const text = `--${boundary}\r\n${piece.repeat(Math.floor(6_000_000 / piece.length))}`
      const startedAt = performance.now()
      expect(sendCloud.read(callback(text, type), nowMs)).toHaveLength(1)
      expect(performance.now() - startedAt).toBeLessThan(5_000)
    }
  })

  it('is read to the letters that were written into it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '\r', '\n', '-', boundary, '"', '测') }),
        (value) => {
          fc.pre(!`\r\n${value}`.includes(`\r\n--${boundary}`))
          const outcomes = sendCloud.read(callback(good + part('SC-Custom-a', value) + end, type), nowMs)
          const [outcome] = outcomes
          expect(outcome?.type === 'event' && outcome.event.headers.get('SC-Custom-a')).toBe(
            value.replace(/[\r\n]+/g, ' ').trim(),
          )
        },
      ),
    )
  })
})

describe('a plus in a form', () => {
  const common = 'timestamp=1795233605123'
  const id = '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound'
  const recipientsIn = (form: string) =>
    sendCloud
      .read(callback(`${common}&${form}`, formType), nowMs)
      .map((outcome) => (outcome.type === 'event' ? outcome.event.recipient : outcome.type))

  it.each([
    [`event=deliver&messageId=${id}&recipient=ann+news@example.com`, ['ann+news@example.com']],
    [`event=deliver&messageId=${id}&recipient=ann%2Bnews%40example.com`, ['ann+news@example.com']],
    [`event=deliver&messageId=${id}&recipient=ann+a+b%40example.com`, ['ann+a+b@example.com']],
    [`event=deliver&messageId=${id}&recipient=+ann@example.com+`, ['ann@example.com']],
    [`event=deliver&messageId=${id}&recipient=Ann+Lee+%3Cann+news@example.com%3E`, ['ann+news@example.com']],
    [`event=deliver&messageId=${id}&recipient=%22ann+lee%22%40example.com`, ['"ann lee"@example.com']],
    [`event=deliver&emailId=${id}0$ann+news@example.com`, ['ann+news@example.com']],
    [
      `event=deliver&emailId=${id}0$ann+news@example.com&recipient=ann%2Bnews@example.com`,
      ['ann+news@example.com'],
    ],
    [
      `event=request&messageId=${id}&recipientArray=%5B%22a+x%40example.com%22%2C+%22b%40example.com%22%5D`,
      ['a+x@example.com', 'b@example.com'],
    ],
    [
      `event=request&messageId=${id}&recipientArray=a+x@example.com,+b+y@example.com`,
      ['a+x@example.com', 'b+y@example.com'],
    ],
    [
      `event=request&messageId=${id}&recipientArray=%5B%27a+x@example.com%27,+%27b@example.com%27%5D`,
      ['a+x@example.com', 'b@example.com'],
    ],
    [`event=deliver&messageId=${id}&recipient=ann%20news@example.com`, ['invalid']],
    [`event=deliver&messageId=${id}&recipient=ann+%01news@example.com`, ['invalid']],
    [`event=deliver&messageId=a+b&recipient=ann@example.com`, ['invalid']],
  ])('of an address is a plus: %s', (form, recipients) => {
    expect(recipientsIn(form)).toEqual(recipients)
  })

  it('of an inbound mail is one in its addresses alone', () => {
    const form = `event=route&${common}&x_mx_rcptto=support+a@example.com&to=Team+One+%3Cteam+a@example.com%3E&subject=a+b@c`
    const [outcome] = sendCloud.read(callback(form, formType), nowMs)
    expect(outcome?.type === 'inbound' && [outcome.mail.recipient, outcome.mail.columns]).toEqual([
      'support+a@example.com',
      { to: 'Team One <team+a@example.com>', subject: 'a b@c' },
    ])
  })

  it('is looked for in linear time', () => {
    const startedAt = performance.now()
    expect(recipientsIn(`event=deliver&messageId=${id}&recipient=${'a+'.repeat(500_000)}`)).toEqual([
      'invalid',
    ])
    expect(recipientsIn(`event=deliver&messageId=${id}&recipient=${'+'.repeat(1_000_000)}@`)).toEqual([
      'invalid',
    ])
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

describe('a probe of a console', () => {
  it.each([['{}'], ['[]'], [' { } '], ['[ ]'], ['']])('reports nothing at /tencent-ses: %j', (text) => {
    expect(tencentSes.read(callback(text, 'application/json'), nowMs)).toEqual([])
  })

  it.each([['null'], ['[[]]'], ['[{}]'], ['[null]'], ['{"a":1}'], ['"test"'], ['[{},1]']])(
    'is not what holds anything: %j',
    (text) => {
      expect(tencentSes.read(callback(text, 'application/json'), nowMs)).not.toEqual([])
    },
  )

  it('is none at /sent, where an application is mistaken', () => {
    for (const text of ['{}', '[]']) expect(sent.read(callback(text, ''), nowMs)).toHaveLength(1)
  })
})
