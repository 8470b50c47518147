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
