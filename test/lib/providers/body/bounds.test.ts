import { describe, expect, it } from '@jest/globals'
import { jsonBeyond } from '../../../../lib/providers/body/bounds.ts'
import type { Callback, Outcome } from '../../../../lib/providers/provider.ts'
import { providers } from '../../../../lib/providers/registry.ts'
import { sampleMessage } from '../../../events.ts'
import { callbackOf } from '../../../fixtures/sendcloud/sign.ts'

const form = 'application/x-www-form-urlencoded'
const json = 'application/json'

function read(name: string, { body, contentType }: Callback): readonly Outcome[] {
  const provider = providers.find((known) => known.name === name)
  return provider!.read({ body, contentType }, Date.parse('2026-11-27T00:00:00Z'))
}

const typesOf = (outcomes: readonly Outcome[]) => [...new Set(outcomes.map(({ type }) => type))]
const times = (count: number, text: (index: number) => string, separator = ',') =>
  Array.from({ length: count }, (_, index) => text(index)).join(separator)

describe('JSON', () => {
  it.each([
    ['an empty text', ''],
    ['50,000 values in a list', `[${times(49_999, () => '1')}]`],
    ['32 lists in each other', `${'['.repeat(32)}${']'.repeat(32)}`],
    ['a text of brackets and commas', JSON.stringify('[{,'.repeat(50_000))],
    ['a text of quotes and backslashes', JSON.stringify('"\\,['.repeat(50_000))],
    ['a text that ends in a backslash', `["\\\\",${times(49_000, () => '1')}]`],
    ['many lists behind each other', `[${times(20_000, () => '[]')}]`],
  ])('of %s is within the bounds', (_, text) => {
    expect(jsonBeyond(text)).toBeUndefined()
  })

  it.each([
    ['50,001 values in a list', `[${times(50_000, () => '1')}]`, 'at most 50000 values'],
    ['as many in objects', `[${times(25_001, () => '{}')}]`, 'at most 50000 values'],
    ['33 lists in each other', '['.repeat(33), 'values at most 32 deep within each other'],
    ['33 objects in each other', '{"a":'.repeat(33), 'values at most 32 deep within each other'],
    ['values behind an escaped quote', `["\\"",${times(50_000, () => '1')}]`, 'at most 50000 values'],
  ])('of %s is beyond them', (_, text, expected) => {
    expect(jsonBeyond(text)).toEqual({ pointer: '', expected, received: 'more' })
  })
})

const delivered = {
  event: 'delivered',
  email: 'reader@example.com',
  bulkId: sampleMessage,
  timestamp: 1654064683,
}
const emailId = '1795233600123_1_2_3.sc-10_9_13_218-inbound0$reader@example.com'
const sent = { messageId: sampleMessage }
const request = 'event=request&timestamp=1795233605123&messageId=id-inbound'
const deliver = `event=deliver&timestamp=1795233605123&emailId=${emailId}`
const headers = (count: number, prefix: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, '1']))

/** Of each bound what holds the most that may be, and what holds one more. */
const atBounds: readonly (readonly [
  what: string,
  provider: string,
  most: Callback,
  more: Callback,
  type: Outcome['type'],
])[] = [
  [
    'events of an array',
    'tencent-ses',
    callbackOf(`[${times(5_000, () => JSON.stringify({}))}]`, json),
    callbackOf(`[${times(5_001, () => JSON.stringify({}))}]`, json),
    'unreadable',
  ],
  [
    'headers of Tencent’s',
    'tencent-ses',
    callbackOf(JSON.stringify({ ...delivered, ...headers(1_000, 'X-Tencentcloudses-Cb-') }), json),
    callbackOf(JSON.stringify({ ...delivered, ...headers(1_001, 'X-Tencentcloudses-Cb-') }), json),
    'invalid',
  ],
  [
    'fields of Tencent’s',
    'tencent-ses',
    callbackOf(JSON.stringify({ ...delivered, ...headers(996, 'f') }), json),
    callbackOf(JSON.stringify({ ...delivered, ...headers(997, 'f') }), json),
    'invalid',
  ],
  [
    'characters of a field of Tencent’s',
    'tencent-ses',
    callbackOf(JSON.stringify({ ...delivered, reason: 'x'.repeat(65_536) }), json),
    callbackOf(JSON.stringify({ ...delivered, reason: 'x'.repeat(65_537) }), json),
    'invalid',
  ],
  [
    'recipients of a send',
    'sent',
    callbackOf(
      JSON.stringify({ ...sent, recipients: times(5_000, (index) => `${index}@b.c`).split(',') }),
      json,
    ),
    callbackOf(
      JSON.stringify({ ...sent, recipients: times(5_001, (index) => `${index}@b.c`).split(',') }),
      json,
    ),
    'invalid',
  ],
  [
    'recipients of a request, as a text',
    'sendcloud',
    callbackOf(`${request}&recipientArray=${times(5_000, (index) => `${index}@b.c`)}`, form),
    callbackOf(`${request}&recipientArray=${times(5_001, (index) => `${index}@b.c`)}`, form),
    'invalid',
  ],
  [
    'recipients of a request, as JSON in a form',
    'sendcloud',
    callbackOf(`${request}&recipientArray=[${times(5_000, (index) => `"${index}@b.c"`)}]`, form),
    callbackOf(`${request}&recipientArray=[${times(5_001, (index) => `"${index}@b.c"`)}]`, form),
    'invalid',
  ],
  [
    'recipients of a request, as a field that repeats',
    'sendcloud',
    callbackOf(`${request}&${times(5_000, (index) => `recipientArray[${index}]=${index}@b.c`, '&')}`, form),
    callbackOf(`${request}&${times(5_001, (index) => `recipientArray[${index}]=${index}@b.c`, '&')}`, form),
    'invalid',
  ],
  [
    'headers of SendCloud’s',
    'sendcloud',
    callbackOf(`${deliver}&${times(1_000, (index) => `SC-Custom-${index}=1`, '&')}`, form),
    callbackOf(`${deliver}&${times(1_001, (index) => `SC-Custom-${index}=1`, '&')}`, form),
    'invalid',
  ],
  [
    'characters of a field of SendCloud’s',
    'sendcloud',
    callbackOf(`${deliver}&cause=${'x'.repeat(65_536)}`, form),
    callbackOf(`${deliver}&cause=${'x'.repeat(65_537)}`, form),
    'invalid',
  ],
  [
    'pairs of a form',
    'sendcloud',
    callbackOf(`${deliver}${'&a=b'.repeat(14_997)}`, form),
    callbackOf(`${deliver}${'&a=b'.repeat(14_998)}`, form),
    'unreadable',
  ],
]

describe('the most', () => {
  it.each(atBounds)('%s are read, and one more is not', (_, provider, most, more, type) => {
    const expected = provider === 'tencent-ses' && type === 'unreadable' ? ['invalid'] : ['event']
    expect(typesOf(read(provider, most))).toEqual(expected)
    const outcomes = read(provider, more)
    expect(outcomes).toHaveLength(1)
    expect(typesOf(outcomes)).toEqual([type])
    expect(JSON.stringify(outcomes)).toMatch(/at most \d+ /)
  })

  it('text of an inbound mail is whatever a body holds', () => {
    const mail = `event=route&timestamp=1795233605123&to=a@b.c&raw_message=${'x'.repeat(1_000_000)}`
    expect(typesOf(read('sendcloud', callbackOf(mail, form)))).toEqual(['inbound'])
  })
})

describe('a problem with a bound', () => {
  it('repeats no name that could be an address', () => {
    const named = { ...delivered, 'reader@example.com': 'x'.repeat(70_000) }
    expect(JSON.stringify(read('tencent-ses', callbackOf(JSON.stringify(named), json)))).not.toContain(
      'reader@',
    )
  })
})
