import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { DeliveryEvent, EventKind } from '../../../lib/core/event.ts'
import {
  byTime,
  countOf,
  factOf,
  parseFact,
  rejectionIn,
  sentFactOf,
  isSameOccurrence,
  shortenedFact,
  withoutFields,
} from '../../../lib/core/fact.ts'
import { eventWith, timeless } from '../../events.ts'
import { anyText } from '../../any-text.ts'

const instant = '2026-11-21T08:00:03Z'
const occurredAtMs = Date.parse(instant)
const lineOf = (reported: Partial<DeliveryEvent>) => factOf(eventWith({ occurredAtMs, ...reported })).text

const lines: readonly [string, Partial<DeliveryEvent>][] = [
  ['2026-11-21T08:00:03Z', { kind: 'delivered' }],
  ['2026-11-21T08:00:03Z 250 2.0.0 OK', { kind: 'delivered', detail: '250 2.0.0 OK' }],
  [
    '2026-11-21T08:00:03Z hard 551 5.1.1 recipient is not exist',
    { kind: 'bounced', bounceClass: 'hard', reply: '551 5.1.1 recipient is not exist' },
  ],
  [
    '2026-11-21T08:00:03Z soft 452 4.2.2 mailbox full',
    { kind: 'bounced', bounceClass: 'soft', reply: '452 4.2.2 mailbox full' },
  ],
  [
    '2026-11-21T08:00:03Z hard 550 no such user ¦ 406 address does not exist',
    { kind: 'bounced', bounceClass: 'hard', reply: '550 no such user', detail: '406 address does not exist' },
  ],
  [
    '2026-11-21T08:00:03Z hard ¦ 406 address does not exist',
    { kind: 'bounced', bounceClass: 'hard', detail: '406 address does not exist' },
  ],
  [
    '2026-11-21T08:00:03Z hard 550 no | such user ¦ outIp ¦',
    { kind: 'bounced', bounceClass: 'hard', reply: '550 no ¦ such user', detail: 'outIp ¦' },
  ],
  ['2026-11-21T08:00:03Z 451 try again', { kind: 'deferred', reply: '451 try again' }],
  [
    '2026-11-21T08:00:03Z 451 try again ¦ {"zone":"eu"}',
    { kind: 'deferred', reply: '451 try again', detail: '{"zone":"eu"}' },
  ],
  ['2026-11-21T08:00:03Z undetermined', { kind: 'bounced', bounceClass: 'undetermined' }],
  ['2026-11-21T08:00:03Z Mozilla/5.0', { kind: 'opened', detail: 'Mozilla/5.0' }],
  [
    '2026-11-21T08:00:03Z https://example.com/offer Mozilla/5.0',
    { kind: 'clicked', link: 'https://example.com/offer', detail: 'Mozilla/5.0' },
  ],
  [
    '2026-11-21T08:00:03Z https://example.com/my%20offer',
    { kind: 'clicked', link: ' https://example.com/my \n offer ' },
  ],
  ['2026-11-21T08:00:03Z - Mozilla/5.0', { kind: 'clicked', detail: 'Mozilla/5.0' }],
  ['2026-11-21T08:00:03Z -', { kind: 'clicked', link: ' \n' }],
  ['2026-11-21T08:00:03Z[poll] 250 ok', { kind: 'delivered', source: 'poll', detail: '250 ok' }],
  ['2026-11-21T08:00:03Z[poll] -', { kind: 'clicked', source: 'poll' }],
  [
    '2026-11-21T08:00:03Z[poll] https://example.com/offer from 203.0.113.9',
    { kind: 'clicked', source: 'poll', link: 'https://example.com/offer', detail: 'from 203.0.113.9' },
  ],
  [
    '2026-11-21T08:00:03Z[poll] soft 451 try again',
    { kind: 'bounced', source: 'poll', bounceClass: 'soft', reply: '451 try again' },
  ],
  ['2026-11-21T08:00:03.007Z', { kind: 'delivered', occurredAtMs: occurredAtMs + 7 }],
]

describe('a fact as a line', () => {
  it.each(lines)('is %j', (line, reported) => {
    expect(factOf(eventWith({ occurredAtMs, ...reported }))).toEqual({ text: line })
  })

  it('is `time-unknown[poll]` where the poll reports no time', () => {
    expect(factOf(timeless('opened'))).toEqual({ text: 'time-unknown[poll]' })
  })

  it('stays one line, well formed, whatever came', () => {
    const said = ' 451\r\n\u0000try\u001b[31m again\u0085\ud800 '
    expect(lineOf({ kind: 'dropped', detail: said })).toBe('2026-11-21T08:00:03Z 451 try [31m again \ufffd')
    expect(lineOf({ kind: 'deferred', reply: said })).toBe('2026-11-21T08:00:03Z 451 try [31m again \ufffd')
    expect(lineOf({ kind: 'deferred', reply: said, detail: said })).toBe(
      '2026-11-21T08:00:03Z 451 try [31m again \ufffd ¦ 451 try [31m again \ufffd',
    )
    expect(lineOf({ kind: 'clicked', link: 'https://example.com/\udc00?a=\u0000b' })).toBe(
      '2026-11-21T08:00:03Z https://example.com/\ufffd?a=%20b',
    )
  })

  it('reports when the message was sent as a line of its own', () => {
    const sentAtMs = Date.parse('2026-11-21T08:00:00Z')
    expect(sentFactOf(eventWith({ sentAtMs, detail: '250 ok' }))).toBe('2026-11-21T08:00:00Z')
    expect(sentFactOf(eventWith({ sentAtMs, source: 'poll' }))).toBe('2026-11-21T08:00:00Z[poll]')
    expect(sentFactOf(eventWith({}))).toBeUndefined()
  })
})

describe('a line read back', () => {
  it('shows what the bounce was', () => {
    expect(parseFact('bounced', '2026-11-21T08:00:03Z hard 551 5.1.1 recipient is not exist')).toEqual({
      text: '2026-11-21T08:00:03Z hard 551 5.1.1 recipient is not exist',
      source: 'callback',
      occurredAtMs: 1795248003_000,
      detail: 'hard 551 5.1.1 recipient is not exist',
      identity: '2026-11-21T08:00:03Z',
    })
  })

  it('separates the link of a click from its detail', () => {
    expect(parseFact('clicked', '2026-11-21T08:00:03Z https://example.com/offer Mozilla/5.0 (X11)')).toEqual({
      text: '2026-11-21T08:00:03Z https://example.com/offer Mozilla/5.0 (X11)',
      source: 'callback',
      occurredAtMs: 1795248003_000,
      link: 'https://example.com/offer',
      detail: 'Mozilla/5.0 (X11)',
      identity: '2026-11-21T08:00:03Z https://example.com/offer',
    })
  })

  it('shows no link where the click had none', () => {
    expect(parseFact('clicked', '2026-11-21T08:00:03Z - Mozilla/5.0')).toEqual({
      text: '2026-11-21T08:00:03Z - Mozilla/5.0',
      source: 'callback',
      occurredAtMs: 1795248003_000,
      detail: 'Mozilla/5.0',
      identity: '2026-11-21T08:00:03Z -',
    })
  })

  it('shows that the poll reported it', () => {
    expect(parseFact('delivered', '2026-11-21T08:00:03Z[poll] 250 ok')).toEqual({
      text: '2026-11-21T08:00:03Z[poll] 250 ok',
      source: 'poll',
      occurredAtMs: 1795248003_000,
      detail: '250 ok',
      identity: '2026-11-21T08:00:03Z[poll]',
    })
  })

  it('reports no instant where the poll did not', () => {
    expect(parseFact('clicked', 'time-unknown[poll]')).toEqual({
      text: 'time-unknown[poll]',
      source: 'poll',
      detail: '',
      identity: 'time-unknown[poll]',
    })
  })

  it.each([['delivered'], ['clicked']] as const)('is all detail where no event wrote it (%s)', (kind) => {
    expect(parseFact(kind, 'noted by hand')).toMatchObject({ source: 'callback', detail: 'noted by hand' })
    expect(parseFact(kind, 'noted by hand')).not.toHaveProperty('link')
  })

  it('has a text and a count, whatever stands in the table', () => {
    const kind = fc.constantFrom<EventKind>('delivered', 'clicked', 'bounced')
    fc.assert(
      fc.property(kind, anyText(), (ofKind, text) => {
        const fact = parseFact(ofKind, text)
        expect(fact.text).toBe(text)
        expect(countOf([fact])).toBe(1)
      }),
    )
  })

  it('says again what the event said', () => {
    const word = fc.stringMatching(/^[!-~]{1,12}$/)
    const drawn = fc.record({
      kind: fc.constantFrom<EventKind>('requested', 'delivered', 'dropped', 'opened', 'clicked', 'unknown'),
      source: fc.constantFrom<DeliveryEvent['source']>('callback', 'poll'),
      second: fc.integer({ min: 946684801, max: 4102444799 }),
      link: fc.stringMatching(/^https:\/\/example\.com\/[!-~]{0,900}$/),
      detail: fc.array(word, { maxLength: 80 }).map((words) => words.join(' ')),
    })
    fc.assert(
      fc.property(drawn, ({ kind, source, second, link, detail }) => {
        const { text, whole } = factOf(
          eventWith({ kind, source, occurredAtMs: second * 1_000, link, detail }),
        )
        const fact = parseFact(kind, whole ?? text)
        expect(fact).toMatchObject({ source, occurredAtMs: second * 1_000, detail })
        expect(fact.link).toBe(kind === 'clicked' ? link : undefined)
        expect(parseFact(kind, text).identity).toBe(fact.identity)
      }),
    )
  })
})

describe('a rejection read back', () => {
  it.each([
    [
      'hard 550 no such user ¦ 406 address does not exist',
      { bounceClass: 'hard', reply: '550 no such user', detail: '406 address does not exist' },
    ],
    ['soft 452 4.2.2 mailbox full', { bounceClass: 'soft', reply: '452 4.2.2 mailbox full', detail: '' }],
    [
      'hard ¦ 406 address does not exist',
      { bounceClass: 'hard', reply: '', detail: '406 address does not exist' },
    ],
    ['undetermined', { bounceClass: 'undetermined', reply: '', detail: '' }],
    ['451 try again', { bounceClass: 'undetermined', reply: '451 try again', detail: '' }],
    ['hardly a reply', { bounceClass: 'undetermined', reply: 'hardly a reply', detail: '' }],
    ['', { bounceClass: 'undetermined', reply: '', detail: '' }],
  ])('of %j is %j', (detail, expected) => {
    expect(rejectionIn({ detail })).toEqual(expected)
  })

  it('reports again the class, the reply and the detail of the bounce', () => {
    const words = fc.array(fc.stringMatching(/^[!-~¦]{1,12}$/), { maxLength: 12 }).map((all) => all.join(' '))
    const drawn = fc.record({
      source: fc.constantFrom<DeliveryEvent['source']>('callback', 'poll'),
      bounceClass: fc.constantFrom('hard', 'soft', 'undetermined'),
      reply: words,
      detail: words,
    })
    fc.assert(
      fc.property(drawn, ({ source, bounceClass, reply, detail }) => {
        const { text, whole } = factOf(
          eventWith({ kind: 'bounced', source, occurredAtMs, bounceClass, reply, detail }),
        )
        const fact = parseFact('bounced', whole ?? text)
        expect(fact).toMatchObject({ source, occurredAtMs, identity: parseFact('bounced', text).identity })
        expect(rejectionIn(fact)).toEqual({ bounceClass, reply: reply.replaceAll('¦', '|'), detail })
      }),
    )
  })
})

describe('the count of opens and clicks', () => {
  const facts = (...lines: readonly string[]) => lines.map((line) => parseFact('clicked', line))
  const byCallback = '2026-11-21T08:00:03.700Z https://example.com/offer Chrome'

  it.each([
    [
      'what a callback and the poll reported once',
      [byCallback, '2026-11-21T08:00:04Z[poll] https://example.com/offer'],
      1,
    ],
    [
      'what the poll found beside it',
      [byCallback, '2026-11-21T08:05:00Z[poll] https://example.com/offer'],
      2,
    ],
    [
      'another link at the same instant',
      [byCallback, '2026-11-21T08:00:03Z[poll] https://example.com/other'],
      2,
    ],
    ['what the poll shows no instant of, beside others', [byCallback, 'time-unknown[poll]'], 1],
    ['what the poll shows no instant of', ['time-unknown[poll]'], 1],
    ['what the poll alone reported', ['2026-11-21T08:00:03Z[poll] -', '2026-11-21T09:00:00Z[poll] -'], 2],
  ])('counts %s', (_what, lines, expected) => {
    expect(countOf(facts(...lines), true)).toBe(expected)
  })
})

describe('the count of a kind', () => {
  const countOfEvents = (...events: readonly DeliveryEvent[]) =>
    countOf(
      events.flatMap((event) => {
        const { text, whole } = factOf(event)
        return [text, ...(whole === undefined ? [] : [whole])].map((line) => parseFact(event.kind, line))
      }),
    )
  const opened = (reported: Partial<DeliveryEvent>) =>
    eventWith({ kind: 'opened', occurredAtMs, ...reported })
  const clicked = (link: string, reported: Partial<DeliveryEvent> = {}) =>
    eventWith({ kind: 'clicked', occurredAtMs, link, ...reported })
  const longLink = (end: string) => `https://example.com/${'a'.repeat(3_000)}${end}`

  it('is 0 without facts', () => {
    expect(countOf([])).toBe(0)
  })

  it('is 1 for the same event reported twice', () => {
    expect(countOfEvents(opened({}), opened({}))).toBe(1)
  })

  it('is 1 for the same event reported twice with other detail', () => {
    expect(countOfEvents(opened({ detail: 'Mozilla/5.0' }), opened({ detail: 'Mozilla/5.0 (X11)' }))).toBe(1)
    expect(countOfEvents(opened({ detail: '' }), opened({ detail: 'x'.repeat(5_000) }))).toBe(1)
  })

  it('is 1 for a bounce reported twice with other classes', () => {
    const bounced = { kind: 'bounced', occurredAtMs } as const
    expect(
      countOfEvents(
        eventWith({ ...bounced, bounceClass: 'undetermined' }),
        eventWith({ ...bounced, bounceClass: 'hard', reply: '551' }),
      ),
    ).toBe(1)
  })

  it('is 2 for two opens a second apart', () => {
    expect(countOfEvents(opened({}), opened({ occurredAtMs: occurredAtMs + 1_000 }))).toBe(2)
  })

  it('is 2 for clicks on two links in one second', () => {
    expect(countOfEvents(clicked('https://example.com/1'), clicked('https://example.com/2'))).toBe(2)
    expect(countOfEvents(clicked('https://example.com/1'), clicked(''))).toBe(2)
  })

  it('is 1 for clicks on one link in one second, by two agents', () => {
    const link = 'https://example.com/1'
    expect(countOfEvents(clicked(link, { detail: 'Mozilla/5.0' }), clicked(link, { detail: 'curl' }))).toBe(1)
  })

  it('is 2 for clicks in one second on links of 3,000 characters that differ only at the end', () => {
    expect(countOfEvents(clicked(longLink('1')), clicked(longLink('2')))).toBe(2)
    expect(countOfEvents(clicked(longLink('1')), clicked(longLink('1'), { detail: 'curl' }))).toBe(1)
  })

  it('is 2 for clicks in one second on long links that differ only in the middle of a character', () => {
    const cutAt = 580
    const link = (rest: string) => `https://example.com/${'a'.repeat(cutAt - 21)}🔒${rest}${'b'.repeat(100)}`
    expect(countOfEvents(clicked(link('1')), clicked(link('2')))).toBe(2)
  })

  it('is what callbacks reported, where the poll reported it too', () => {
    const polled = opened({ source: 'poll', occurredAtMs: occurredAtMs + 5_000 })
    expect(countOfEvents(opened({}), polled, timeless('opened'))).toBe(1)
    expect(countOfEvents(polled, opened({}), opened({ occurredAtMs: occurredAtMs + 9_000 }))).toBe(2)
  })

  it('is 1 where only the poll reported it, however often', () => {
    const polled = opened({ source: 'poll' })
    const later = opened({ source: 'poll', occurredAtMs: occurredAtMs + 9_000 })
    expect(countOfEvents(timeless('opened'))).toBe(1)
    expect(countOfEvents(polled, later, timeless('opened'))).toBe(1)
  })
})

describe('lines in the order of text', () => {
  it('are in order of time, whatever the detail', () => {
    const second = fc.integer({ min: 946684801, max: 4102444799 })
    fc.assert(
      fc.property(second, second, fc.string(), fc.string(), (a, b, detailA, detailB) => {
        fc.pre(a < b)
        const earlier = lineOf({ occurredAtMs: a * 1_000, detail: detailA })
        expect(earlier < lineOf({ occurredAtMs: b * 1_000, source: 'poll', detail: detailB })).toBe(true)
      }),
    )
  })

  it('end with those whose time is unknown', () => {
    expect(lineOf({ occurredAtMs: 4102444799_000 }) < factOf(timeless('opened')).text).toBe(true)
  })

  it('are in order of time to the second, fractions of a provider that reports them or not', () => {
    const half = lineOf({ occurredAtMs: occurredAtMs + 500 })
    expect(lineOf({ occurredAtMs: occurredAtMs - 1_000 }) < half).toBe(true)
    expect(half < lineOf({ occurredAtMs: occurredAtMs + 1_000 })).toBe(true)
  })
})

describe('facts in order', () => {
  it('go by time and then by text, those of unknown time last', () => {
    const inOrder = [
      '2026-11-21T08:00:03Z',
      '2026-11-21T08:00:03Z 250 ok',
      '2026-11-21T08:00:03.500Z',
      '2026-11-21T08:00:04Z[poll]',
      '2026-11-21T08:00:04Z[poll] 250 ok',
      'time-unknown[poll]',
      'time-unknown[poll] reported',
    ]
    const facts = inOrder.map((line) => parseFact('delivered', line))
    fc.assert(
      fc.property(fc.shuffledSubarray(facts, { minLength: facts.length }), (shuffled) => {
        expect([...shuffled].sort(byTime).map((fact) => fact.text)).toEqual(inOrder)
      }),
    )
  })
})

describe('a long fact', () => {
  it('of 400 characters of detail stands whole', () => {
    expect(factOf(eventWith({ occurredAtMs, detail: 'x'.repeat(400) }))).toEqual({
      text: `2026-11-21T08:00:03Z ${'x'.repeat(400)}`,
    })
  })

  it('of more has a stand-in that ends in an ellipsis', () => {
    expect(factOf(eventWith({ occurredAtMs, detail: 'x'.repeat(401) }))).toEqual({
      text: `2026-11-21T08:00:03Z ${'x'.repeat(399)}…`,
      whole: `2026-11-21T08:00:03Z ${'x'.repeat(401)}`,
    })
  })

  it('counts the class of a bounce into its detail', () => {
    const { text } = factOf(
      eventWith({ kind: 'bounced', bounceClass: 'hard', occurredAtMs, reply: 'x'.repeat(396) }),
    )
    expect(text).toBe(`2026-11-21T08:00:03Z hard ${'x'.repeat(394)}…`)
  })

  it('of a link of 600 characters stands whole', () => {
    const link = `https://example.com/${'a'.repeat(580)}`
    expect(factOf(eventWith({ kind: 'clicked', occurredAtMs, link }))).toEqual({
      text: `2026-11-21T08:00:03Z ${link}`,
    })
  })

  it('of a longer link has a stand-in with its beginning and a digest of the whole', () => {
    const link = `https://example.com/${'a'.repeat(581)}`
    const { text, whole } = factOf(eventWith({ kind: 'clicked', occurredAtMs, link, detail: 'curl' }))
    expect(whole).toBe(`2026-11-21T08:00:03Z ${link} curl`)
    expect(text).toMatch(/^2026-11-21T08:00:03Z https:\/\/example\.com\/a{560}…[0-9a-f]{16} curl$/)
  })

  // FNV-1a of 64 bits: these lines stand in tables, so neither the cut nor the digest may ever change.
  it.each([
    ['1', '2841231af947812b'],
    ['1000', '0b37cce3600ab949'],
  ])('of a long link that ends in %s has always had the same stand-in', (end, digest) => {
    const link = `https://example.com/${'a'.repeat(600)}?n=${end}`
    expect(factOf(eventWith({ kind: 'clicked', occurredAtMs, link })).text).toBe(
      `2026-11-21T08:00:03Z https://example.com/${'a'.repeat(560)}…${digest}`,
    )
  })

  it('has a stand-in of the same identity', () => {
    const long = anyText({ minLength: 500, maxLength: 1_500 })
    fc.assert(
      fc.property(long, long, fc.constantFrom<EventKind>('clicked', 'opened'), (link, detail, kind) => {
        const { text, whole } = factOf(eventWith({ kind, occurredAtMs, link, detail }))
        expect(parseFact(kind, text).identity).toBe(parseFact(kind, whole ?? text).identity)
        expect(text.isWellFormed()).toBe(true)
        expect(text.length).toBeLessThanOrEqual(20 + 1 + 600 + 1 + 400)
      }),
    )
  })

  it('is not cut in the middle of a character', () => {
    const { text } = factOf(eventWith({ occurredAtMs, detail: `${'x'.repeat(398)}🔒${'y'.repeat(100)}` }))
    expect(text.isWellFormed()).toBe(true)
  })
})

describe('two reports', () => {
  const open = { occurredAtMs }
  it.each([
    ['at one instant', open, open, true],
    ['two seconds apart', open, { occurredAtMs: occurredAtMs + 2_000 }, true],
    ['two seconds apart, the other way', { occurredAtMs: occurredAtMs + 2_000 }, open, true],
    ['more than two seconds apart', open, { occurredAtMs: occurredAtMs + 2_001 }, false],
    ['one of no known time', open, {}, false],
    ['the other of no known time', {}, open, false],
    ['both of no known time', {}, {}, false],
    [
      'of one link in two spellings of its spaces',
      { ...open, link: 'https://a.example/ b' },
      { ...open, link: 'https://a.example/%20b' },
      true,
    ],
    [
      'of two links',
      { ...open, link: 'https://a.example/1' },
      { ...open, link: 'https://a.example/2' },
      false,
    ],
    ['of a link and of none', { ...open, link: 'https://a.example/1' }, open, false],
  ])('%s are of one occurrence', (_what, one, other, isOne) => {
    expect(isSameOccurrence(one, other)).toBe(isOne)
  })
})

describe('a fact that was kept whole', () => {
  it('has the shortened form that its row has', () => {
    const link = `https://a.example/${'x'.repeat(2_000)}`
    for (const event of [
      eventWith({ kind: 'opened', occurredAtMs, detail: 'y'.repeat(5_000) }),
      eventWith({ kind: 'opened', occurredAtMs }),
      eventWith({ kind: 'clicked', occurredAtMs, link, detail: 'y'.repeat(5_000) }),
      eventWith({ kind: 'clicked', occurredAtMs, detail: 'from a phone' }),
    ]) {
      const { text, whole = text } = factOf(event)
      expect(shortenedFact(event.kind, parseFact(event.kind, whole))).toBe(text)
    }
  })
})

describe('the fields of a provider', () => {
  it.each([
    ['450 try later {"ip":"192.0.2.1"}', '450 try later'],
    ['{"ip":"192.0.2.1"}', ''],
    ['450 {x} try later', '450 {x} try later'],
    ['450{"ip":1}', '450{"ip":1}'],
  ])('are left out of %s', (detail, without) => {
    expect(withoutFields(detail)).toBe(without)
  })
})
