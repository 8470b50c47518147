import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { labelledReplies } from '../../../bench/replies/labelled-replies.ts'
import { mayBeAgainstAddress } from '../../../lib/core/delivery.ts'
import type { BounceClass, DeliveryEvent } from '../../../lib/core/event.ts'
import {
  suppressionOf,
  suppressionRulesVersion,
  verdictOf,
  weightOf,
} from '../../../lib/core/suppression-rules.ts'
import { sendCloud } from '../../../lib/providers/sendcloud/sendcloud.ts'
import { tencentSes } from '../../../lib/providers/tencent-ses/tencent-ses.ts'
import { eventWith, sampleMessage } from '../../events.ts'
import { signedForm } from '../../../local/simulated-sendcloud/callback.ts'

const at = (time: string) => Date.parse(time)

const bounced = (bounceClass: BounceClass, reply: string) =>
  eventWith({ kind: 'bounced', bounceClass, reply })
const hard = (reply: string) => bounced('hard', reply)
/** As the poll reports a bounce: without a class. */
const polled = (reply: string) => eventWith({ ...bounced('undetermined', reply), source: 'poll' })
const notSent = (sendStatus: number) =>
  eventWith({ kind: 'dropped', source: 'poll', code: `SendStatus ${sendStatus}` })
const invalid = (subStat: number, reply = '') =>
  eventWith({
    provider: 'sendcloud',
    kind: 'bounced',
    bounceClass: 'hard',
    code: `subStat ${subStat}`,
    reply,
  })
const sendCloudDrop = (subStat: number) =>
  eventWith({ provider: 'sendcloud', kind: 'dropped', code: `subStat ${subStat}` })

describe('an event', () => {
  it.each<[string, string, string, DeliveryEvent]>([
    ['a complaint', 'complaint', 'complained', eventWith({ kind: 'complained' })],
    ['an unsubscription', 'unsubscribe', 'unsubscribed', eventWith({ kind: 'unsubscribed', source: 'poll' })],
    ["SendStatus 1007: on the provider's blocklist", 'blocklist', 'send-status-1007', notSent(1007)],
    ['SendStatus 1013: unsubscribed', 'unsubscribe', 'send-status-1013', notSent(1013)],
    ['SendStatus 3020: a kind of mailbox that the account bars', 'leave', 'drop', notSent(3020)],
    ['SendStatus 3033: no money', 'leave', 'drop', notSent(3033)],
    ['SendCloud 401: on its blacklist', 'blocklist', 'sub-stat-401', sendCloudDrop(401)],
    ['SendCloud 402: unsubscribed', 'unsubscribe', 'sub-stat-402', sendCloudDrop(402)],
    [
      "another provider's number",
      'leave',
      'drop',
      eventWith({ provider: 'sendcloud', kind: 'dropped', code: 'SendStatus 1007' }),
    ],
    [
      'a drop in free words',
      'leave',
      'drop',
      eventWith({ kind: 'dropped', detail: '550 5.1.1 recipient is not exist' }),
    ],
    ['a delivery', 'leave', 'no-rejection', eventWith({ kind: 'delivered' })],
    ['a deferral', 'leave', 'no-rejection', eventWith({ kind: 'deferred', reply: '550 5.1.1 user unknown' })],

    [
      'a hard bounce of a mailbox that is gone',
      'hard-bounce',
      'mailbox-not-there',
      hard('551 5.1.1 recipient is not exist'),
    ],
    ['the same without a code', 'hard-bounce', 'mailbox-not-there', hard('user unknown')],
    ['a hard bounce of one that is closed', 'hard-bounce', 'mailbox-closed', hard('550 User suspended')],
    ['a hard bounce of one that is full', 'leave', 'full', hard('552 5.2.2 over quota')],
    ['a hard bounce for policy', 'leave', 'code-policy', hard('550 5.7.1 no')],
    ['a soft bounce, whatever it says', 'leave', 'soft-bounce', bounced('soft', '550 5.1.1 user unknown')],
    ['a hard bounce with a reply that passes', 'leave', 'code-transient', hard('450 4.1.1 user unknown')],
    ['a hard bounce with words of two meanings', 'unclear', 'unrouteable', hard('550 Unrouteable address')],
    ['a hard bounce that nobody understands', 'unclear', 'no-rule', hard('554 Transaction failed')],
    ['a hard bounce without a word', 'unclear', 'no-rule', hard('')],

    ['a bounce of the poll, by its words', 'hard-bounce', 'mailbox-not-there', polled('550 user unknown')],
    ['by its code', 'hard-bounce', 'code-mailbox', polled('550 #5.1.1')],
    ['by words without a code that says for good', 'leave', 'mailbox-not-there', polled('user unknown')],
    ['by words of two meanings', 'unclear', 'unrouteable', polled('550 Unrouteable address')],
    ['by words that nobody understands', 'leave', 'no-rule', polled('554 Transaction failed')],
  ])('%s: %s, by %s', (_, verdict, rule, event) => {
    expect(verdictOf(event)).toMatchObject({ verdict, rule })
  })

  it.each<[number, string, string, string]>([
    // The reply decides where it says anything.
    [406, '552 mailbox full', 'leave', 'full'],
    [406, '450 mailbox busy', 'leave', 'says-it-passes'],
    [406, '554 IP blocked', 'leave', 'sender-ip'],
    [406, '550 5.7.1 rejected due to sender reputation', 'leave', 'listed'],
    [404, '451 4.7.1 Greylisting in action, try later', 'leave', 'says-it-passes'],
    [406, '550 Unrouteable address', 'unclear', 'unrouteable'],
    [405, '550 5.1.1 no such user', 'hard-bounce', 'no-such-mailbox'],
    [408, '550 5.1.1 no such user', 'hard-bounce', 'no-such-mailbox'],
    [409, '550 5.1.1 no such user', 'hard-bounce', 'no-such-mailbox'],
    [409, '550 User not found: somebody@163.com', 'hard-bounce', 'mailbox-not-there'],
    // SendCloud's number decides where it says nothing.
    [404, '', 'hard-bounce', 'sub-stat-404'],
    [406, '554 delivery failed', 'hard-bounce', 'sub-stat-406'],
    [403, '', 'leave', 'sub-stat-403'],
    [405, '', 'leave', 'sub-stat-405'],
    [407, '', 'leave', 'sub-stat-407'],
    [408, '', 'leave', 'sub-stat-408'],
    [409, '', 'unclear', 'no-rule'],
    [499, '', 'unclear', 'no-rule'],
  ])('of SendCloud with %i and "%s": %s, by %s', (subStat, reply, verdict, rule) => {
    expect(verdictOf(invalid(subStat, reply))).toMatchObject({ verdict, rule })
  })

  it.each([
    ['requested', false],
    ['deferred', false],
    ['delivered', false],
    ['dropped', true],
    ['bounced', true],
    ['opened', false],
    ['clicked', false],
    ['complained', true],
    ['unsubscribed', true],
    ['unknown', false],
  ] as const)('of the kind %s: whether the rules are asked is %s', (kind, isAsked) => {
    expect(mayBeAgainstAddress(kind)).toBe(isAsked)
    if (!isAsked) expect(verdictOf(eventWith({ kind, reply: '550 no such user' })).verdict).toBe('leave')
  })

  it('weighs more where it says more', () => {
    expect([eventWith({}), hard(''), hard('550 no such user')].map(weightOf)).toEqual([0, 1, 2])
  })
})

describe('evidence', () => {
  it('says what was learned, how the reply was read and by which rule', () => {
    expect(suppressionOf(hard('551 5.1.1 recipient is not exist'))).toEqual({
      recipient: 'example@example.com',
      reason: 'hard-bounce',
      occurredAtMs: at('2022-06-01T06:24:43Z'),
      source: 'callback',
      provider: 'tencent-ses',
      message: sampleMessage,
      judgement: { class: 'gone', rule: 'mailbox-not-there' },
      detail: '551 5.1.1 recipient is not exist',
    })
  })

  it('counts only together with others where the bounce is unclear', () => {
    expect(suppressionOf(hard('550 Unrouteable address'))).toMatchObject({
      reason: 'hard-bounce',
      isUnclear: true,
      judgement: { class: 'ambiguous', rule: 'unrouteable' },
    })
  })

  it("names the sender's domain from which the recipient unsubscribed, as far as it is known", () => {
    const unsubscribed = (columns: DeliveryEvent['columns']) =>
      suppressionOf(eventWith({ kind: 'unsubscribed', columns }))?.fromDomain
    expect(unsubscribed({ fromDomain: 'News.Example.com' })).toBe('news.example.com')
    expect(unsubscribed({ from: 'News <no-reply@Shop.example.com>' })).toBe('shop.example.com')
    expect(unsubscribed({})).toBeUndefined()
    expect(
      suppressionOf(eventWith({ kind: 'complained', columns: { fromDomain: 'a.example.com' } })),
    ).not.toHaveProperty('fromDomain')
  })

  it.each([
    ['its own instant', {}, '2022-06-01T06:24:43Z'],
    [
      'when the mail was sent, where it has none',
      { occurredAtMs: undefined, sentAtMs: at('2022-06-01T06:24:40Z') },
      '2022-06-01T06:24:40Z',
    ],
    [
      'what the MessageId says, where that is not reported',
      { occurredAtMs: undefined },
      '2022-06-01T06:24:39Z',
    ],
    [
      'the beginning of time, where nobody knows',
      { occurredAtMs: undefined, message: 'task:7' },
      '1970-01-01T00:00:00Z',
    ],
  ])('is as old as %s', (_, reported, expected) => {
    const event = { ...eventWith({ kind: 'complained' }), ...reported }
    expect(suppressionOf(event as DeliveryEvent)?.occurredAtMs).toBe(at(expected))
  })

  it('stands beside the version of the rules', () => {
    expect(suppressionRulesVersion).toBe(2)
  })
})

describe('the law', () => {
  const replies = labelledReplies().flatMap(([, set]) => set.map(({ reply }) => reply))
  const anyReply = fc.constantFrom(...replies)

  it('of transience: a reply that begins with a 4yz code suppresses nobody, whatever class or number comes with it', () => {
    const code = fc.constantFrom('421', '450 4.1.1', '450-4.2.1', '451 #4.7.1', '452', '4.4.2', '471')
    const anyEvent = fc.record({
      reply: fc.tuple(code, anyReply).map(([first, reply]) => `${first} ${reply.replace(/^[\d\s.#-]+/, '')}`),
      bounceClass: fc.constantFrom<BounceClass>('hard', 'soft', 'undetermined'),
      provider: fc.constantFrom('tencent-ses', 'sendcloud'),
      code: fc.constantFrom('', 'subStat 404', 'subStat 406', 'subStat 409'),
    })
    fc.assert(
      fc.property(anyEvent, (reported) => {
        expect(suppressionOf(eventWith({ kind: 'bounced', ...reported }))).toBeUndefined()
      }),
      { numRuns: 2_000 },
    )
  })

  /** Fields that a provider may add one day, with words and codes that would decide if they were read. */
  const anyFields = fc.dictionary(
    fc.constantFrom('senderIp', 'isBlocked', 'spamScore', 'policy', 'note', 'diagnostic', 'mtaReply'),
    fc.constantFrom(
      'blocked by policy',
      '550 5.1.1 no such user',
      'mailbox full',
      '451 try later',
      '1',
      'true',
    ),
  )

  it('of unknown fields: what Tencent adds to a callback changes no verdict', () => {
    const bounce = (reason: string, added: object) => {
      const [outcome] = tencentSes.read(
        {
          contentType: 'application/json',
          body: Buffer.from(
            JSON.stringify({
              event: 'bounce',
              email: 'example@example.com',
              bulkId: sampleMessage,
              timestamp: 1654064683,
              bounceType: 'hard_bounce',
              reason,
              ...added,
            }),
          ),
        },
        at('2026-11-27T00:00:00Z'),
      )
      return outcome?.type === 'event' ? verdictOf(outcome.event) : outcome
    }
    fc.assert(
      fc.property(anyReply, anyFields, (reason, added) => {
        expect(bounce(reason, added)).toEqual(bounce(reason, {}))
      }),
      { numRuns: 500 },
    )
  })

  it('of unknown fields: what SendCloud adds to a callback changes no verdict', () => {
    const bounce = (message: string, added: Record<string, string>) => {
      const form = signedForm(
        {
          event: 'invalid',
          timestamp: '1795233606321',
          emailId: '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound0$reader@example.com',
          recipient: 'reader@example.com',
          substat: '409',
          substatdesc: 'others',
          message,
          ...added,
        },
        { appKey: 'key', token: 'token' },
      )
      const [outcome] = sendCloud.read(
        {
          contentType: 'application/x-www-form-urlencoded',
          body: Buffer.from(form),
        },
        at('2026-11-27T00:00:00Z'),
      )
      return outcome?.type === 'event' ? verdictOf(outcome.event) : outcome
    }
    fc.assert(
      fc.property(anyReply, anyFields, (message, added) => {
        expect(bounce(message, added)).toEqual(bounce(message, {}))
      }),
      { numRuns: 500 },
    )
  })
})
