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
import { eventWith } from '../../events.ts'
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
