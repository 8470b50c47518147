import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { oneLine, printedLine, severalLines } from '../../../lib/core/text.ts'
import { anyText } from '../../any-text.ts'

describe('text on one line', () => {
  it.each([
    ['551 5.1.1 no such user', '551 5.1.1 no such user'],
    ['  a \t b\r\n\r\nc\n', 'a b c'],
    ['a\u0000b\u001bc\u007fd\u0085e', 'a b c d e'],
    ['a\u00a0b\u2028c\u3000d\ufeffe', 'a b c d e'],
    ['half \ud83d of a character', 'half \ufffd of a character'],
    ['测试 🔒', '测试 🔒'],
    [' \u0000\n ', ''],
    ['', ''],
  ])('turns %j into %j', (text, expected) => {
    expect(oneLine(text)).toBe(expected)
  })

  it('is well formed, without control characters, double spaces or margins, and stays so', () => {
    fc.assert(
      fc.property(anyText(), fc.string({ unit: fc.constantFrom(' ', '\n', '\0', '\ud800', 'x') }), (a, b) => {
        const line = oneLine(a + b)
        expect(line.isWellFormed()).toBe(true)
        expect(line).not.toMatch(/^\s|\s$|\s\s|\p{Cc}/u)
        expect(oneLine(line)).toBe(line)
      }),
    )
  })
})

describe('text for a terminal', () => {
  it('turns nothing around', () => {
    expect(printedLine('a\u202eb\u2066c\u200f d\u061c \n e')).toBe('abc d e')
  })

  it('in several lines keeps line ends and tabs, and no other control', () => {
    expect(severalLines('a\tb\nc\u001b[31md\u0000e\r\nf\u202eg \ud800')).toBe('a\tb\nc[31mde\nfg \ufffd')
  })
})
