import { describe, expect, it } from '@jest/globals'
import { maskedText } from '../../../lib/core/masked-text.ts'

describe('a text with its addresses masked', () => {
  it.each([
    ['551 <ann.smith@example.com> no such user', '551 <a…@example.com> no such user'],
    ['for a@example.com, b.c@example.org', 'for a…@example.com, b…@example.org'],
    // Local parts in quotes, with an apostrophe, and of one letter
    ['"ann smith"@example.com', '"…@example.com'],
    [String.raw`to "ann\"x y"@example.com`, 'to "…@example.com'],
    ["pat.o'brien@example.com", 'p…@example.com'],
    // Domains that are none of letters
    ['ann.smith@[192.0.2.1] refused', 'a…@[192.0.2.1] refused'],
    ['用户@例子.公司', '用…@例子.公司'],
    // Another sign, or one that is encoded
    ['ann.smith＠example.com', 'a…＠example.com'],
    ['ann.smith﹫example.com', 'a…﹫example.com'],
    ['mail ann.smith%40example.com', 'mail a…%40example.com'],
    ['mail ann.smith%2540example.com', 'mail a…%2540example.com'],
    ['ann.smith&#64;example.com', 'a…&#64;example.com'],
    ['ann.smith&#x40;example.com', 'a…&#x40;example.com'],
    ['ann.smith&commat;example.com', 'a…&commat;example.com'],
    // An address within another, and within an id
    ['bounce+ann.smith=example.com@shop.example', 'b…@shop.example'],
    ['1_2.sc-inbound0$ann.smith@example.com', '1…@example.com'],
    ['ann.smith@example.com:bob.jones@example.com', 'a…@example.com:b…@example.com'],
    ['ann.smith@@example.com', 'a…@@example.com'],
    ['hello @ all, 5.1.1', 'hello @ all, 5.1.1'],
  ])('%s', (text, masked) => {
    expect(maskedText(text)).toBe(masked)
  })

  it.each([
    ['550 User ann.smith unknown', '550 User a… unknown'],
    ['550 ANN.SMITH... User unknown', '550 A…... User unknown'],
    ['550 joann.smithson unknown', '550 joann.smithson unknown'],
  ])('has no local part of who got it either: %s', (text, masked) => {
    expect(maskedText(text, 'ann.smith@example.com')).toBe(masked)
  })

  it('is made in linear time of a text that was made to take long', () => {
    const startedMs = performance.now()
    for (const part of ['a', '"', '@', 'a@', '"@', String.raw`\"@`, '%40', '&#']) {
      maskedText(`${part.repeat(50_000)}@`, 'ann.smith@example.com')
    }
    // Seconds where each character looks at all others.
    expect(performance.now() - startedMs).toBeLessThan(1_500)
  })
})
