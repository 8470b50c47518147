import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Delivery, Status } from '../../../lib/core/delivery.ts'
import type { EventKind } from '../../../lib/core/event.ts'
import { parseFact } from '../../../lib/core/fact.ts'
import { joined } from '../../../lib/core/join.ts'
import {
  missingEvents,
  unknownEvent,
  factsByText,
  type PolledDelivery,
  type PolledOutcome,
} from '../../../lib/core/polled-delivery.ts'
import { sampleMessage } from '../../events.ts'

const occurredAtMs = Date.parse('2022-06-01T07:00:00Z')

const outcomes: Record<PolledOutcome['kind'], PolledOutcome> = {
  requested: { kind: 'requested', detail: '' },
  deferred: { kind: 'deferred', occurredAtMs, reply: '451 try again later', detail: '' },
  delivered: { kind: 'delivered', occurredAtMs, detail: '250 ok' },
  dropped: { kind: 'dropped', occurredAtMs, detail: '1007 on the blocklist' },
  bounced: {
    kind: 'bounced',
    occurredAtMs,
    bounceClass: 'undetermined',
    reply: '551 5.1.1 no such user',
    detail: '',
  },
}

function polledWith(reported: Partial<PolledDelivery>): PolledDelivery {
  return {
    provider: 'tencent-ses',
    recipient: 'example@example.com',
    message: sampleMessage,
    outcome: outcomes.delivered,
    engagement: [],
    ...reported,
  }
}

function rowWith(status: Status, facts: readonly (readonly [EventKind, string])[]): Delivery {
  return {
    recipient: 'example@example.com',
    message: sampleMessage,
    provider: 'tencent-ses',
    status,
    facts: new Map(facts.map(([kind, line]) => [kind, [parseFact(kind, line)]])),
    spellings: [],
    emailIds: [],
    columns: new Map(),
  }
}

const at = '2022-06-01T06:24:43Z'
const rows: Record<Status, Delivery> = {
  requested: rowWith('requested', [['requested', at]]),
  deferred: rowWith('deferred', [['deferred', `${at} 451 try again later`]]),
  unknown: rowWith('unknown', [
    ['requested', at],
    ['unknown', '2022-07-01T06:24:39Z[poll]'],
  ]),
  'soft-bounced': rowWith('soft-bounced', [['bounced', `${at} soft 552 5.2.2 mailbox full`]]),
  delivered: rowWith('delivered', [['delivered', at]]),
  dropped: rowWith('dropped', [['dropped', at]]),
  bounced: rowWith('bounced', [['bounced', `${at} hard 551 5.1.1 no such user`]]),
}

const kindsLacking = (known: Delivery | undefined, polled: PolledDelivery) =>
  missingEvents(known, polled).map((event) => event.kind)

describe('what a polled outcome adds', () => {
  it.each<[Status, readonly PolledOutcome['kind'][]]>([
    ['requested', ['deferred', 'delivered', 'dropped', 'bounced']],
    ['deferred', ['delivered', 'dropped', 'bounced']],
    ['unknown', ['delivered', 'dropped', 'bounced']],
    ['delivered', ['dropped', 'bounced']],
    ['dropped', ['delivered', 'bounced']],
    ['bounced', ['delivered', 'dropped']],
  ])('to a row that is %s is news of %j alone', (status, news) => {
    for (const kind of ['requested', 'deferred', 'delivered', 'dropped', 'bounced'] as const) {
      const lacking = kindsLacking(rows[status], polledWith({ outcome: outcomes[kind] }))
      expect(lacking).toEqual(news.includes(kind) ? [kind] : [])
    }
  })

  it.each([['requested'], ['deferred'], ['delivered'], ['dropped'], ['bounced']] as const)(
    'where nothing was known is that it was %s',
    (kind) => {
      expect(kindsLacking(undefined, polledWith({ outcome: outcomes[kind] }))).toEqual([kind])
    },
  )

  it('is the number of a drop that a callback reported in free words, though another copy arrived', () => {
    const row = rowWith('delivered', [
      ['delivered', at],
      ['dropped', `${at} recipient rejected`],
    ])
    const outcome = { kind: 'dropped', code: 'SendStatus 1007', detail: '1007 on the blocklist' } as const
    expect(kindsLacking(row, polledWith({ outcome }))).toEqual(['dropped'])
  })

  it('is the delivery itself where only an open was known', () => {
    const opened = rowWith('delivered', [['opened', at]])
    expect(kindsLacking(opened, polledWith({}))).toEqual(['delivered'])
  })

  it('to a row that is soft-bounced is news of its end, not of a step on the way', () => {
    const newsOf = (kind: PolledOutcome['kind']) =>
      kindsLacking(rows['soft-bounced'], polledWith({ outcome: outcomes[kind] }))
    expect(newsOf('requested')).toEqual([])
    expect(newsOf('deferred')).toEqual([])
    expect(newsOf('delivered')).toEqual(['delivered'])
    expect(newsOf('dropped')).toEqual(['dropped'])
  })

  it.each([
    ['of the same class', 'soft', '552 5.2.2 mailbox full'],
    ['without its class', 'undetermined', '550 5.7.1 not now'],
  ] as const)('leaves a soft bounce alone that the poll reports again, %s', (_, bounceClass, reply) => {
    const known = rowWith('soft-bounced', [['bounced', `${at} soft ${reply} ¦ outIp 198.51.100.7`]])
    const reported = { kind: 'bounced', bounceClass, reply, detail: '' } as const
    for (const time of [at, '2022-06-01T07:00:00Z']) {
      const outcome = { ...reported, occurredAtMs: Date.parse(time) }
      expect(missingEvents(known, polledWith({ outcome }))).toEqual([])
    }
  })

  it('is the rejection that followed a soft bounce, reported with another reply at a later time', () => {
    expect(kindsLacking(rows['soft-bounced'], polledWith({ outcome: outcomes.bounced }))).toEqual(['bounced'])
  })

  it.each([
    ['nothing', 'hard', ['bounced']],
    ['what is unclear', 'hard 550 mailbox unavailable or access denied', ['bounced']],
    ['what speaks of the sender', 'hard 554 5.7.1 blocked using a blacklist', ['bounced']],
    ['the same', 'hard 551 5.1.1 no such user', []],
    ['as much', 'hard 550 5.2.1 mailbox disabled', []],
    ["as much by the provider's number alone", 'hard ¦ 406 address does not exist', []],
  ] as const)(
    'is the same bounce again where its reply says more: the known fact says %s',
    (_, fact, news) => {
      const provider = fact.includes('406') ? 'sendcloud' : 'tencent-ses'
      const known = rowWith('bounced', [['bounced', `${at} ${fact}`]])
      expect(kindsLacking(known, polledWith({ provider, outcome: outcomes.bounced }))).toEqual(news)
    },
  )

  it.each([
    ['1007 the address is on the blocklist', 'SendStatus 1007', ['dropped']],
    ['1006 too many mails', 'SendStatus 1006', []],
    ['3020 the mailbox type is barred', 'SendStatus 3020', []],
  ] as const)('is the same drop again where its number says more than words: %s', (detail, code, news) => {
    const known = rowWith('dropped', [['dropped', `${at} not sent`]])
    const outcome = { kind: 'dropped', occurredAtMs, code, detail } as const
    expect(kindsLacking(known, polledWith({ outcome }))).toEqual(news)
    const reported = rowWith('dropped', [['dropped', `${at}[poll] ${detail}`]])
    expect(kindsLacking(reported, polledWith({ outcome }))).toEqual([])
  })
})

describe('what the poll reports the reader', () => {
  const engagement = ['opened', 'clicked', 'complained', 'unsubscribed'] as const

  it('is added kind by kind, where the row lacks it', () => {
    const known = rowWith('delivered', [
      ['delivered', at],
      ['opened', at],
      ['complained', 'time-unknown[poll]'],
    ])
    expect(kindsLacking(known, polledWith({ engagement }))).toEqual(['clicked', 'unsubscribed'])
  })

  it('is added after the outcome where nothing was known', () => {
    expect(kindsLacking(undefined, polledWith({ engagement }))).toEqual([
      'delivered',
      'opened',
      'clicked',
      'complained',
      'unsubscribed',
    ])
  })

  it('has no time', () => {
    for (const event of missingEvents(rows.delivered, polledWith({ engagement }))) {
      expect(event).not.toHaveProperty('occurredAtMs')
    }
  })

  it('is nothing where the row lacks nothing', () => {
    const known = rowWith('delivered', [['delivered', at], ...engagement.map((kind) => [kind, at] as const)])
    expect(missingEvents(known, polledWith({ engagement }))).toEqual([])
  })
})

describe('a polled event', () => {
  it('carries what the poll reported, and says that the poll did', () => {
    const polled = polledWith({
      spelling: 'Example@Example.com',
      columns: { from: 'test@fromexample.com' },
      sentAtMs: Date.parse('2022-06-01T06:24:40Z'),
      outcome: outcomes.bounced,
      engagement: ['opened'],
    })
    const shared = {
      provider: 'tencent-ses',
      recipient: 'example@example.com',
      spelling: 'Example@Example.com',
      message: 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1',
      source: 'poll',
      sentAtMs: 1654064680_000,
      columns: { from: 'test@fromexample.com' },
      headers: new Map(),
    }
    expect(missingEvents(undefined, polled)).toEqual([
      {
        ...shared,
        kind: 'bounced',
        occurredAtMs: 1654066800_000,
        bounceClass: 'undetermined',
        reply: '551 5.1.1 no such user',
        detail: '',
      },
      { ...shared, kind: 'opened', detail: '' },
    ])
  })

  it('claims nothing that the poll did not report', () => {
    expect(missingEvents(undefined, polledWith({ outcome: outcomes.requested }))).toEqual([
      {
        provider: 'tencent-ses',
        recipient: 'example@example.com',
        message: 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1',
        source: 'poll',
        kind: 'requested',
        detail: '',
        columns: {},
        headers: new Map(),
      },
    ])
  })
})

describe('a pass over the same answer', () => {
  const anyRow = fc.constantFrom<Delivery | undefined>(undefined, ...Object.values(rows))
  const anyPolled = fc.record({
    outcome: fc.constantFrom(...Object.values(outcomes)),
    engagement: fc.subarray<PolledDelivery['engagement'][number]>([
      'opened',
      'clicked',
      'complained',
      'unsubscribed',
    ]),
  })

  it('writes nothing the second time', () => {
    fc.assert(
      fc.property(anyRow, anyPolled, (row, reported) => {
        const polled = polledWith(reported)
        const broughtUp = missingEvents(row, polled).reduce<Delivery | undefined>(joined, row)
        expect(missingEvents(broughtUp, polled)).toEqual([])
      }),
    )
  })

  it('ends in the same row where it was cut short and run again', () => {
    fc.assert(
      fc.property(anyRow, anyPolled, fc.nat(5), (row, reported, cutAt) => {
        const polled = polledWith(reported)
        const events = missingEvents(row, polled)
        const whole = events.reduce<Delivery | undefined>(joined, row)
        const cutShort = events.slice(0, cutAt).reduce<Delivery | undefined>(joined, row)
        expect(missingEvents(cutShort, polled).reduce<Delivery | undefined>(joined, cutShort)).toEqual(whole)
      }),
    )
  })
})

describe('a delivery that the provider no longer reports', () => {
  it('is unknown from day 30 on, with the reason, whenever that is found', () => {
    const why = 'no report will follow'
    expect(unknownEvent(rows.deferred, Date.parse('2022-06-01T06:24:39Z'), why)).toEqual({
      provider: 'tencent-ses',
      recipient: 'example@example.com',
      message: 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1',
      kind: 'unknown',
      source: 'poll',
      occurredAtMs: Date.parse('2022-07-01T06:24:39Z'),
      detail: 'sent 2022-06-01T06:24:39Z, never settled, and no report will follow',
      columns: {},
      headers: new Map(),
    })
  })
})

describe('what a list shows with its instant', () => {
  const opened = { kind: 'opened', occurredAtMs, detail: 'Firefox' } as const
  const clicked = { kind: 'clicked', occurredAtMs, link: 'https://a.example/', detail: '' } as const
  const events = [opened, clicked]

  it('is an event of its own, each', () => {
    expect(missingEvents(undefined, polledWith({ events }))).toMatchObject([
      { kind: 'delivered' },
      { kind: 'opened', occurredAtMs, detail: 'Firefox', source: 'poll' },
      { kind: 'clicked', occurredAtMs, link: 'https://a.example/' },
    ])
  })

  it('is none where a callback reported it within two seconds', () => {
    const known = rowWith('delivered', [
      ['delivered', at],
      ['opened', '2022-06-01T06:59:58Z'],
      ['clicked', '2022-06-01T07:00:00Z https://a.example/'],
    ])
    expect(kindsLacking(known, polledWith({ events }))).toEqual([])
    const another = rowWith('delivered', [
      ['delivered', at],
      ['opened', '2022-06-01T06:59:57Z'],
      ['clicked', '2022-06-01T07:00:00Z https://b.example/'],
    ])
    expect(kindsLacking(another, polledWith({ events }))).toEqual(['opened', 'clicked'])
  })
})

describe('the region of a list', () => {
  const columns = { region: 'ap-hongkong' }
  const sentAtMs = Date.parse('2022-06-01T06:24:39Z')
  const requested = polledWith({ outcome: outcomes.requested, columns, sentAtMs })

  it('is recorded of a mail that will be looked up, with its request', () => {
    expect(missingEvents(rows.requested, requested)).toEqual([
      {
        provider: 'tencent-ses',
        recipient: 'example@example.com',
        message: sampleMessage,
        kind: 'requested',
        source: 'poll',
        occurredAtMs: sentAtMs,
        sentAtMs,
        detail: '',
        columns,
        headers: new Map(),
      },
    ])
    const undated = polledWith({ outcome: outcomes.requested, columns })
    expect(missingEvents(rows.requested, undated)[0]).not.toHaveProperty('occurredAtMs')
  })

  it('is not recorded where it is known, where nothing is left to look up, or where the list has none', () => {
    const known = { ...rows.requested, columns: new Map([['region', 'ap-hongkong']]) }
    expect(missingEvents(known, requested)).toEqual([])
    expect(missingEvents(rows.delivered, polledWith({ columns }))).toEqual([])
    expect(missingEvents(rows.requested, polledWith({ outcome: outcomes.requested }))).toEqual([])
  })

  it('comes with what else is missing, as a column of that', () => {
    expect(missingEvents(rows.requested, polledWith({ columns }))).toMatchObject([
      { kind: 'delivered', columns },
    ])
  })
})

describe('what the rules read in a stored fact', () => {
  it.each<[string, Parameters<typeof factsByText>[0], string, ReturnType<typeof factsByText>]>([
    [
      "a bounce's class, reply and number",
      { kind: 'bounced', provider: 'sendcloud' },
      `${at} hard 550 no such user ¦ 406 does not exist`,
      { bounceClass: 'hard', reply: '550 no such user', detail: '406 does not exist', code: 'subStat 406' },
    ],
    [
      'a bounce without a number',
      { kind: 'bounced', provider: 'sendcloud' },
      `${at} soft 450 later ¦ 306 later`,
      { bounceClass: 'soft', reply: '450 later', detail: '306 later' },
    ],
    [
      "SendCloud's number of a drop",
      { kind: 'dropped', provider: 'sendcloud' },
      `${at} 401 on the list of bounces`,
      { detail: '401 on the list of bounces', code: 'subStat 401' },
    ],
    [
      'the number of a drop that the poll of Tencent SES reported',
      { kind: 'dropped', provider: 'tencent-ses' },
      `${at}[poll] 1007 on the blocklist`,
      { detail: '1007 on the blocklist', code: 'SendStatus 1007' },
    ],
    [
      'no number in the words of a callback',
      { kind: 'dropped', provider: 'tencent-ses' },
      `${at} 1007 on the blocklist`,
      { detail: '1007 on the blocklist' },
    ],
    [
      'what else there is',
      { kind: 'opened', provider: 'sendcloud' },
      `${at} 406 Firefox`,
      { detail: '406 Firefox' },
    ],
  ])('%s', (_what, of, line, read) => {
    expect(factsByText(of, parseFact(of.kind, line))).toEqual(read)
  })
})
