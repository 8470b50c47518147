import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  evidenceLine,
  inOrderOfTime,
  parseEvidence,
  suppressionReasons,
  withEvidence,
  withRemoval,
  type Suppression,
  type SuppressionEvidence,
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

  it('has a place for a provider and a message that nobody told', () => {
    const told = { reason: 'blocklist', occurredAtMs: 0, source: 'poll', detail: 'a b' } as const
    const line = evidenceLine({ recipient: 'a@example.com', ...told })
    expect(line).toBe('1970-01-01T00:00:00Z[poll] blocklist - - a b')
    expect(parseEvidence(line)).toEqual(told)
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

describe('an address', () => {
  it('is on the list by the earliest evidence', () => {
    expect(withEvidence(withEvidence(undefined, complaint), hardBounce)).toEqual({
      recipient: 'example@example.com',
      isSuppressed: true,
      suppressedBy: hardBounceLine,
      evidence: [hardBounceLine, complaintLine],
      removals: [],
    })
  })

  it('is off the list once it was taken off, and its evidence is kept', () => {
    expect(withRemoval(withEvidence(undefined, hardBounce), at('2026-11-21T09:00:00Z'))).toEqual({
      recipient: 'example@example.com',
      isSuppressed: false,
      evidence: [hardBounceLine],
      removals: ['2026-11-21T09:00:00.000Z'],
    })
  })

  it.each([
    ['an older one told late', '2026-11-21T08:59:59.999Z', false],
    ['one of the very instant', '2026-11-21T09:00:00Z', false],
    ['a newer one', '2026-11-21T09:00:00.001Z', true],
  ])('that was taken off is brought back by evidence: %s', (_, instant, expected) => {
    const removed = withRemoval(withEvidence(undefined, hardBounce), at('2026-11-21T09:00:00Z'))
    const { isSuppressed, suppressedBy } = withEvidence(removed, { ...byHand, occurredAtMs: at(instant) })
    expect(isSuppressed).toBe(expected)
    expect(suppressedBy).toBe(
      expected ? '2026-11-21T09:00:00.001Z[operator] by-hand asked on the telephone' : undefined,
    )
  })

  it('does not come back by a replay of what it was taken off for', () => {
    const removed = withRemoval(withEvidence(undefined, hardBounce), at('2026-11-21T09:00:00Z'))
    expect(withEvidence(removed, hardBounce)).toEqual(removed)
  })

  it('stays on the list where it was taken off before all of its evidence', () => {
    const listed = withEvidence(withEvidence(undefined, hardBounce), complaint)
    expect(withRemoval(listed, at('2026-11-22T00:00:00Z'))).toMatchObject({
      isSuppressed: true,
      suppressedBy: complaintLine,
    })
  })

  it('is judged by what can be read of its row', () => {
    const odd = {
      ...withEvidence(undefined, hardBounce),
      evidence: ['odd', hardBounceLine],
      removals: ['whenever'],
    }
    expect(withEvidence(odd, complaint)).toMatchObject({ suppressedBy: hardBounceLine })
    expect(withRemoval(odd, at('2026-11-21T09:00:00Z'))).toMatchObject({ isSuppressed: false })
  })

  it('orders lines as DynamoDB does, by their bytes', () => {
    const told = ['\u{1f600}', '\uff01'].map((detail) => ({ ...byHand, detail }))
    const row = told.reduce<Suppression | undefined>(withEvidence, undefined)
    expect(row?.suppressedBy).toBe('2026-11-23T10:00:00.250Z[operator] by-hand \uff01')
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
  ])("is told by '%s'", (text, expected) => {
    expect(recipientOf(text)).toBe(expected)
  })

  it.each([
    ...['', 'somebody', 'a@example.com, b@example.com', '@example.com', 'a@'],
    ...['A <a@example.com>, B <b@example.com>', 'a@example.com; B <b@example.com>'],
  ])("is not told by '%s'", (text) => {
    expect(recipientOf(text)).toBeUndefined()
  })
})

/** Few instants and details, so that evidence collides and repeats, and removals fall between. */
const startMs = at('2026-11-21T08:00:00Z')
const anyEvidence: fc.Arbitrary<SuppressionEvidence> = fc.record({
  recipient: fc.constant('a@example.com'),
  reason: fc.constantFrom(...suppressionReasons),
  occurredAtMs: fc.nat(6).map((step) => startMs + step * 500),
  source: fc.constantFrom('callback', 'poll', 'operator'),
  provider: fc.constantFrom('tencent-ses', 'sendcloud'),
  message: fc.constantFrom(sampleMessage, 'task:77'),
  detail: fc.constantFrom('', '550 5.1.1 user unknown'),
})
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
