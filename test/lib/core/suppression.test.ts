import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  emptySuppression,
  evidenceLine,
  firstLasting,
  heldReasons,
  inOrderOfTime,
  parseEvidence,
  suppressionReasons,
  withEvidence,
  withRemoval,
  datedLater,
  lastOf,
  latestInstantOf,
  linesOf,
  reasonsAgainst,
  replyIn,
  type Suppression,
  type SuppressionEvidence,
  type HeldReason,
} from '../../../lib/core/suppression.ts'
import { recipientOf } from '../../../lib/core/address.ts'
import { sampleMessage } from '../../events.ts'

const at = (time: string) => Date.parse(time)

const hardBounce: SuppressionEvidence = {
  recipient: 'example@example.com',
  reason: 'hard-bounce',
  occurredAtMs: at('2026-11-21T08:00:03Z'),
  source: 'callback',
  provider: 'tencent-ses',
  message: sampleMessage,
  detail: '551 5.1.1 recipient is not exist',
}
const hardBounceLine = `2026-11-21T08:00:03Z hard-bounce tencent-ses ${sampleMessage} 551 5.1.1 recipient is not exist`
const complaint: SuppressionEvidence = {
  ...hardBounce,
  reason: 'complaint',
  occurredAtMs: at('2026-11-22T09:00:00Z'),
  source: 'poll',
  detail: '',
}
const complaintLine = `2026-11-22T09:00:00Z[poll] complaint tencent-ses ${sampleMessage}`
const byHand: SuppressionEvidence = {
  recipient: 'example@example.com',
  reason: 'by-hand',
  occurredAtMs: at('2026-11-23T10:00:00.250Z'),
  source: 'operator',
  detail: 'asked on the telephone',
}
const byHandLine = '2026-11-23T10:00:00.250Z[operator] by-hand asked on the telephone'

describe('a line of evidence', () => {
  it.each([
    [hardBounce, hardBounceLine],
    [complaint, complaintLine],
    [byHand, byHandLine],
    [{ ...byHand, detail: '' }, '2026-11-23T10:00:00.250Z[operator] by-hand'],
  ])('reads as a person would write it, and back', (evidence, line) => {
    expect(evidenceLine(evidence)).toBe(line)
    expect({ recipient: evidence.recipient, ...parseEvidence(line) }).toEqual(evidence)
  })

  it('has a place for a provider and a message that nobody reported', () => {
    const reported = { reason: 'blocklist', occurredAtMs: 0, source: 'poll', detail: 'a b' } as const
    const line = evidenceLine({ recipient: 'a@example.com', ...reported })
    expect(line).toBe('1970-01-01T00:00:00Z[poll] blocklist - - a b')
    expect(parseEvidence(line)).toEqual(reported)
  })

  it('shows that it is of a list or of a file', () => {
    const listed = '2026-11-21T08:00:03Z[list] blocklist tencent-ses -'
    const imported = '2026-11-21T08:00:03Z[import] complaint sendgrid - asked by telephone'
    expect(parseEvidence(listed)).toEqual({
      reason: 'blocklist',
      occurredAtMs: at('2026-11-21T08:00:03Z'),
      source: 'list',
      provider: 'tencent-ses',
      detail: '',
    })
    expect(parseEvidence(imported)).toEqual({
      reason: 'complaint',
      occurredAtMs: at('2026-11-21T08:00:03Z'),
      source: 'import',
      provider: 'sendgrid',
      detail: 'asked by telephone',
    })
    for (const line of [listed, imported]) {
      expect(evidenceLine({ recipient: 'example@example.com', ...parseEvidence(line)! })).toBe(line)
    }
  })

  it('stays one line of 300 characters, shortened where the detail is long', () => {
    const line = evidenceLine({ ...hardBounce, detail: `550 5.1.1\r\n\t${'x'.repeat(1_000)}` })
    expect(line).toHaveLength(300)
    expect(line).toMatch(/ 550 5\.1\.1 x+…$/)
    expect(evidenceLine({ ...hardBounce, detail: '😀'.repeat(1_000) }).isWellFormed()).toBe(true)
  })

  it('keeps whole what identifies it, however long that is', () => {
    const message = 'm'.repeat(512)
    expect(evidenceLine({ ...hardBounce, message })).toBe(
      `2026-11-21T08:00:03Z hard-bounce tencent-ses ${message}`,
    )
  })

  it.each([
    '',
    'put here by hand',
    '2026-11-21 hard-bounce',
    '2026-11-21T08:00:03Z',
    '2026-11-21T08:00:03Z because',
  ])("'%s' is none", (line) => {
    expect(parseEvidence(line)).toBeUndefined()
  })

  it('stands among others in order of time, once', () => {
    expect(
      inOrderOfTime([
        complaintLine,
        '2026-11-21T08:00:03.500Z[operator] by-hand',
        hardBounceLine,
        complaintLine,
      ]),
    ).toEqual([hardBounceLine, '2026-11-21T08:00:03.500Z[operator] by-hand', complaintLine])
  })
})

const asked = { nowMs: at('2026-12-05T00:00:00Z'), blocklistDays: 14 }
const held = (known: Suppression, nowMs = asked.nowMs) => heldReasons(known, { ...asked, nowMs })
const rowOf = (...evidence: readonly SuppressionEvidence[]) =>
  evidence.reduce<Suppression>(withEvidence, emptySuppression('example@example.com'))

describe('an address', () => {
  it('is on the list for each reason that holds, earliest first', () => {
    expect(
      held(rowOf(complaint, hardBounce, { ...complaint, occurredAtMs: at('2026-11-25T00:00:00Z') })),
    ).toEqual([
      { reason: 'hard-bounce', sinceMs: at('2026-11-21T08:00:03Z'), line: hardBounceLine },
      { reason: 'complaint', sinceMs: at('2026-11-22T09:00:00Z'), line: complaintLine },
    ])
  })

  it('is off the list once it was taken off, and its evidence is kept', () => {
    const removed = withRemoval(rowOf(hardBounce), at('2026-11-21T09:00:00Z'))
    expect(held(removed)).toEqual([])
    expect(removed).toMatchObject({ evidence: [hardBounceLine], removals: ['2026-11-21T09:00:00.000Z'] })
  })

  it.each([
    ['an older one reported late', '2026-11-21T08:59:59.999Z', false],
    ['one of the very instant', '2026-11-21T09:00:00Z', false],
    ['a newer one', '2026-11-21T09:00:00.001Z', true],
  ])('that was taken off is brought back by evidence: %s', (_, instant, expected) => {
    const removed = withRemoval(rowOf(hardBounce), at('2026-11-21T09:00:00Z'))
    expect(held(withEvidence(removed, { ...byHand, occurredAtMs: at(instant) }))).toHaveLength(
      expected ? 1 : 0,
    )
  })

  it('does not come back by a replay of what it was taken off for', () => {
    const removed = withRemoval(rowOf(hardBounce), at('2026-11-21T09:00:00Z'))
    expect(withEvidence(removed, hardBounce)).toEqual(removed)
  })

  it('stays on the list where it was taken off before all of its evidence', () => {
    expect(held(withRemoval(rowOf(hardBounce, complaint), at('2026-11-22T00:00:00Z')))).toMatchObject([
      { reason: 'complaint' },
    ])
  })

  it('is judged by what can be read of its row', () => {
    const odd = { ...rowOf(hardBounce), evidence: ['odd', hardBounceLine], removals: ['whenever'] }
    expect(held(odd)).toMatchObject([{ line: hardBounceLine }])
    expect(held(withRemoval(odd, at('2026-11-21T09:00:00Z')))).toEqual([])
  })

  it('orders lines as DynamoDB does, by their bytes', () => {
    const row = rowOf(...['\u{1f600}', '\uff01'].map((detail) => ({ ...byHand, detail })))
    expect(firstLasting(row)).toBe('2026-11-23T10:00:00.250Z[operator] by-hand \uff01')
  })
})

describe("a provider's own list", () => {
  const blocklisted = (time: string): SuppressionEvidence => ({
    ...hardBounce,
    reason: 'blocklist',
    occurredAtMs: at(time),
    detail: '1007',
  })

  it('holds for 14 days after the last evidence of it', () => {
    const row = rowOf(blocklisted('2026-11-05T00:00:00Z'), blocklisted('2026-11-01T00:00:00Z'))
    expect(held(row, at('2026-11-18T23:59:59Z'))).toEqual([
      {
        reason: 'blocklist',
        sinceMs: at('2026-11-01T00:00:00Z'),
        untilMs: at('2026-11-19T00:00:00Z'),
        line: `2026-11-01T00:00:00Z blocklist tencent-ses ${sampleMessage} 1007`,
      },
    ])
    expect(held(row, at('2026-11-19T00:00:00Z'))).toEqual([])
  })

  const listed = (time: string, until?: string, provider = 'sendcloud'): SuppressionEvidence => ({
    recipient: 'example@example.com',
    reason: 'blocklist',
    occurredAtMs: at(time),
    source: 'list',
    provider,
    ...(until !== undefined && { untilMs: at(until) }),
    detail: '',
  })
  const ends = (...evidence: readonly SuppressionEvidence[]) =>
    held(rowOf(...evidence), at('2026-11-22T00:00:00Z')).map(({ untilMs = NaN }) =>
      new Date(untilMs).toISOString().slice(0, 10),
    )

  it('holds until the end that it states, be that sooner or later', () => {
    expect(ends(listed('2026-11-21T00:00:00Z', '2027-02-01T00:00:00Z'))).toEqual(['2027-02-01'])
    expect(ends(listed('2026-11-21T00:00:00Z', '2026-11-23T00:00:00Z'))).toEqual(['2026-11-23'])
    expect(ends(listed('2026-11-20T00:00:00Z', '2026-11-22T00:00:00Z'))).toEqual([])
    expect(ends(listed('2026-11-20T00:00:00Z'))).toEqual(['2026-12-04'])
  })

  it('ends as it stated last, and no sooner than another list or a refused mail says', () => {
    const early = listed('2026-11-01T00:00:00Z', '2027-02-01T00:00:00Z')
    const later = listed('2026-11-02T00:00:00Z', '2026-11-25T00:00:00Z')
    expect(ends(early, later)).toEqual(['2026-11-25'])
    expect(ends(later, early, listed('2026-11-01T00:00:00Z', '2026-12-24T00:00:00Z', 'tencent-ses'))).toEqual(
      ['2026-12-24'],
    )
    expect(ends(early, later, blocklisted('2026-11-20T00:00:00Z'))).toEqual(['2026-12-04'])
    expect(ends(early, blocklisted('2026-11-20T00:00:00Z'))).toEqual(['2027-02-01'])
  })

  it('writes the end that it states into its line, and takes no server’s words for one', () => {
    const line = '2026-11-21T00:00:00Z[list] blocklist sendcloud - until:2027-02-01T00:00:00Z'
    const stated = listed('2026-11-21T00:00:00Z', '2027-02-01T00:00:00Z')
    expect(evidenceLine(stated)).toBe(line)
    expect({ recipient: stated.recipient, ...parseEvidence(line) }).toEqual(stated)
    const words = 'until:2999-01-01T00:00:00Z 550 no'
    const spoken = evidenceLine({ ...listed('2026-11-21T00:00:00Z'), detail: words })
    expect(parseEvidence(spoken)?.untilMs).toBeUndefined()
    expect(parseEvidence(evidenceLine({ ...stated, source: 'callback', detail: words }))).not.toHaveProperty(
      'untilMs',
    )
  })

  it('ends no other reason when it ends, and hides none while it holds', () => {
    const row = rowOf(blocklisted('2026-11-21T00:00:00Z'), complaint)
    expect(held(row, at('2026-11-23T00:00:00Z')).map(({ reason }) => reason)).toEqual([
      'blocklist',
      'complaint',
    ])
    expect(held(row, at('2027-11-23T00:00:00Z')).map(({ reason }) => reason)).toEqual(['complaint'])
  })
})

describe('an unsubscription', () => {
  const from = (fromDomain?: string): SuppressionEvidence => ({
    ...complaint,
    reason: 'unsubscribe',
    ...(fromDomain !== undefined && { fromDomain }),
  })

  it("holds for each sender's domain by itself", () => {
    expect(held(rowOf(from('news.example.com'), from('shop.example.com'), from()))).toMatchObject([
      { reason: 'unsubscribe' },
      { fromDomain: 'news.example.com' },
      { fromDomain: 'shop.example.com' },
    ])
  })

  it('names the domain in its line, and is read back with it', () => {
    const line = `2026-11-22T09:00:00Z[poll] unsubscribe tencent-ses ${sampleMessage} from:news.example.com`
    expect(evidenceLine(from('news.example.com'))).toBe(line)
    expect(parseEvidence(line)).toMatchObject({ fromDomain: 'news.example.com', detail: '' })
  })
})

describe('bounces that nobody can read with certainty', () => {
  const unclear = (time: string, message: string): SuppressionEvidence => ({
    ...hardBounce,
    occurredAtMs: at(time),
    message,
    isUnclear: true,
    detail: '550 denied',
  })

  it('put the address on the list by the third, of other messages, on other days, within 30 days', () => {
    const row = rowOf(
      unclear('2026-11-01T10:00:00Z', 'm1'),
      unclear('2026-11-15T10:00:00Z', 'm2'),
      unclear('2026-12-01T10:00:00Z', 'm3'),
    )
    expect(held(row)).toEqual([
      {
        reason: 'hard-bounce',
        sinceMs: at('2026-12-01T10:00:00Z'),
        line: '2026-12-01T10:00:00Z hard-bounce tencent-ses m3 550 denied',
      },
    ])
  })

  it.each([
    [
      'two alone',
      [
        ['2026-11-01', 'm1'],
        ['2026-11-02', 'm2'],
      ],
    ],
    [
      'three on two days',
      [
        ['2026-11-01', 'm1'],
        ['2026-11-02', 'm2'],
        ['2026-11-02', 'm3'],
      ],
    ],
    [
      'three of two messages',
      [
        ['2026-11-01', 'm1'],
        ['2026-11-02', 'm2'],
        ['2026-11-03', 'm2'],
      ],
    ],
    [
      'three in more than 30 days',
      [
        ['2026-11-01', 'm1'],
        ['2026-11-15', 'm2'],
        ['2026-12-02', 'm3'],
      ],
    ],
    [
      'four of which no three differ in both',
      [
        ['2026-11-01', 'm1'],
        ['2026-11-02', 'm1'],
        ['2026-11-03', 'm1'],
        ['2026-11-03', 'm2'],
      ],
    ],
  ] as const)('put nobody there: %s', (_, bounces) => {
    expect(held(rowOf(...bounces.map(([day, message]) => unclear(`${day}T10:00:00Z`, message))))).toEqual([])
  })

  it('find three among repeats of the same messages and days', () => {
    const reported = [
      ['2026-11-01', 'm1'],
      ['2026-11-01', 'm2'],
      ['2026-11-02', 'm1'],
      ['2026-11-03', 'm3'],
    ] as const
    const row = rowOf(...reported.map(([day, message]) => unclear(`${day}T10:00:00Z`, message)))
    expect(held(row)).toMatchObject([{ sinceMs: at('2026-11-03T10:00:00Z') }])
  })

  it('count from the last removal on', () => {
    const days = ['2026-11-01', '2026-11-02', '2026-11-03', '2026-11-04', '2026-11-05']
    const row = rowOf(...days.map((day, index) => unclear(`${day}T10:00:00Z`, `m${index}`)))
    expect(held(withRemoval(row, at('2026-11-02T10:00:00Z')))).toMatchObject([
      { sinceMs: at('2026-11-05T10:00:00Z') },
    ])
    expect(held(withRemoval(row, at('2026-11-03T10:00:00Z')))).toEqual([])
  })

  it('are known by their days where there are more of them than a row holds', () => {
    const row = { ...rowOf(unclear('2026-11-01T10:00:00Z', 'm1')), unclearDays: ['2026-11-02', '2026-11-03'] }
    expect(held(row)).toMatchObject([{ reason: 'hard-bounce', sinceMs: at('2026-11-03T00:00:00Z') }])
    expect(held({ ...row, unclearDays: ['2026-11-02'] })).toEqual([])
  })
})

describe('a recipient', () => {
  it.each([
    ['a@example.com', 'a@example.com'],
    ['  A.B@Example.COM ', 'a.b@example.com'],
    ['Somebody <Some@Example.com> ', 'some@example.com'],
    ['"Body, Some" < some@example.com >', 'some@example.com'],
    ['Body, Some <some@example.com>', 'some@example.com'],
    ['some@example.com <some@example.com>', 'some@example.com'],
  ])("is reported by '%s'", (text, expected) => {
    expect(recipientOf(text)).toBe(expected)
  })

  it.each([
    ...['', 'somebody', 'a@example.com, b@example.com', '@example.com', 'a@'],
    ...['A <a@example.com>, B <b@example.com>', 'a@example.com; B <b@example.com>'],
  ])("is not reported by '%s'", (text) => {
    expect(recipientOf(text)).toBeUndefined()
  })
})

/** Few instants and details, so that evidence collides and repeats, and removals fall between. */
const startMs = at('2026-11-21T08:00:00Z')
const anyEvidence: fc.Arbitrary<SuppressionEvidence> = fc.record(
  {
    recipient: fc.constant('a@example.com'),
    reason: fc.constantFrom(...suppressionReasons),
    occurredAtMs: fc.nat(6).map((step) => startMs + step * 500),
    source: fc.constantFrom('callback', 'poll', 'operator', 'list'),
    provider: fc.constantFrom('tencent-ses', 'sendcloud'),
    message: fc.constantFrom(sampleMessage, 'task:77'),
    isUnclear: fc.constant(true as const),
    untilMs: fc.constantFrom(startMs, startMs + 86_400_000),
    detail: fc.constantFrom('', '550 5.1.1 user unknown'),
  },
  { requiredKeys: ['recipient', 'reason', 'occurredAtMs', 'source', 'provider', 'message', 'detail'] },
)
const anyStep = fc.oneof(
  anyEvidence.map((evidence) => ({ evidence })),
  fc.nat(6).map((step) => ({ removedAtMs: startMs + step * 500 })),
)

describe('a suppression', () => {
  it('is a function of its evidence and its removals: any order and any repeats end in the same', () => {
    const first = { ...byHand, recipient: 'a@example.com', occurredAtMs: startMs - 1_000 }
    const after = (steps: readonly ({ evidence: SuppressionEvidence } | { removedAtMs: number })[]) =>
      steps.reduce<Suppression>(
        (known, step) =>
          'evidence' in step ? withEvidence(known, step.evidence) : withRemoval(known, step.removedAtMs),
        withEvidence(undefined, first),
      )
    fc.assert(
      fc.property(
        fc.array(anyStep, { minLength: 1, maxLength: 12 }).chain((steps) =>
          fc.tuple(
            fc.constant(steps),
            fc.array(fc.constantFrom(...steps), { maxLength: 6 }).chain((again) => {
              const all = [...steps, ...again]
              return fc.shuffledSubarray(all, { minLength: all.length })
            }),
          ),
        ),
        ([steps, shuffled]) => {
          expect(after(shuffled)).toEqual(after(steps))
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('the reasons against a mail', () => {
  const lasting: HeldReason = { reason: 'complaint', sinceMs: 2, line: 'complaint' }
  const ofShop: HeldReason = { reason: 'unsubscribe', sinceMs: 1, fromDomain: 'shop.example', line: 'shop' }
  const listed: HeldReason = { reason: 'blocklist', sinceMs: 0, untilMs: 10, line: 'blocklist' }
  const all = [listed, ofShop, lasting]
  it.each<[string, Parameters<typeof reasonsAgainst>[0], readonly HeldReason[]]>([
    ['from any sender are all, those that end last', { except: [] }, [ofShop, lasting, listed]],
    ['from another domain', { fromDomain: 'news.example', except: [] }, [lasting, listed]],
    ['from that domain', { fromDomain: 'shop.example', except: [] }, [ofShop, lasting, listed]],
    ['but for some', { except: ['complaint', 'blocklist'] }, [ofShop]],
  ])('%s', (_which, mail, against) => {
    expect(reasonsAgainst(mail, all)).toEqual(against)
  })
})

describe('the reply in evidence', () => {
  it.each([
    [
      'what was judged by its words',
      { rule: 'mailbox-gone', detail: '550 no such user' },
      '550 no such user',
    ],
    ["what the provider's number decided", { rule: 'sub-stat-406', detail: 'no such address' }, ''],
  ])('of %s', (_what, { rule, detail }, reply) => {
    expect(replyIn({ judgement: { class: 'gone', rule }, detail } as never)).toBe(reply)
  })

  it('of what was not judged is empty', () => {
    expect(replyIn({ detail: 'asked on the telephone' })).toBe('')
  })
})

describe('a removal', () => {
  const known: Suppression = {
    ...emptySuppression('example@example.com'),
    evidence: [hardBounceLine, byHandLine],
    blocklisted: [complaintLine],
    unclearBounces: ['put here by hand'],
    unclearDays: ['2026-11-21', '2026-11-22', '2026-11-23'],
  }

  it('names what is dated later', () => {
    expect(datedLater(known, at('2026-11-22T09:00:00Z'))).toEqual([byHandLine, '2026-11-23'])
    expect(datedLater(known, at('2026-11-22T08:59:59Z'))).toEqual([byHandLine, complaintLine, '2026-11-23'])
    expect(datedLater(known, at('2026-11-22T00:00:00Z'))).not.toContain('2026-11-22')
  })

  it('is kept once and in order, with what it counts out', () => {
    const once = withRemoval(known, at('2026-11-25T08:00:00Z'), ['b', 'a'])
    const twice = withRemoval(once, at('2026-11-24T08:00:00Z'), ['b'])
    expect([twice.removals, twice.countedOut]).toEqual([
      ['2026-11-24T08:00:00.000Z', '2026-11-25T08:00:00.000Z'],
      ['a', 'b'],
    ])
    expect(withRemoval(twice, at('2026-11-24T08:00:00Z'))).toEqual(twice)
  })

  it('comes after the latest of all lines', () => {
    expect(linesOf(known)).toEqual([hardBounceLine, byHandLine, complaintLine, 'put here by hand'])
    expect(latestInstantOf(known)).toBe(at('2026-11-23T10:00:00.250Z'))
    expect(latestInstantOf(emptySuppression('a@example.com'))).toBe(-8.64e15)
    expect(lastOf(['2026-11-24T08:00:00Z', 'once', '2026-11-25T08:00:00Z', '2026-11-23T08:00:00Z'])).toBe(
      at('2026-11-25T08:00:00Z'),
    )
    expect(lastOf([])).toBe(-8.64e15)
  })
})
