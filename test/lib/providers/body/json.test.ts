import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseExactJson } from '../../../../lib/providers/body/json.ts'

describe('a number in exact JSON', () => {
  it.each([
    ['9007199254740993', '9007199254740993'],
    ['1234567890123456789', '1234567890123456789'],
    ['[12345678901234567890,7]', ['12345678901234567890', 7]],
    ['{"a":{"b":9007199254740993}}', { a: { b: '9007199254740993' } }],
    ['0.1000000000000000055511151231257827', '0.1000000000000000055511151231257827'],
    ['1.0', '1.0'],
    ['1e999', '1e999'],
    ['-0', '-0'],
    ['-12345678901234567890', '-12345678901234567890'],
    ['9007199254740991', 9007199254740991],
    ['1.5', 1.5],
    ['-7', -7],
  ])('%s is %j', (text, expected) => {
    expect(parseExactJson(text)).toEqual(expected)
  })

  it('is left alone inside a string, and so are names', () => {
    const text = String.raw`{"12345678901234567890":"\"12345678901234567890","a":["1.0\\",1.0]}`
    expect(parseExactJson(text)).toEqual({
      '12345678901234567890': '"12345678901234567890',
      a: ['1.0\\', '1.0'],
    })
  })

  it('is exact however deep it is nested', () => {
    const text = `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)},"b":12345678901234567890}`
    expect((parseExactJson(text) as { b: unknown }).b).toBe('12345678901234567890')
  })

  it.each([['{1.0:2}'], ['01.0'], ['1.'], ['12345678901234567890a'], ['1.0"a"'], ['"1.0'], ['[1.0']])(
    '%s is no JSON',
    (text) => {
      expect(() => parseExactJson(text)).toThrow(SyntaxError)
    },
  )

  it('is what JSON says where JavaScript can say it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const exactly = JSON.stringify(parseExactJson(text), (_name, value: unknown) =>
          value === '-0' ? 0 : value,
        )
        expect(exactly).toBe(JSON.stringify(JSON.parse(text)))
      }),
    )
  })
})
