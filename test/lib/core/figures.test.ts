import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { nameOf, type Delivery } from '../../../lib/core/delivery.ts'
import type { DeliveryEvent, EventKind } from '../../../lib/core/event.ts'
import {
  add,
  emptyFigures,
  figuresFrom,
  groupings,
  merge,
  storedFigures,
  tableOf,
  type Grouping,
} from '../../../lib/core/figures.ts'
import { joined } from '../../../lib/core/join.ts'
import { eventWith, timeless } from '../../events.ts'
import { times } from '../../strength.ts'

const sentMs = Date.parse('2022-06-01T06:24:39Z')
const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Mobile/15E148'

const messages = [
  {
    message: 'qcloudses-30-251200670-date-20220601142439-a',
    columns: { template: '1', from: 'a@shop.example' },
  },
  {
    message: 'qcloudses-30-251200670-date-20220602000000-b',
    columns: { template: '2', from: 'B@shop.example' },
  },
  { message: 'qcloud-ses-0a1b', columns: {} },
]
const recipients = [
  'ann@qq.com',
  'ben@example.com',
  'cy@example.org',
  'di@example.net',
  'ed@x.example',
  'fi@y.example',
]

const anyEvent: fc.Arbitrary<DeliveryEvent> = fc
  .record({
    of: fc.constantFrom(...messages),
    recipient: fc.constantFrom(...recipients),
    kind: fc.constantFrom<EventKind>(
      ...(['requested', 'deferred', 'delivered', 'dropped', 'bounced', 'opened', 'clicked'] as const),
      ...(['opened', 'clicked', 'complained', 'unsubscribed'] as const),
    ),
    source: fc.constantFrom('callback', 'poll'),
    second: fc.nat(4),
    isTimed: fc.boolean(),
    link: fc.constantFrom('https://example.com/1', 'https://example.com/2', 'https://example.com/3'),
    agent: fc.constantFrom('', phone, 'Mozilla/5.0', 'curl/8.1'),
    bounceClass: fc.constantFrom('hard', 'soft'),
    reply: fc.constantFrom('550 5.1.1 no such user', '452 4.2.2 mailbox full', '550 5.7.1 spam'),
  })
  .map(({ of, second, isTimed, kind, source, link, agent, bounceClass, reply, recipient }) => {
    const { occurredAtMs, ...event } = eventWith({ ...of, recipient, kind, source })
    return {
      ...event,
      ...((isTimed || source === 'callback') && { occurredAtMs: (occurredAtMs ?? 0) + second * 1_000 }),
      ...(kind === 'clicked' && { link }),
      ...((kind === 'clicked' || kind === 'opened') && { detail: agent }),
      ...(kind === 'bounced' && { bounceClass, reply }),
    }
  })

function rowsOf(events: readonly DeliveryEvent[]): readonly Delivery[] {
  const rows = new Map<string, Delivery>()
  for (const event of events) rows.set(nameOf(event), joined(rows.get(nameOf(event)), event))
  return [...rows.values()]
}

const sum = (rows: readonly Delivery[], by: Grouping, maxGroups?: number) =>
  rows.reduce((figures, row) => add(figures, row, { by }), emptyFigures(maxGroups))

/** Events, and the same in another order, some of them again. */
const twoHistories = fc
  .array(anyEvent, { maxLength: 40 })
  .chain((events) => fc.tuple(fc.constant(events), fc.subarray(events)))
  .chain(([events, again]) => {
    const all = [...events, ...again]
    return fc.tuple(fc.constant(events), fc.shuffledSubarray(all, { minLength: all.length }))
  })

describe('figures', () => {
  it('are those of the set of events, whatever was repeated, reordered, divided and merged, and of which groups', () => {
    fc.assert(
      fc.property(
        twoHistories,
        fc.constantFrom(...groupings),
        fc.constantFrom(1, 2, 100),
        fc.array(fc.nat(2), { minLength: 18, maxLength: 18 }),
        ([events, others], by, maxGroups, parts) => {
          const expected = tableOf(sum(rowsOf(events), by, maxGroups), by, 100)
          const divided = [0, 1, 2].map((part) => {
            const ofPart = rowsOf(others).filter((_, place) => parts[place] === part)
            return { ...figuresFrom(storedFigures(sum(ofPart, by, maxGroups))), maxGroups }
          })
          const merged = divided.reduce(merge, emptyFigures(maxGroups))
          expect(tableOf(merged, by, 100)).toEqual(expected)
        },
      ),
      { numRuns: times({ quick: 300, proof: 10_000 }) },
    )
  })

  const at = (second: number) => ({ occurredAtMs: sentMs + second * 1_000 })
  const rows = rowsOf([
    eventWith({ recipient: 'ann@qq.com', kind: 'delivered', ...at(10) }),
    eventWith({ recipient: 'ann@qq.com', kind: 'opened', detail: phone, ...at(60) }),
    eventWith({ recipient: 'ann@qq.com', kind: 'opened', detail: 'Mozilla/5.0', ...at(20) }),
    eventWith({
      recipient: 'ann@qq.com',
      kind: 'clicked',
      link: 'https://a.example',
      detail: phone,
      ...at(90),
    }),
    eventWith({ recipient: 'ben@163.com', kind: 'delivered', ...at(100) }),
    eventWith({ recipient: 'ben@163.com', kind: 'opened', source: 'poll', ...at(500) }),
    eventWith({ recipient: 'ben@163.com', kind: 'complained', ...at(900) }),
    eventWith({
      recipient: 'cy@126.com',
      kind: 'bounced',
      bounceClass: 'hard',
      reply: '550 5.1.1 no such user',
    }),
    eventWith({ recipient: 'di@qq.com', kind: 'dropped', detail: '1007 blocked' }),
    eventWith({ recipient: 'ed@example.com', kind: 'requested' }),
  ])

  it('say what became of the mails, of their opens and clicks, and how long delivery took', () => {
    const { total } = tableOf(sum(rows, 'day'), 'day', 10)
    expect(total).toEqual({
      mails: 5,
      statuses: {
        requested: 1,
        deferred: 0,
        unknown: 0,
        'soft-bounced': 0,
        dropped: 1,
        delivered: 2,
        bounced: 1,
      },
      classes: { gone: 1 },
      opens: { total: 3, mails: 2, byPeople: 1, mailsByPeople: 1, behindProxy: 0, byMachines: 1, unknown: 1 },
      clicks: {
        total: 1,
        mails: 1,
        byPeople: 1,
        mailsByPeople: 1,
        behindProxy: 0,
        byMachines: 0,
        unknown: 0,
      },
      complained: 1,
      unsubscribed: 0,
      rates: {
        bounce: 1 / 4,
        complaint: 1 / 2,
        unsubscribe: 0,
        open: 1,
        openByPeople: 1 / 2,
        click: 1 / 2,
        clickByPeople: 1 / 2,
      },
      secondsToDelivery: { p50: expect.closeTo(10, 0), p95: expect.closeTo(100, -1) },
    })
  })

  it.each([
    ['day', ['2022-06-01']],
    ['template', ['(unknown)']],
    ['domain', ['qq.com', '126.com', '163.com', 'example.com']],
    ['mailbox-provider', ['netease', 'qq', 'other']],
    ['class', ['(no bounce)', 'gone']],
  ] as const)('are grouped by %s, most mails first', (by, expected) => {
    expect(tableOf(sum(rows, by), by, 10).groups.map(({ group }) => group)).toEqual(expected)
  })

  it('add up the groups beyond the limit', () => {
    const { groups, others, total } = tableOf(sum(rows, 'domain'), 'domain', 1)
    expect(groups).toMatchObject([{ group: 'qq.com', mails: 2 }])
    expect([others?.mails, total.mails]).toEqual([3, 5])
  })

  it('keep a bounded number of groups, and say so', () => {
    const many = Array.from({ length: 500 }, (_, index) => eventWith({ recipient: `a@d${index}.example` }))
    const figures = sum(rowsOf([...many, eventWith({ recipient: 'ann@qq.com' })]), 'domain', 100)
    const { groups, others, total, areGroupsSampled } = tableOf(figures, 'domain', 1_000)
    expect(groups.length).toBeLessThanOrEqual(100)
    expect(groups.length).toBeGreaterThan(30)
    expect(groups.map(({ group }) => group)).toContain('qq.com')
    expect([total.mails, groups.length + (others?.mails ?? 0), areGroupsSampled]).toEqual([501, 501, true])
  })

  it.each([0, 1, 59, 3_600, 86_400, 2_592_000])('show %d seconds to delivery to 2.5 %%', (seconds) => {
    const row = rowsOf([eventWith({ kind: 'delivered', ...at(seconds) })])
    const { secondsToDelivery } = tableOf(sum(row, 'day'), 'day', 1).total
    const shown = secondsToDelivery?.p50 ?? 0
    expect(Math.abs(shown / Math.max(1, seconds) - 1)).toBeLessThanOrEqual(0.025)
  })
})

describe('a group', () => {
  const total = (rows: readonly Delivery[]) => tableOf(sum(rows, 'day'), 'day', 10).total
  const groupsBy = (by: Grouping, rows: readonly Delivery[], limit = 10) =>
    tableOf(sum(rows, by), by, limit).groups.map(({ group, mails }) => [group, mails])
  const sentOn = (day: string, recipient = 'a@example.com') =>
    eventWith({ recipient, message: `qcloudses-30-251200670-date-${day}120000-a` })

  it('by template has the template, and one for mails without any', () => {
    const rows = rowsOf([
      eventWith({ recipient: 'a@example.com', columns: { template: '7' } }),
      eventWith({ recipient: 'b@example.com', columns: { template: '7' } }),
      eventWith({ recipient: 'c@example.com', columns: { template: '' } }),
    ])
    expect(groupsBy('template', rows)).toEqual([
      ['7', 2],
      ['(unknown)', 1],
    ])
  })

  it('by sender has the address in lower case, or where there is none its domain', () => {
    const rows = rowsOf([
      eventWith({
        recipient: 'a@example.com',
        columns: { from: 'News@Shop.example', fromDomain: 'x.example' },
      }),
      eventWith({ recipient: 'b@example.com', columns: { from: 'news@shop.example' } }),
      eventWith({ recipient: 'c@example.com', columns: { fromDomain: 'Shop.example' } }),
    ])
    expect(groupsBy('sender', rows)).toEqual([
      ['news@shop.example', 2],
      ['shop.example', 1],
    ])
  })

  it('has a name of 320 characters at most', () => {
    const rows = rowsOf([eventWith({ columns: { template: `${'x'.repeat(319)}😀😀` } })])
    expect(groupsBy('template', rows)).toEqual([[`${'x'.repeat(319)}\ufffd`, 1]])
    const fitting = rowsOf([eventWith({ columns: { template: 'x'.repeat(320) } })])
    expect(groupsBy('template', fitting)).toEqual([['x'.repeat(320), 1]])
  })

  it('of days stands in their order, of others of as many mails by its name', () => {
    const rows = rowsOf([
      sentOn('20220603'),
      sentOn('20220601'),
      sentOn('20220602'),
      sentOn('20220602', 'b@example.com'),
    ])
    expect(groupsBy('day', rows)).toEqual([
      ['2022-06-01', 1],
      ['2022-06-02', 2],
      ['2022-06-03', 1],
    ])
    // Those of the most mails have a line of their own.
    expect(groupsBy('day', rows, 2)).toEqual([
      ['2022-06-01', 1],
      ['2022-06-02', 2],
    ])
    expect(
      groupsBy(
        'domain',
        rowsOf(['b', 'c', 'a'].map((name) => eventWith({ recipient: `x@${name}.example` }))),
      ),
    ).toEqual([
      ['a.example', 1],
      ['b.example', 1],
      ['c.example', 1],
    ])
  })

  it('that is all there is has no others beside it, and is no sample', () => {
    const table = tableOf(sum(rowsOf([sentOn('20220601')]), 'day'), 'day', 1)
    expect(table).not.toHaveProperty('others')
    expect(table.areGroupsSampled).toBe(false)
    expect(tableOf(emptyFigures(), 'day', 1)).toEqual({
      groups: [],
      total: expect.objectContaining({ mails: 0, classes: {} }),
      areGroupsSampled: false,
    })
  })

  it('has classes of what bounced softly, too, the most frequent first, and none of what was delivered after all', () => {
    const bounced = (name: string, bounceClass: 'hard' | 'soft', reply: string) =>
      eventWith({ recipient: `${name}@example.com`, kind: 'bounced', bounceClass, reply })
    const { classes, statuses, rates } = total(
      rowsOf([
        bounced('a', 'soft', '452 4.2.2 mailbox full'),
        bounced('b', 'hard', '550 5.7.1 spam'),
        bounced('c', 'hard', '550 5.1.1 no such user'),
        bounced('d', 'soft', '452 4.2.2 mailbox full'),
        bounced('e', 'soft', '452 4.2.2 mailbox full'),
        eventWith({ recipient: 'e@example.com', kind: 'delivered' }),
      ]),
    )
    expect(Object.entries(classes)).toEqual([
      ['full', 2],
      ['gone', 1],
      ['spam', 1],
    ])
    expect([statuses['soft-bounced'], statuses.bounced, statuses.delivered]).toEqual([2, 2, 1])
    expect(rates.bounce).toBe(4 / 5)
  })

  it('has no rate of nothing', () => {
    const { rates } = total(rowsOf([eventWith({ kind: 'dropped' })]))
    expect(Object.values(rates)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('counts unsubscribed mails, and opens behind a proxy as those of people', () => {
    const proxy = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)'
    const { opens, unsubscribed } = total(
      rowsOf([
        eventWith({ kind: 'delivered' }),
        eventWith({ kind: 'opened', detail: proxy, occurredAtMs: sentMs + 3_600_000 }),
        eventWith({ kind: 'opened', detail: phone, occurredAtMs: sentMs + 7_200_000 }),
        eventWith({ kind: 'unsubscribed', occurredAtMs: sentMs + 7_300_000 }),
      ]),
    )
    expect([opens.total, opens.byPeople, opens.behindProxy, opens.mailsByPeople, unsubscribed]).toEqual([
      2, 2, 1, 1, 1,
    ])
  })
})

describe('the time of delivery', () => {
  const seconds = (...events: readonly Partial<DeliveryEvent>[]) =>
    tableOf(sum(rowsOf(events.map((event) => eventWith({ kind: 'delivered', ...event }))), 'day'), 'day', 1)
      .total.secondsToDelivery?.p50

  it('is that of a callback, where the poll reported it as well', () => {
    const byCallback = { occurredAtMs: sentMs + 100_000 }
    const byPoll = { source: 'poll', occurredAtMs: sentMs + 10_000 } as const
    expect(seconds(byPoll, byCallback)).toBeCloseTo(100, -1)
    expect(seconds(byPoll)).toBeCloseTo(10, 0)
  })

  it('is the first of them', () => {
    expect(seconds({ occurredAtMs: sentMs + 1_000_000 }, { occurredAtMs: sentMs + 100_000 })).toBeCloseTo(
      100,
      -1,
    )
  })

  it('is not known of a mail that nothing dates', () => {
    expect(tableOf(sum(rowsOf([timeless('delivered')]), 'day'), 'day', 1).total).not.toHaveProperty(
      'secondsToDelivery',
    )
  })
})
