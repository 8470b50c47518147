import { describe, expect, it } from '@jest/globals'
import {
  countsOf,
  impliedStatus,
  isEngagement,
  isPending,
  isStatus,
  pendingPartitionOf,
  sentAtOfDelivery,
  statusRanks,
  problemPartitionOf,
  problemPartitionsOf,
  isProblem,
  type Delivery,
  type Status,
} from '../../../lib/core/delivery.ts'
import type { BounceClass, EventKind } from '../../../lib/core/event.ts'
import { parseFact } from '../../../lib/core/fact.ts'
import { eventWith } from '../../events.ts'

function deliveryWith(message: string, facts: Partial<Record<EventKind, readonly string[]>>): Delivery {
  return {
    recipient: 'example@example.com',
    message,
    provider: 'tencent-ses',
    status: 'delivered',
    facts: new Map(
      (['requested', 'deferred', 'delivered', 'bounced', 'opened', 'clicked'] as const).flatMap((kind) =>
        facts[kind] === undefined ? [] : [[kind, facts[kind].map((line) => parseFact(kind, line))] as const],
      ),
    ),
    spellings: [],
    emailIds: [],
    columns: new Map(),
  }
}

describe('the status', () => {
  it.each<[Status, Status]>([
    ['requested', 'deferred'],
    ['deferred', 'unknown'],
    ['unknown', 'soft-bounced'],
    ['soft-bounced', 'dropped'],
    ['dropped', 'delivered'],
    ['delivered', 'bounced'],
  ])('%s ranks below %s', (lower, higher) => {
    expect(statusRanks[lower]).toBeLessThan(statusRanks[higher])
  })

  it('has the rank that stands in every row', () => {
    expect(statusRanks).toEqual({
      requested: 10,
      deferred: 20,
      unknown: 30,
      'soft-bounced': 40,
      dropped: 45,
      delivered: 50,
      bounced: 70,
    })
  })

  it.each([
    ['requested', true],
    ['deferred', true],
    ['soft-bounced', true],
    ['unknown', false],
    ['delivered', false],
    ['dropped', false],
    ['bounced', false],
  ] as const)('%s is pending: %s', (status, expected) => {
    expect(isPending(status)).toBe(expected)
  })

  it.each([
    ['soft-bounced', true],
    ['unknown', true],
    ['opened', false],
    ['Delivered', false],
    ['', false],
    ['constructor', false],
    ['toString', false],
    ['__proto__', false],
  ])('%j is one: %s', (text, expected) => {
    expect(isStatus(text)).toBe(expected)
  })
})

describe('the status that an event implies', () => {
  it.each<[EventKind, Status]>([
    ['requested', 'requested'],
    ['deferred', 'deferred'],
    ['delivered', 'delivered'],
    ['dropped', 'dropped'],
    ['unknown', 'unknown'],
    ['opened', 'delivered'],
    ['clicked', 'delivered'],
    ['complained', 'delivered'],
    ['unsubscribed', 'delivered'],
  ])('that was %s is %s', (kind, status) => {
    expect(impliedStatus(eventWith({ kind }))).toBe(status)
  })

  it.each<[BounceClass, Status]>([
    ['hard', 'bounced'],
    ['soft', 'soft-bounced'],
    ['undetermined', 'bounced'],
  ])('that bounced with class %s is %s', (bounceClass, status) => {
    expect(impliedStatus(eventWith({ kind: 'bounced', bounceClass }))).toBe(status)
  })

  it('that bounced without a class is bounced', () => {
    expect(impliedStatus(eventWith({ kind: 'bounced' }))).toBe('bounced')
  })

  it('heeds the class of a bounce alone', () => {
    expect(impliedStatus(eventWith({ kind: 'delivered', bounceClass: 'soft' }))).toBe('delivered')
  })
})

describe('engagement', () => {
  it.each<[EventKind, boolean]>([
    ['requested', false],
    ['deferred', false],
    ['delivered', false],
    ['dropped', false],
    ['bounced', false],
    ['opened', true],
    ['clicked', true],
    ['complained', true],
    ['unsubscribed', true],
    ['unknown', false],
  ])('includes %s: %s', (kind, expected) => {
    expect(isEngagement(kind)).toBe(expected)
  })
})

describe('the place in the pending index', () => {
  it.each([
    ['qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1', '2022-06-01'],
    ['qcloudses-30-251200670-date-20220601000000-8jolHvR2XcXC1', '2022-06-01'],
    ['qcloudses-30-251200670-date-20220601075959-8jolHvR2XcXC1', '2022-06-01'],
    ['qcloudses-30-251200670-date-20220531235959-8jolHvR2XcXC1', '2022-05-31'],
    ['qcloudses-30-251200670-date-20261231235959-8jolHvR2XcXC1', '2026-12-31'],
    ['qcloudses-30-251200670-date-20220231142439-8jolHvR2XcXC1', 'undated'],
    ['qcloud-ses-09af3b', 'undated'],
    ['task:123456', 'undated'],
  ])('of %s is %s', (message, partition) => {
    expect(pendingPartitionOf(message)).toMatch(new RegExp(`^${partition}#(?:0\\d|1[0-5])$`))
  })

  it('is that of the digits at the head of an id of SendCloud', () => {
    const message = '1654064679123_144383_11771_2575.sc-10_9_13_218-inbound'
    expect(pendingPartitionOf(message)).toMatch(/^2022-06-01#/)
  })

  it('is in each of 16 shards about as often', () => {
    const shards = Array.from({ length: 1_600 }, (_, n) =>
      pendingPartitionOf(`qcloudses-30-251200670-date-20220601142439-${n}`).slice(11),
    )
    const counts = [...Map.groupBy(shards, (shard) => shard).values()].map(({ length }) => length)
    expect(counts).toHaveLength(16)
    expect(Math.max(...counts)).toBeLessThan(150)
    expect(Math.min(...counts)).toBeGreaterThan(60)
  })
})

describe('the counts of a delivery', () => {
  it('name each kind that happened, and how often', () => {
    const delivery = deliveryWith('qcloud-ses-09af3b', {
      delivered: ['2026-11-21T08:00:03Z', '2026-11-21T08:00:05Z[poll] 250 ok'],
      opened: ['2026-11-21T09:00:00Z', '2026-11-21T09:00:00Z Mozilla/5.0', '2026-11-22T09:00:00Z'],
      clicked: ['time-unknown[poll]'],
      bounced: [],
    })
    expect([...countsOf(delivery)]).toEqual([
      ['delivered', 1],
      ['opened', 2],
      ['clicked', 1],
    ])
  })

  it('say once that it was requested, whatever instants were reported for it', () => {
    const requested = ['2026-11-21T08:00:00Z', '2026-11-21T08:00:01Z', '2026-11-21T08:00:00Z[poll]']
    const delivery = deliveryWith('qcloud-ses-09af3b', { requested })
    expect([...countsOf(delivery)]).toEqual([['requested', 1]])
  })
})

describe('a delivery was sent', () => {
  const facts = {
    requested: ['2026-11-21T08:00:02Z', '2026-11-21T08:00:00Z[poll]'],
    delivered: ['2026-11-21T07:59:59Z'],
  }

  it('when its key says so, whatever the facts say', () => {
    const message = 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1'
    expect(sentAtOfDelivery(deliveryWith(message, facts))).toBe(Date.parse('2022-06-01T06:24:39Z'))
  })

  it('else when it was first requested', () => {
    expect(sentAtOfDelivery(deliveryWith('qcloud-ses-09af3b', facts))).toBe(
      Date.parse('2026-11-21T08:00:00Z'),
    )
  })

  it('else when anything was first heard of it', () => {
    const heard = {
      requested: ['time-unknown[poll]'],
      opened: ['2026-11-21T09:00:00Z'],
      deferred: ['2026-11-21T08:30:00Z'],
    }
    expect(sentAtOfDelivery(deliveryWith('task:7', heard))).toBe(Date.parse('2026-11-21T08:30:00Z'))
  })

  it('else by the digits of its id, which no document explains, where they fit what happened', () => {
    const opened = { opened: ['2026-11-21T09:00:00Z'] }
    const sentAt = (digits: string) =>
      sentAtOfDelivery(deliveryWith(`${digits}_144383_11771_2575.sc-10_9_13_218-inbound`, opened))
    expect(sentAt('1795158000000')).toBe(Date.parse('2026-11-20T07:00:00Z'))
    // Later than the open, and longer ago than anything is reported.
    expect(sentAt('1795251661000')).toBe(Date.parse('2026-11-21T09:00:00Z'))
    expect(sentAt('1447054895514')).toBe(Date.parse('2026-11-21T09:00:00Z'))
  })

  it('at a time that nobody knows where no fact has one', () => {
    expect(sentAtOfDelivery(deliveryWith('task:7', { opened: ['time-unknown[poll]'] }))).toBeUndefined()
    expect(sentAtOfDelivery(deliveryWith('task:7', {}))).toBeUndefined()
  })
})

describe('the index of problems', () => {
  it('has a day in eight parts, one of which has the delivery', () => {
    const message = 'qcloudses-30-251200670-date-20220601000001-8jolHvR2XcXC1'
    const parts = problemPartitionsOf('2022-06-01')
    expect(parts).toHaveLength(8)
    expect([parts[0], parts[7]]).toEqual(['2022-06-01#00', '2022-06-01#07'])
    const recipients = Array.from({ length: 100 }, (_, n) => `r${n}@example.com`)
    const used = new Set(recipients.map((recipient) => problemPartitionOf({ message, recipient })))
    expect([...used].sort()).toEqual(parts)
  })

  it('has a place for mails of which no id says when they were sent', () => {
    expect(problemPartitionsOf(undefined)).toContain(
      problemPartitionOf({ message: 'qcloud-ses-09af3b', recipient: 'a@example.com' }),
    )
    expect(problemPartitionsOf(undefined)[0]).toBe('undated#00')
  })

  it.each<[EventKind, boolean]>([
    ['deferred', true],
    ['dropped', true],
    ['bounced', true],
    ['complained', true],
    ['requested', false],
    ['delivered', false],
    ['opened', false],
    ['unsubscribed', false],
  ])('has %s in it: %s', (kind, isIn) => {
    expect(isProblem(kind)).toBe(isIn)
  })
})

describe('what an id claims of when a mail was sent', () => {
  // 2015-11-09T07:41:35.514Z
  const message = '1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound'

  it.each([
    ['it is before all that happened', '2015-11-09T07:41:40Z', '2015-11-09T07:41:35.514Z'],
    ['it is a minute later at most', '2015-11-09T07:40:35.514Z', '2015-11-09T07:41:35.514Z'],
    ['it is later by more', '2015-11-09T07:40:35.513Z', '2015-11-09T07:40:35.513Z'],
    ['it is within 30 days', '2015-12-09T07:41:35.514Z', '2015-11-09T07:41:35.514Z'],
    ['it is older', '2015-12-09T07:41:35.515Z', '2015-12-09T07:41:35.515Z'],
  ])('where %s', (_where, first, sent) => {
    expect(sentAtOfDelivery(deliveryWith(message, { delivered: [first] }))).toBe(Date.parse(sent))
  })

  it('counts for nothing where nothing happened at a known time', () => {
    expect(sentAtOfDelivery(deliveryWith(message, { delivered: ['?[poll]'] }))).toBeUndefined()
    expect(sentAtOfDelivery(deliveryWith('qcloud-ses-09af3b', {}))).toBeUndefined()
  })
})
