import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { addressIn, bareAddress, isAddress, recipientOf } from '../../../lib/core/address.ts'
import { anyText } from '../../any-text.ts'

const label63 = 'l'.repeat(63)

describe('the recipient that a text names', () => {
  it.each([
    // Names
    ['Ann <Ann@Example.com>', 'ann@example.com'],
    ['<ann@example.com>', 'ann@example.com'],
    ['"Lee, Ann" <ann@example.com>', 'ann@example.com'],
    ['"ann@home.example, Ann" <ann@example.com>', 'ann@example.com'],
    ['"<bob@example.com>" <ann@example.com>', 'ann@example.com'],
    ['"Ann \\"the <best>\\" Lee" <ann@example.com>', 'ann@example.com'],
    ['"Ann <ann@example.com>', 'ann@example.com'],
    ['Ann <3 <ann@example.com>', 'ann@example.com'],
    ['ann@example.com <ann@example.com>', 'ann@example.com'],
    ['=?UTF-8?B?5oKo5aW9?= <ann@example.com>', 'ann@example.com'],
    ['A\u200bnn <ann@example.com>', 'ann@example.com'],
    // Quoted local parts: all quoted forms are one (RFC 5321 §4.1.2), and the least quoted stands for them
    ['"Ann Lee"@example.com', '"ann lee"@example.com'],
    ['"ann,lee"@example.com', '"ann,lee"@example.com'],
    ['"ann@home"@example.com', '"ann@home"@example.com'],
    ['"ann<lee>"@example.com', '"ann<lee>"@example.com'],
    ['"ann\\"lee\\\\"@example.com', '"ann\\"lee\\\\"@example.com'],
    ['"ann\\ lee"@example.com', '"ann lee"@example.com'],
    ['"ann"@example.com', 'ann@example.com'],
    ['"a\\n\\n"@example.com', 'ann@example.com'],
    ['Ann <"ann lee"@example.com>', '"ann lee"@example.com'],
    ['Ann <"a> <b"@example.com>', '"a> <b"@example.com'],
    ['"Lee, Ann" <"ann, lee"@example.com>', '"ann, lee"@example.com'],
    // Address literals
    ['ann@[192.0.2.1]', 'ann@[192.0.2.1]'],
    ['ann@[192.000.002.001]', 'ann@[192.0.2.1]'],
    ['ann@[IPv6:2001:DB8::1]', 'ann@[ipv6:2001:db8::1]'],
    ['ann@[ipv6:2001:db8:0:0:0:0:0:1]', 'ann@[ipv6:2001:db8::1]'],
    ['ann@[IPv6:::ffff:192.0.2.1]', 'ann@[ipv6:::ffff:c000:201]'],
    ['Ann <ann@[IPv6:2001:db8::1]>', 'ann@[ipv6:2001:db8::1]'],
    // Domains that are not ASCII
    ['info@bücher.example', 'info@xn--bcher-kva.example'],
    ['INFO@BÜCHER.EXAMPLE', 'info@xn--bcher-kva.example'],
    ['INFO@xn--bcher-kva.example', 'info@xn--bcher-kva.example'],
    ['info@bu\u0308cher.example', 'info@xn--bcher-kva.example'],
    ['info@XN--BCHER-KVA.Example.', 'info@xn--bcher-kva.example'],
    ['info@faß.example', 'info@xn--fa-hia.example'],
    ['ann@ｇｍａｉｌ．ｃｏｍ', 'ann@gmail.com'],
    ['ann@example。com', 'ann@example.com'],
    ['ann@example｡com', 'ann@example.com'],
    ['ann@例え。テスト。', 'ann@xn--r8jz45g.xn--zckzah'],
    ['ann@１９２.0.2.1', 'ann@192.0.2.1'],
    ['ann@例.123', 'ann@xn--fsq.123'],
    // One dot at the end
    ['ann@example.com.', 'ann@example.com'],
    ['ann@example.com。', 'ann@example.com'],
    // The local part: lower case and composed, and nothing more
    ['Andre\u0301@example.com', 'andr\u00e9@example.com'],
    ['ANDR\u00c9@example.com', 'andr\u00e9@example.com'],
    ['ａｎｎ@example.com', 'ａｎｎ@example.com'],
    ['A.N.N+News@Gmail.com', 'a.n.n+news@gmail.com'],
    // What exists though no standard has it
    ['ann@localhost', 'ann@localhost'],
    ['ann@mail_1.example.com', 'ann@mail_1.example.com'],
    ['.ann..lee.@docomo.example', '.ann..lee.@docomo.example'],
    ['".ann..lee."@docomo.example', '.ann..lee.@docomo.example'],
    ["o'brien@example.com", "o'brien@example.com"],
    ['ann@xn--zzzzzzzz.example', 'ann@xn--zzzzzzzz.example'],
    [`${'l'.repeat(100)}@example.com`, `${'l'.repeat(100)}@example.com`],
    [`ann@${label63}.example`, `ann@${label63}.example`],
  ])('of %j is %j', (text, expected) => {
    expect(recipientOf(text)).toBe(expected)
    expect(recipientOf(expected)).toBe(expected)
    expect(recipientOf(`  ${text}\r\n`)).toBe(expected)
  })

  it.each([
    // No domains
    ...[
      'a@.com',
      'a@example..com',
      'a@example.com..',
      'a@.',
      'a@',
      'a@-example.com',
      'a@example-.com',
      'a@-',
    ],
    ...[
      'a@-bücher.example',
      'a@bücher－.example',
      'a@bücher..example',
      'a@\u3002example',
      `a@l${label63}.com`,
    ],
    ...[`a@${`${label63}.`.repeat(4)}com`, `a@${'ü'.repeat(63)}.example`],
    ...[
      "'anna@example.com'",
      'a@exa!mple.com',
      'a@ex/ample.com',
      'a@ü/x.example',
      'a@ü%41.example',
      'a@ü:80',
    ],
    ...[
      'a@ü#x',
      'a@ü?x',
      'a@ü\\x',
      'a@exa＠mple.com',
      'a@bücher.xn--zzzzzzzz',
      'a@a…b.ü',
      'a@example\u3000.com',
    ],
    // No literals
    ...[
      'a@[192.0.2.256]',
      'a@[192.0.2]',
      'a@[2001:db8::1]',
      'a@[IPv6:2001:db8::zz]',
      'a@[IPv6:fe80::1%eth0]',
    ],
    ...['a@[]', 'a@[example.com]', 'a@[tag:x]', 'a@[192.0.2.1', 'a@[192.0.2.1].'],
    // No local parts
    ...['@example.com', '""@example.com', '"ann@example.com', 'ann"lee@example.com', '"ann"lee@example.com'],
    ...[
      '"ann"lee"@example.com',
      '"ann\\"@example.com',
      'ann lee@example.com',
      '[ann@example.com',
      'ann(lee)@b.c',
    ],
    ...['ann\\ lee@example.com', 'a@b@example.com', 'ann;lee@example.com', 'ann\u037elee@example.com'],
    ...[`${'l'.repeat(309)}@example.com`, `${'l'.repeat(100_000)}@example.com`],
    // Several, or none
    ...['', ' ', 'ann', 'mailto:ann@example.com', 'a@example.com b@example.com', 'a@example.com,'],
    ...['a@example.com, B <b@example.com>', 'A <a@example.com>; B <b@example.com>', '<a@b.c>, <a@b.c>'],
    ...[
      'A <a@example.com> B <b@example.com>',
      'a@example.com，B <b@example.com>',
      '"A"@b.c, <b@example.com>',
    ],
    ...['Ann <>', 'Ann <ann>', '<<ann@example.com>>', `${'n'.repeat(3_000)} <ann@example.com>`],
  ])('is none in %j', (text) => {
    expect(recipientOf(text)).toBeUndefined()
    expect(addressIn(text)).toBeUndefined()
  })

  // Nobody sees them, so two addresses would look alike; U+FFFD and half a pair say that an encoding was mistaken.
  it.each([
    ...['\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad', '\u034f', '\ufe0f', '\u180e', '\u115f'],
    ...['\u200e', '\u200f', '\u202a', '\u202e', '\u2066', '\u2069', '\u061c', '\ufff9', '\u{e0041}'],
    ...['\ufffd', '\ud800', '\udc00', '\0', '\u0007', '\u007f', '\u0085', '\u2028', '\u2029'],
  ])('has no %j in it, and none is taken out', (hidden) => {
    const around = ['\u2028', '\u2029', '\u0085'].includes(hidden) ? [] : [`${hidden}ann@example.com`]
    const texts = [
      `a${hidden}nn@example.com`,
      `ann@exam${hidden}ple.com`,
      `ann@b\u00fc${hidden}cher.example`,
      `"a${hidden}nn"@example.com`,
      `Ann <a${hidden}nn@example.com>`,
    ]
    for (const text of [...texts, ...around]) expect([text, recipientOf(text)]).toEqual([text, undefined])
  })

  it('has no byte order mark at its ends', () => {
    for (const text of ['\ufeffann@example.com', 'ann@example.com\ufeff', 'Ann <\ufeffann@example.com>'])
      expect(recipientOf(text)).toBeUndefined()
  })
})

describe('an address without its name', () => {
  it.each([
    ['Ann <Ann@Example.com>', 'Ann@Example.com'],
    ['"<bob@example.com>" <Ann@example.com> ', 'Ann@example.com'],
    ['Ann <"a> <b"@example.com>', '"a> <b"@example.com'],
    ['ann@example.com', 'ann@example.com'],
    ['Ann', 'Ann'],
    ['', ''],
  ])('of %j is %j', (text, expected) => {
    expect(bareAddress(text)).toBe(expected)
  })

  it('keeps its spelling', () => {
    expect(addressIn(' Ann <INFO@Bücher.example.>')).toBe('INFO@Bücher.example.')
  })

  it('is what an address is', () => {
    expect(isAddress('INFO@Bücher.example.')).toBe(true)
    expect(isAddress('Ann <ann@example.com>')).toBe(false)
    expect(isAddress(' ann@example.com')).toBe(false)
  })

  it.each([
    ['<', 100_000],
    ['<"', 50_000],
    ['<"\\"', 30_000],
    ['"', 100_000],
    ['a@b,', 30_000],
    ['<a>  ', 20_000],
    [' ', 100_000],
    ['\u0301', 100_000],
  ])('is found in linear time in %j, %d times', (piece, times) => {
    const text = piece.repeat(times)
    const startedAt = performance.now()
    for (const read of [bareAddress, addressIn, recipientOf, isAddress]) read(text)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

// ——— One address in every spelling ———

const letters = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'.split(''))
const word = fc.string({ unit: letters, minLength: 1, maxLength: 8 })
/** Letters that have a composed and a decomposed spelling, beside those that have one. */
const foreign = fc.constantFrom('ü', 'é', 'ñ', 'ö', '中', '国', '邮', 'д', 'ж', 'か', 'が')
const foreignWord = fc
  .tuple(word, fc.array(foreign, { minLength: 1, maxLength: 4 }))
  .map(([start, rest]) => start + rest.join(''))
const plainLocal = fc
  .array(fc.oneof(word, fc.constantFrom('é', '+tag', "o'b", '中')), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('.'))
const oddLocal = fc
  .array(fc.constantFrom('a', 'b', ' ', ',', '@', '"', '\\', '<', '>', ';', 'é'), {
    minLength: 1,
    maxLength: 8,
  })
  .map((parts) => `${parts.join('')},`)
const domain = fc
  .array(fc.oneof(word, foreignWord), { minLength: 1, maxLength: 3 })
  .map((labels) => [...labels, 'example'])

interface Address {
  readonly local: string
  readonly labels: readonly string[]
}

const anyAddress: fc.Arbitrary<Address> = fc.record({ local: fc.oneof(plainLocal, oddLocal), labels: domain })

function fullWidth(text: string): string {
  return text.replace(/[a-zA-Z0-9]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0))
}

const someCase = (text: string) =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((upper) =>
      text.replace(/[a-z]/g, (letter, at: number) => (upper[at] ? letter.toUpperCase() : letter)),
    )

const normalized = (text: string) => fc.constantFrom('NFC', 'NFD').map((form) => text.normalize(form))

const quoted = (text: string, escaped: readonly boolean[]) =>
  `"${Array.from(text, (character, at) => (/["\\]/.test(character) || escaped[at] ? `\\${character}` : character)).join('')}"`

const spelledLocal = (local: string) =>
  fc
    .tuple(someCase(local).chain(normalized), fc.array(fc.boolean(), { maxLength: 20 }), fc.boolean())
    .map(([text, escaped, isQuoted]) =>
      // A combining mark is no character that a backslash stands before.
      isQuoted || /[\s,@"\\<>;]/.test(text) ? quoted(text.normalize('NFC'), escaped) : text,
    )

const spelledDomain = (labels: readonly string[]) =>
  fc
    .tuple(
      fc.tuple(...labels.map((label) => fc.tuple(someCase(label).chain(normalized), fc.boolean()))),
      fc.constantFrom('.', '。', '．', '｡'),
      fc.constantFrom('', '.', '。'),
    )
    .map(([spelled, dot, end]) => {
      const texts = spelled.map(([label, isWide]) => (isWide ? fullWidth(label) : label))
      return texts.join(dot) + end
    })

const spelling = ({ local, labels }: Address) =>
  fc
    .tuple(
      spelledLocal(local),
      spelledDomain(labels),
      fc.constantFrom('', 'Ann ', '"Lee, Ann" ', '"<a@b.c>, " '),
      fc.constantFrom('', ' ', '\r\n'),
    )
    .map(([spelled, host, name, space]) =>
      name === '' ? `${space}${spelled}@${host}${space}` : `${name}<${spelled}@${host}>${space}`,
    )

describe('laws of recipients', () => {
  it('whatever the spelling of an address, its recipient is one', () => {
    fc.assert(
      fc.property(
        anyAddress.chain((address) => fc.array(spelling(address), { minLength: 2, maxLength: 6 })),
        (spellings) => {
          const recipients = new Set(spellings.map(recipientOf))
          expect(recipients.size).toBe(1)
          expect([...recipients][0]).toBeDefined()
        },
      ),
    )
  })

  it('a recipient is the recipient of itself', () => {
    const oddText = fc.string({
      unit: fc.oneof(
        anyText({ minLength: 1, maxLength: 1 }),
        fc.constantFrom('@', '.', '"', '\\', '<', '>', '[', ']', ' ', 'a', 'İ', 'ς', 'Σ', '。', '-', 'ü'),
      ),
      maxLength: 30,
    })
    const texts = fc.oneof(
      oddText,
      oddText.map((text) => `${text}@example.com`),
      oddText.map((text) => `a@${text}.com`),
      oddText.map((text) => `"${text}"@example.com`),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const recipient = recipientOf(text)
        if (recipient === undefined) return
        expect(recipientOf(recipient)).toBe(recipient)
        expect(recipient).toMatch(/^[^\p{Cc}\p{Cf}\ufffd]{3,320}$/u)
        expect(recipient.slice(recipient.lastIndexOf('@') + 1)).toMatch(/^[a-z0-9._-]+$|^\[[a-f0-9.:ipv]+\]$/)
      }),
      { numRuns: 2_000 },
    )
  })
})
