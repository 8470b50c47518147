import { describe, expect, it } from '@jest/globals'
import {
  fieldsBeyond,
  formBeyond,
  isListBeyond,
  jsonBeyond,
  listProblem,
} from '../../../../lib/providers/body/bounds.ts'
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
    ['brackets before an escaped quote', `["${'['.repeat(40)}\\"",1]`],
    ['a text without an end', `[1,"${'['.repeat(40)}`],
    ['as many names as values', '""'.repeat(100_000)],
    ['a text that closes what it never opened', `]${',1'.repeat(60_000)}`],
    ['many lists behind each other', `[${times(20_000, () => '[]')}]`],
  ])('of %s is within the bounds', (_, text) => {
    expect(jsonBeyond(text)).toBeUndefined()
  })

  it.each([
    ['50,001 values in a list', `[${times(50_000, () => '1')}]`, 'at most 50000 values'],
    ['as many in objects', `[${times(25_001, () => '{}')}]`, 'at most 50000 values'],
    ['33 lists in each other', '['.repeat(33), 'values at most 32 deep within each other'],
    ['33 objects in each other', '{"a":'.repeat(33), 'values at most 32 deep within each other'],
    ['values behind a list that is closed', `[]${',1'.repeat(50_001)}`, 'at most 50000 values'],
    ['values behind a quote in a text', `["ab\\"c",${times(50_000, () => '1')}]`, 'at most 50000 values'],
    ['more names than values can have', '""'.repeat(100_001), 'at most 50000 values'],
    ['values behind an escaped quote', `["\\"",${times(50_000, () => '1')}]`, 'at most 50000 values'],
  ])('of %s is beyond them', (_, text, expected) => {
    expect(jsonBeyond(text)).toEqual({ pointer: '', expected, received: 'more' })
  })
})

describe('a list', () => {
  const list = (commas: number, semicolons: number) =>
    `${times(commas, () => 'a')};${times(semicolons, () => 'a', ';')}`

  it.each<[string, unknown]>([
    ['5,000 in a text, by either separator', list(2_500, 2_500)],
    ['2,000,000 characters', 'x'.repeat(2_000_000)],
    ['5,000 in lists of lists and texts', [list(1_000, 1_000), [list(1_000, 1_000), ['a,'.repeat(999)]]]],
    ['one number', 7],
  ])('of %s is within the bounds', (_, value) => {
    expect(isListBeyond(value)).toBe(false)
  })

  it.each<[string, unknown]>([
    ['5,001 in a text, by either separator', list(2_501, 2_500)],
    ['5,001, of which the first is empty', ','.repeat(5_000)],
    ['2,000,001 characters', 'x'.repeat(2_000_001)],
    ['5,001 in lists of lists and texts', [list(1_000, 1_000), [list(1_000, 1_000), ['a,'.repeat(1_000)]]]],
  ])('of %s is beyond them', (_, value) => {
    expect(isListBeyond(value)).toBe(true)
  })

  it('is named by its field', () => {
    expect(listProblem('recipientArray')).toEqual({
      pointer: '/recipientArray',
      expected: 'at most 5000 recipients',
      received: 'more',
    })
  })
})

describe('a form', () => {
  it('has at most 15,000 pairs', () => {
    expect(formBeyond('&'.repeat(14_999))).toBeUndefined()
    expect(formBeyond('&'.repeat(15_000))).toEqual({
      pointer: '',
      expected: 'at most 15000 pairs',
      received: 'more',
    })
  })
})

describe('a field that is too long', () => {
  const long = 'x'.repeat(65_537)
  const problemsWith = (field: string, value: unknown, lists?: ReadonlySet<string>) =>
    fieldsBeyond(new Map([[field, value]]), '/3', () => false, lists)
  const expected = 'at most 65536 characters'

  it.each<[string, unknown, string]>([
    ['reason', long, 'a string of more'],
    ['a-field_of40characters-1234567890-123456', { a: long }, 'an object of more'],
    ['list', [long], 'an array of more'],
  ])('is named: %s', (field, value, received) => {
    expect(problemsWith(field, value)).toEqual([{ pointer: `/3/${field}`, expected, received }])
  })

  it.each([['anna@example.com'], ['x'.repeat(41)], ['']])(
    'is not named where its name may be anything: %j',
    (field) => {
      expect(problemsWith(field, long)).toEqual([
        { pointer: '/3/a field', expected, received: 'a string of more' },
      ])
    },
  )

  it('is none where it lists recipients, or is no text', () => {
    expect(problemsWith('recipientArray', long, new Set(['recipientArray']))).toEqual([])
    expect(problemsWith('number', Number.MAX_VALUE)).toEqual([])
    expect(problemsWith('flag', true)).toEqual([])
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
