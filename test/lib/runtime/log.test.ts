import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { jsonLog } from '../../../lib/runtime/log.ts'

function lineOf(event: string, fields?: Readonly<Record<string, unknown>>): string {
  const lines: string[] = []
  jsonLog(
    (line) => lines.push(line),
    () => Date.parse('2026-11-21T08:00:03Z'),
  )(event, fields)
  expect(lines).toHaveLength(1)
  return lines.join()
}

describe('a line of the log', () => {
  it('is one JSON object: when, what, and the rest', () => {
    expect(lineOf('callback recorded', { events: 2, isRetry: false, of: ['a', null] })).toBe(
      '{"at":"2026-11-21T08:00:03.000Z","event":"callback recorded","events":2,"isRetry":false,"of":["a",null]}',
    )
  })

  it('needs no fields', () => {
    expect(lineOf('started')).toBe('{"at":"2026-11-21T08:00:03.000Z","event":"started"}')
  })

  it('stays one line', () => {
    expect(lineOf('two\nlines', { more: 'a\r\nb' })).not.toMatch(/[\r\n]/)
  })
})

describe('an address', () => {
  it.each([
    ['reader@example.com', '[address]'],
    ['550 <reader@example.com>: no such user', '550 <[address]>: no such user'],
    ['to:reader@example.com,other@example.com', 'to:[address],[address]'],
    ['Reader+Tag.1@EXAMPLE.co.uk!', '[address]'],
    ['读者@例子.中国', '[address]'],
    ['reader@localhost', '[address]'],
    ['{"email":"reader@example.com"}', '{"email":"[address]"}'],
    ['no address', 'no address'],
    ['@', '@'],
  ])('in %j is struck out', (text, expected) => {
    expect(JSON.parse(lineOf('refused', { text }))).toMatchObject({ text: expected })
  })

  it('is struck out in the event itself and at any depth', () => {
    const line = lineOf('refused reader@example.com', {
      list: [{ deep: ['x reader@example.com'] }],
      map: { value: 'reader@example.com' },
    })
    expect(line).not.toContain('reader@example.com')
    expect(line).not.toContain('example.com')
  })

  it('never comes out, whatever stands around it', () => {
    const around = fc.string({
      unit: fc.constantFrom('a', ' ', '<', '>', '"', "'", ':', ',', ';', '/', '\\', '\n'),
    })
    const address = fc.stringMatching(/^[a-z0-9._%+-]{1,12}@[a-z0-9-]{1,12}\.[a-z]{2,6}$/)
    fc.assert(
      fc.property(around, address, around, (before, email, after) => {
        const text = before + email + after
        expect(lineOf(text, { text, list: [text] })).not.toContain(email)
      }),
    )
  })

  it.each([
    [
      'in a value that ends in a quoted one',
      { text: 'said "reader@example.com"' },
      { text: 'said "[address]"' },
    ],
    ['behind a backslash', { text: '\\reader@example.com' }, { text: '\\[address]' }],
    ['with a quoted local part at the end', { a: '"x"@example.com', b: 1 }, { a: '[address]', b: 1 }],
    ['between a field and the next', { 'a@': 'b', c: '@d' }, { 'a@': 'b', c: '@d' }],
    ['in a name', { 'reader@example.com': 2 }, { '[address]': 2 }],
    [
      'in names at any depth',
      { a: [{ 'x reader@example.com': { 'b@c.de': 1 } }] },
      { a: [{ 'x [address]': { '[address]': 1 } }] },
    ],
    [
      'in a value of an escape',
      { message: '\n@example.com', more: 'x' },
      { message: '\n@example.com', more: 'x' },
    ],
  ])('%s leaves a line of JSON', (_, fields, expected) => {
    expect(JSON.parse(lineOf('refused', fields))).toEqual({
      at: '2026-11-21T08:00:03.000Z',
      event: 'refused',
      ...expected,
    })
  })

  it('leaves a line of JSON whatever text there is', () => {
    const unit = fc.constantFrom('a', '@', '"', '\\', '\n', '%40', ' ', ',', ':', '{', '}', 'é')
    const text = fc.string({ unit, maxLength: 12 })
    fc.assert(
      fc.property(text, fc.dictionary(text, text), (event, fields) => {
        expect(JSON.parse(lineOf(event, { fields }))).toMatchObject({ at: '2026-11-21T08:00:03.000Z' })
      }),
    )
  })

  it.each([
    ['with a quoted local part', { text: '550 "john.doe"@example.com unknown' }, 'doe"@example.com'],
    ['with a space in its local part', { text: '550 "ann lee"@example.com unknown' }, 'lee"@example.com'],
    ['at an IPv6 host', { text: '550 ann@[IPv6:2001:db8::25] unknown' }, '2001:db8::25'],
    ['that a URL encodes', { text: 'https://example.com/?to=reader%40example.com' }, 'reader%40example.com'],
    ['that names a field', { perRecipient: { 'reader@example.com': 2 } }, 'reader@example.com'],
  ])('%s never comes out', (_what, fields, address) => {
    expect(lineOf('refused', fields)).not.toContain(JSON.stringify(address).slice(1, -1))
  })
})

describe('a field named like a secret', () => {
  it.each([
    ['token'],
    ['callbackToken'],
    ['CALLBACK_TOKEN'],
    ['TENCENTCLOUD_SECRET_ID'],
    ['secretKey'],
    ['X-TC-Token'],
    ['signature'],
    ['Authorization'],
    ['password'],
  ])('%s keeps its value, of whatever type', (name) => {
    for (const value of ['hunter2', ['hunter2'], { inner: 'hunter2' }]) {
      const line = lineOf('started', { [name]: value, nested: [{ [name]: value }] })
      expect(line).not.toContain('hunter2')
      expect(line).toContain(`"${name}":"[redacted]"`)
    }
  })
})
