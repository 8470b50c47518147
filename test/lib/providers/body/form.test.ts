import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { openForm } from '../../../../lib/providers/body/form.ts'

const parsedForm = (text: string, wanted?: ReadonlySet<string>) => {
  const form = openForm(text)
  return 'problem' in form ? form : form.fields(wanted)
}
const fieldsOf = (text: string, wanted?: ReadonlySet<string>) => {
  const parsed = parsedForm(text, wanted)
  return 'fields' in parsed ? Object.fromEntries(parsed.fields) : parsed.problem
}
const notUtf8 = { pointer: '', expected: 'UTF-8 text', received: 'escapes that are not UTF-8' }

describe('a form', () => {
  it.each([
    ['event=open', { event: 'open' }],
    ['event=open&url=', { event: 'open', url: '' }],
    ['event=open&url', { event: 'open', url: '' }],
    ['event=open&&', { event: 'open' }],
    ['event=open&=x', { event: 'open' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=%3D%26%2B%25', { a: '=&+%' }],
    ['a=one+two', { a: 'one two' }],
    ['a=one%20two', { a: 'one two' }],
    ['a+b=c', { 'a b': 'c' }],
    ['%65vent=open', { event: 'open' }],
    ['recipientArray%5B%5D=x', { 'recipientArray[]': 'x' }],
    ['a=%E6%B5%8B%e8%af%95', { a: '测试' }],
    ['a=测试', { a: '测试' }],
    ['a=100%', { a: '100%' }],
    ['a=100%&b=%zz%2', { a: '100%', b: '%zz%2' }],
    ['a=%250D', { a: '%0D' }],
    ['a=%0D%0A%00', { a: '\r\n\0' }],
    ['a=1;b=2', { a: '1;b=2' }],
    ['__proto__=x&constructor=y', { ['__proto__']: 'x', constructor: 'y' }],
  ])('%s is read', (text, expected) => {
    expect(fieldsOf(text)).toEqual(expected)
  })

  it('keeps a field that repeats once where it says the same, and all that it says otherwise', () => {
    expect(fieldsOf('a=1&b=2&a=1&b=3&b=2')).toEqual({ a: '1', b: ['2', '3'] })
  })

  it.each([
    ['half a character', 'a=%E6%B5'],
    ['a lone continuation byte', 'a=%80'],
    ['GBK', 'a=%B2%E2'],
    ['an overlong slash', 'a=%C0%AF'],
    ['half a surrogate pair', 'a=%ED%A0%80'],
    ['a name', 'event=open&%FF=1'],
    ['letters that would complete the escape by their low bytes', 'a=%E6\u01b5\u018b'],
  ])('whose escapes are not UTF-8 is a problem: %s', (_what, text) => {
    expect(fieldsOf(text)).toEqual(notUtf8)
  })

  it.each([['a=%EF%BF%BD'], ['a=%ef%bf%bd'], ['a=\ufffd']])('may itself say U+FFFD: %s', (text) => {
    expect(fieldsOf(text)).toEqual({ a: '\ufffd' })
  })

  it.each([[''], ['hello'], ['a&b&c'], ['=x'], ['&&&'], ['%']])('is not %j, which has no pair', (text) => {
    expect(fieldsOf(text)).toEqual({
      pointer: '',
      expected: 'a form of name=value pairs',
      received: 'text without any',
    })
  })

  it('is read as far as it is wanted: values of other names are passed over, whatever is in them', () => {
    const wanted = new Set(['token', 'signature'])
    expect(fieldsOf('html=%FF&t%6Fken=a%20b&timestamp=1', wanted)).toEqual({ token: 'a b' })
    expect(fieldsOf('html=%FF', wanted)).toEqual({})
    expect(fieldsOf('html=1&token=%FF', wanted)).toEqual(notUtf8)
    expect(fieldsOf('hello', wanted)).toMatchObject({ received: 'text without any' })
  })

  it('of any text pairs is what the URL standard makes of it', () => {
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), text), { minLength: 1 }), (pairs) => {
        const encoded = new URLSearchParams(pairs).toString()
        const expected = Map.groupBy(pairs, ([name]) => name)
        const parsed = parsedForm(encoded)
        if ('problem' in parsed) throw new Error(parsed.problem.received)
        expect([...parsed.fields].map(([name, value]) => [name, [value].flat()])).toEqual(
          [...expected].map(([name, all]) => [name, [...new Set(all.map(([, value]) => value))]]),
        )
      }),
    )
  })

  it('of any ASCII without bad escapes is what the URL standard makes of it', () => {
    const piece = fc.constantFrom('a', 'b', '=', '&', '+', '%', '%41', '%zz', '%2', '%26', ' ')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('')
        const parsed = parsedForm(text)
        if ('problem' in parsed) return
        const expected = [...new URLSearchParams(text)].filter(([name]) => name !== '')
        for (const [name, value] of expected) expect([parsed.fields.get(name)].flat()).toContain(value)
        expect([...parsed.fields.keys()]).toEqual([...new Set(expected.map(([name]) => name))])
      }),
    )
  })
})
