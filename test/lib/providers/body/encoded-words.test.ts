import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decodedHeader } from '../../../../lib/providers/body/encoded-words.ts'

describe('encoded words', () => {
  it.each([
    '=?',
    '=?=',
    '=?u',
    '=?utf-8?b?',
    '=?utf-8?b?5oKo?=',
    '=?utf-8?b?5oKo?= ',
    '=?utf-8?q?=E6?= ',
    '=?a*',
    '=?gbk?b?xPo=?=',
    '?= ',
  ])('are looked for in linear time in a header of %j', (piece) => {
    const startedAt = performance.now()
    expect(decodedHeader(piece.repeat(Math.floor(200_000 / piece.length)))).toBeDefined()
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  it('of a charset that takes any bytes are joined where base64 itself was cut, whichever word it was', () => {
    const words = ['R3L8', '32UgY', 'XVzIEv2bG4sIDEy'].map((piece) => `=?ISO-8859-1?B?${piece}?=`)
    expect(decodedHeader(words.join(' '))).toBe('Grüße aus Köln, 12')
  })

  it('each have their own padding where only the last has a letter too many', () => {
    expect(decodedHeader('=?us-ascii?b?QQ==?= =?us-ascii?b?QUJDR?=')).toBe('AABC')
  })

  it.each([
    ['of a charset that nobody knows', '=?x-unknown?q?abc?='],
    ['whose bytes are no letters', '=?utf-8?q?=E6?='],
    ['that say nothing', '=?utf-8?q??='],
    ['with letters that are none of mail', '=?utf-8?q?ü?='],
  ])('%s stay as they came', (_, text) => {
    expect(decodedHeader(text)).toBe(text)
  })

  it('of two charsets stand behind each other', () => {
    expect(decodedHeader('=?gbk?b?xPo=?= =?utf-8?q?_and_=C3=BC?=')).toBe('您 and ü')
  })

  it('say the same wherever their bytes are cut', () => {
    const cuts = fc.array(fc.nat(60), { maxLength: 6 })
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('您', '好', 'ü', 'a', '🔒'), minLength: 1 }),
        cuts,
        (text, at) => {
          const bytes = Buffer.from(text)
          const ends = [...new Set([...at.map((cut) => cut % bytes.length), 0, bytes.length])].sort(
            (a, b) => a - b,
          )
          const words = ends.slice(1).map((end, index) => {
            const piece = bytes.subarray(ends[index], end)
            return index % 2 === 0
              ? `=?UTF-8?B?${piece.toString('base64')}?=`
              : `=?utf-8?q?${[...piece].map((byte) => `=${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')}?=`
          })
          expect(decodedHeader(`Re: ${words.join('\r\n ')}`)).toBe(`Re: ${text}`)
        },
      ),
    )
  })
})
