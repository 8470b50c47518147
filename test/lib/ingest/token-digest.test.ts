import { describe, expect, it } from '@jest/globals'
import { isAcceptedToken, tokenDigest } from '../../../lib/ingest/token-digest.ts'

// SHA-256 of `abc` is the first example of FIPS 180-4; of the empty string, a well-known one.
const digestOfAbc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
const digestOfNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const another = '0'.repeat(64)

describe('the digest of a token', () => {
  it.each([
    ['abc', digestOfAbc],
    ['', digestOfNothing],
    ['测试', '6aa8f49cc992dfd75a114269ed26de0ad6d4e7d7a70d9c8afb3d7a57a88a73ed'],
  ])('%j is its SHA-256 in lower-case hex', (token, digest) => {
    expect(tokenDigest(token)).toBe(digest)
  })
})

describe('a token', () => {
  it.each([
    ['its digest alone', [digestOfAbc], true],
    ['its digest first', [digestOfAbc, another], true],
    ['its digest last', [another, digestOfAbc], true],
    ['its digest in upper case', [digestOfAbc.toUpperCase()], true],
    ['no digest', [], false],
    ['another digest', [another], false],
    ['a digest that differs in its last digit', [`${digestOfAbc.slice(0, -1)}c`], false],
    ['a digest cut short', [digestOfAbc.slice(0, 62)], false],
    ['its digest and more', [`${digestOfAbc}00`], false],
    ['itself in place of a digest', ['abc'], false],
    ['an empty digest', [''], false],
  ])('is held against %s: %s', (_what, digests, expected) => {
    expect(isAcceptedToken('abc', digests)).toBe(expected)
  })

  it.each([[''], ['ab'], ['abcd'], ['ABC'], [' abc'], ['abc\0']])('%j is not `abc`', (token) => {
    expect(isAcceptedToken(token, [digestOfAbc])).toBe(false)
  })
})
