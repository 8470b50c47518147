import { describe, expect, it } from '@jest/globals'
import {
  suppressionOf,
  suppressionRuleOf,
  suppressionRules,
  suppressionRulesVersion,
} from '../../../lib/core/suppression-rules.ts'
import type { SuppressionReason } from '../../../lib/core/suppression.ts'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { describeSendStatus } from '../../../lib/ses/send-status.ts'
import { eventWith, sampleMessage } from '../../events.ts'

const at = (time: string) => Date.parse(time)

const hard = (detail: string) => eventWith({ kind: 'bounced', bounceClass: 'hard', detail })
const soft = (detail: string) => eventWith({ kind: 'bounced', bounceClass: 'soft', detail })
/** As the poll tells a bounce: without a class. */
const polledBounce = (detail: string) =>
  eventWith({ kind: 'bounced', source: 'poll', bounceClass: 'undetermined', detail })
const notSent = (sendStatus: number) =>
  eventWith({ kind: 'dropped', source: 'poll', code: `SendStatus ${sendStatus}` })
const invalid = (subStat: number) =>
  eventWith({ provider: 'sendcloud', kind: 'bounced', bounceClass: 'hard', code: `subStat ${subStat}` })
const sendCloudDrop = (subStat: number) =>
  eventWith({ provider: 'sendcloud', kind: 'dropped', code: `subStat ${subStat}` })

type Verdict = SuppressionReason | 'leave'

/** Every rule with events that it decides about. */
const decided: readonly (readonly [rule: string, verdict: Verdict, ...events: DeliveryEvent[]])[] = [
  [
    'complained',
    'complaint',
    eventWith({ kind: 'complained' }),
    eventWith({ kind: 'complained', provider: 'sendcloud' }),
    eventWith({ kind: 'complained', source: 'poll' }),
  ],
  [
    'unsubscribed',
    'unsubscribe',
    eventWith({ kind: 'unsubscribed' }),
    eventWith({ kind: 'unsubscribed', provider: 'sendcloud' }),
    eventWith({ kind: 'unsubscribed', source: 'poll' }),
  ],

  ['send-status-1007', 'blocklist', notSent(1007)],
  ['send-status-1013', 'unsubscribe', notSent(1013)],
  ['send-status-3020', 'blocklist', notSent(3020)],
  ['send-status-1001', 'leave', notSent(1001)],
  ['send-status-1002', 'leave', notSent(1002)],
  ['send-status-1003', 'leave', notSent(1003)],
  ['send-status-1004', 'leave', notSent(1004)],
  ['send-status-1005', 'leave', notSent(1005)],
  ['send-status-1006', 'leave', notSent(1006)],
  ['send-status-1008', 'leave', notSent(1008)],
  ['send-status-1009', 'leave', notSent(1009)],
  ['send-status-1010', 'leave', notSent(1010)],
  ['send-status-1011', 'leave', notSent(1011)],
  ['send-status-2001', 'leave', notSent(2001)],
  ['send-status-3007', 'leave', notSent(3007)],
  ['send-status-3008', 'leave', notSent(3008)],
  ['send-status-3009', 'leave', notSent(3009)],
  ['send-status-3010', 'leave', notSent(3010)],
  ['send-status-3014', 'leave', notSent(3014)],
  ['send-status-3024', 'leave', notSent(3024)],
  ['send-status-3030', 'leave', notSent(3030)],
  ['send-status-3033', 'leave', notSent(3033)],
  ['sub-stat-401', 'blocklist', sendCloudDrop(401)],
  ['sub-stat-402', 'unsubscribe', sendCloudDrop(402)],
  [
    'other-drop',
    'leave',
    eventWith({ kind: 'dropped', detail: 'the address is on the blocklist' }),
    eventWith({ kind: 'dropped', detail: '550 5.1.1 recipient is not exist' }),
    notSent(9999),
    sendCloudDrop(499),
    // Another provider's number is another thing.
    eventWith({ kind: 'dropped', provider: 'sendcloud', code: 'SendStatus 1007' }),
    eventWith({ kind: 'dropped', provider: 'tencent-ses', code: 'subStat 401' }),
    eventWith({ kind: 'dropped', code: 'SendStatus 10070' }),
  ],

  [
    'soft-bounce',
    'leave',
    soft('452 4.2.2 mailbox full'),
    soft('550 5.1.1 user unknown'),
    eventWith({ provider: 'sendcloud', kind: 'bounced', bounceClass: 'soft', code: 'subStat 503' }),
    eventWith({ provider: 'sendcloud', kind: 'bounced', bounceClass: 'soft', code: 'subStat 506' }),
    eventWith({ provider: 'sendcloud', kind: 'bounced', bounceClass: 'soft', code: 'subStat 406' }),
  ],
  [
    'sub-stat-about-sender',
    'leave',
    { ...invalid(406), detail: '406 address does not exist 550 5.7.1 rejected due to sender reputation' },
    { ...invalid(404), detail: '404 address format error 5.7.26 unauthenticated' },
  ],
  [
    'sub-stat-transient',
    'leave',
    { ...invalid(406), detail: '406 address does not exist 451 4.7.1 Greylisting in action, try later' },
    { ...invalid(404), detail: '404 address format error 4.4.1' },
  ],
  [
    'sub-stat-404',
    'hard-bounce',
    invalid(404),
    { ...invalid(404), detail: '404 address format error 550 5.1.3 bad address' },
  ],
  [
    'sub-stat-406',
    'hard-bounce',
    invalid(406),
    { ...invalid(406), detail: '406 address does not exist 550 5.1.1 user unknown, from 15.7.1.9' },
  ],
  ['sub-stat-403', 'leave', invalid(403)],
  ['sub-stat-405', 'leave', invalid(405), { ...invalid(405), detail: '550 5.1.1 user unknown' }],
  ['sub-stat-407', 'leave', invalid(407)],
  ['sub-stat-408', 'leave', invalid(408)],
  ['sub-stat-409', 'leave', invalid(409)],
  [
    'transient-reply',
    'leave',
    hard('450 5.1.1 user unknown'),
    hard('4.2.1 user unknown'),
    hard('421 no such user'),
  ],

  [
    'mailbox-busy',
    'leave',
    hard(
      '550-5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.',
    ),
    polledBounce('550 5.2.1 receiving mail too quickly, please try again later'),
  ],
  [
    'bad-mailbox',
    'hard-bounce',
    hard('551 5.1.1 recipient is not exist'),
    polledBounce('551 5.1.1 recipient is not exist'),
    polledBounce('5.1.1 no such mailbox'),
    polledBounce('550-5.1.1 The email account that you tried to reach does not exist.'),
    polledBounce('550 #5.1.1 bad address'),
    hard('550 5.1.1'),
    hard('550 5.1.1: Recipient address rejected'),
    hard('550 5.1.1. Unknown'),
    hard('550 5.1.1 rejected by policy'),
    // A class that nobody told is none.
    eventWith({ kind: 'bounced', detail: '550 5.1.1 user unknown' }),
    { ...invalid(555), detail: '550 5.1.1 user unknown' },
  ],
  ['bad-system', 'hard-bounce', hard('550 5.1.2 Host unknown'), polledBounce('550 5.1.2 Host unknown')],
  ['bad-syntax', 'hard-bounce', hard('553 5.1.3 Bad syntax'), polledBounce('553 5.1.3 Bad syntax')],
  ['mailbox-moved', 'hard-bounce', hard('551 5.1.6 Moved'), polledBounce('551 5.1.6 Moved')],
  ['null-mx', 'hard-bounce', hard('556 5.1.10 Null MX'), polledBounce('556 5.1.10 Null MX')],
  ['mailbox-disabled', 'hard-bounce', hard('550 5.2.1 Disabled'), polledBounce('550 5.2.1 Disabled')],
  [
    'mailbox-full',
    'leave',
    hard('552 5.2.2 user unknown or over quota'),
    polledBounce('552 5.2.2 Over quota'),
  ],
  ['other-address-status', 'leave', hard('550 5.1.0 Address rejected')],
  ['sender-syntax', 'leave', hard('553 5.1.7 no such user')],
  ['sender-system', 'leave', hard('553 5.1.8 no such user')],
  ['mail-system', 'leave', hard('552 5.3.4 Too big')],
  ['routing', 'leave', hard('550 5.4.1 Recipient address rejected: Access denied')],
  ['protocol', 'leave', hard('501 5.5.4 Invalid argument')],
  ['content', 'leave', hard('554 5.6.0 Malformed')],
  [
    'policy',
    'leave',
    hard('550 5.7.1 user unknown'),
    hard('550 5.7.26 Unauthenticated'),
    polledBounce('5.7.1 no'),
  ],
  [
    'other-enhanced-code',
    'leave',
    hard('550 5.0.0 user unknown'),
    hard('550 5.1.11 user unknown'),
    hard('550 5.1.4 Ambiguous'),
    hard('550 5.2.10 user unknown'),
    hard('550 5.11.1 user unknown'),
    hard('550 2.1.1 user unknown'),
  ],

  [
    'undetermined-bounce',
    'leave',
    polledBounce(''),
    polledBounce('550 user unknown'),
    polledBounce('550 15.1.11 user unknown'),
    polledBounce('550 5.1.1.7 is listed'),
    polledBounce('550 5.1.1234'),
    polledBounce('host said: 550 5.1.1 user unknown'),
    eventWith({ kind: 'bounced', detail: 'user unknown' }),
  ],
  [
    'hard-bounce-about-sender',
    'leave',
    hard('554 user unknown, or your mail is spam'),
    hard('550 Sender address rejected: Domain unknown'),
    hard('550 Recipient address rejected: unknown, blocked using a list'),
    hard('550 no such user; access denied'),
    hard('550 invalid recipient by policy'),
    hard('550 no such user (SPF)'),
    hard('550 no such user (DKIM)'),
    hard('550 no such user (DMARC)'),
    hard('550 no such user: reputation'),
    hard('550 no such user: blacklisted'),
    hard('550 The IP address does not exist in the DNS'),
  ],
  [
    'hard-bounce-about-mailbox',
    'hard-bounce',
    hard('551 recipient is not exist'),
    hard('550 user unknown'),
    hard('550 Unknown user: somebody'),
    hard('550 No such user here'),
    hard('550 Mailbox not found'),
    hard('550 User not found: somebody@example.com'),
    hard('553 Invalid recipient somebody@example.com'),
    hard('550 Recipient address rejected: unknown in virtual table'),
    hard('550 The mailbox of a.b@mail.example.com does not exist.'),
    hard("550 This account doesn't exist"),
    // The number is SendCloud's own, and no reply that calls itself transient.
    { ...invalid(410), detail: '410 an undocumented sub-status 550 user unknown' },
  ],
  [
    'other-hard-bounce',
    'leave',
    hard(''),
    hard('550 mailbox unavailable'),
    hard('552 mailbox full'),
    hard('554 transaction failed'),
    hard('550 a record of this host does not exist'),
    hard('550 address rejected. Try again; the reason is unknown'),
    hard('550 15.1.11'),
    { ...invalid(555), detail: '' },
  ],
  [
    'anything-else',
    'leave',
    eventWith({ kind: 'requested' }),
    eventWith({ kind: 'deferred', detail: '550 5.1.1 user unknown' }),
    eventWith({ kind: 'delivered' }),
    eventWith({ kind: 'opened' }),
    eventWith({ kind: 'clicked' }),
    eventWith({ kind: 'unknown' }),
  ],
]

describe('the rule', () => {
  it.each(decided)('%s says: %s', (name, verdict, ...events) => {
    for (const event of events) {
      expect({ event, rule: suppressionRuleOf(event)?.name }).toEqual({ event, rule: name })
      expect(suppressionOf(event)?.reason ?? 'leave').toBe(verdict)
    }
  })
})

describe('the rules', () => {
  it('are all of them tested here, each by its name', () => {
    expect(decided.map(([name]) => name)).toEqual(suppressionRules.map(({ name }) => name))
  })

  it('have a row for every documented reason of Tencent Cloud for not sending', () => {
    const documented = Array.from({ length: 10_000 }, (_, code) => code).filter(
      (code) => !describeSendStatus(code).endsWith('undocumented failure to send'),
    )
    const names = suppressionRules.map(({ name }) => name)
    expect(documented).toHaveLength(22)
    expect(names).toEqual(expect.arrayContaining(documented.map((code) => `send-status-${code}`)))
  })

  it('name where they come from, in kebab case', () => {
    for (const { name, source } of suppressionRules) {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      expect(source).not.toBe('')
    }
    expect(suppressionRulesVersion).toBe(1)
  })

  it('read a reply as long as a body in no time', () => {
    const detail = `550 ${'user address rejected: '.repeat(3_000)}`
    const before = performance.now()
    expect(suppressionRuleOf(hard(detail))?.name).toBe('other-hard-bounce')
    expect(performance.now() - before).toBeLessThan(500)
  })
})

describe('evidence', () => {
  it('tells who it is about, why, when, and in whose words', () => {
    const bounce = hard('551 5.1.1 recipient is not exist')
    expect(suppressionOf(bounce)).toEqual({
      recipient: 'example@example.com',
      reason: 'hard-bounce',
      occurredAtMs: at('2022-06-01T06:24:43Z'),
      source: 'callback',
      provider: 'tencent-ses',
      message: sampleMessage,
      detail: '551 5.1.1 recipient is not exist',
    })
  })

  it('of a provider that told nothing but its code says that', () => {
    expect(suppressionOf(invalid(406))?.detail).toBe('subStat 406')
  })

  it.each([
    ['when the mail was sent', { sentAtMs: at('2022-06-01T06:24:40Z') }, '2022-06-01T06:24:40Z'],
    ['what its MessageId tells of that', {}, '2022-06-01T06:24:39Z'],
    ['the beginning of time', { message: 'qcloud-ses-0a1b2c' }, '1970-01-01T00:00:00Z'],
  ])('of which the poll does not tell the time counts from %s', (_, told, expected) => {
    const complaint: DeliveryEvent = {
      provider: 'tencent-ses',
      recipient: 'example@example.com',
      message: sampleMessage,
      kind: 'complained',
      source: 'poll',
      detail: '',
      columns: {},
      headers: new Map(),
      ...told,
    }
    expect(suppressionOf(complaint)?.occurredAtMs).toBe(at(expected))
  })
})
