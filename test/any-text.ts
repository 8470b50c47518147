import fc from 'fast-check'

const surrogates = 0xe000 - 0xd800
const anyCodePoint = fc
  .integer({ min: 0, max: 0x10ffff - surrogates })
  .map((index) => (index < 0xd800 ? index : index + surrogates))

/**
 * Text of any code points but lone surrogates, as `fc.string({ unit: 'binary' })` draws it; which first makes a table of all
 * 1.1 million of them, and that takes seconds in each file.
 */
export function anyText(length: fc.ArrayConstraints = {}): fc.Arbitrary<string> {
  return fc.array(anyCodePoint, length).map((points) => String.fromCodePoint(...points))
}
