import { describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { agentIn, readersOf } from '../../../lib/core/machine-opens.ts'
import { eventWith, rowOf, timeless } from '../../events.ts'

const deliveredMs = Date.parse('2022-06-01T06:24:43Z')
const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Mobile/15E148'

const delivered = eventWith({ kind: 'delivered' })
const opened = (second: number, detail = phone) =>
  eventWith({ kind: 'opened', occurredAtMs: deliveredMs + second * 1_000, detail })
const clicked = (second: number, link: string, detail = phone) =>
  eventWith({
    kind: 'clicked',
    occurredAtMs: deliveredMs + second * 1_000,
    link: `https://example.com/${link}`,
    detail,
  })
const rulesOf = (...events: readonly DeliveryEvent[]) =>
  readersOf(rowOf(delivered, ...events), { isBot: (agent) => agent.includes('robot') }).map(
    ({ verdict, rule }) => `${verdict}: ${rule}`,
  )

describe('an open', () => {
  it.each([
    ['Mozilla/5.0', 'machine: apple-prefetch'],
    [
      'Mozilla/5.0 (Windows NT 10.0) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0',
      'machine: gmail-prefetch',
    ],
    [
      'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
      'person behind a proxy: image-proxy',
    ],
    [
      'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-for-desktop/SLN28749.html',
      'person behind a proxy: image-proxy',
    ],
    ['Barracuda Sentinel (EE)', 'machine: scanner'],
    ['Outlook-iOS/2.0 (robot)', 'person: mail-client'],
    ['robot/1.0', 'machine: isbot'],
    ['Some robot on Windows 10, from 203.0.113.9', 'person: agent'],
    [phone, 'person: agent'],
    ['', 'unknown: no-agent'],
    ['from 203.0.113.9', 'unknown: no-agent'],
    ['unknown on unknown', 'unknown: no-agent'],
  ])('by %j is judged %s', (agent, expected) => {
    expect(rulesOf(opened(60, agent))).toEqual([expected])
  })

  it('counts for a person where one of its reports does', () => {
    expect(rulesOf(opened(60, 'Mozilla/5.0'), opened(60, phone))).toEqual(['person: agent'])
  })

  it('is judged as often as it is counted', () => {
    const polled = { ...opened(61), source: 'poll' as const }
    const { provider, recipient, message, columns, headers } = delivered
    const of = { provider, recipient, message, columns, headers }
    const untimed = { ...of, kind: 'clicked', source: 'poll', detail: '' } as const
    expect(rulesOf(opened(60), polled, opened(90), untimed)).toEqual([
      'person: agent',
      'person: agent',
      'unknown: no-agent',
    ])
  })
})

describe('clicks', () => {
  it('on three links within two seconds are a sweep, with the open by the same agent before them', () => {
    expect(
      rulesOf(
        opened(300),
        opened(301, 'Thunderbird/128'),
        clicked(600, 'a'),
        clicked(601, 'b'),
        clicked(602, 'c'),
      ),
    ).toEqual(['machine: sweep', 'person: mail-client', 'machine: sweep', 'machine: sweep', 'machine: sweep'])
    expect(rulesOf(opened(299), clicked(600, 'a'), clicked(601, 'b'), clicked(602, 'c'))[0]).toBe(
      'person: agent',
    )
  })

  it('on two links are one only if the mail has no other that was followed', () => {
    expect(rulesOf(clicked(60, 'a'), clicked(61, 'b'))).toEqual(['machine: sweep', 'machine: sweep'])
    expect(rulesOf(clicked(60, 'a'), clicked(61, 'b'), clicked(900, 'c'))).toEqual(
      Array.from({ length: 3 }, () => 'person: agent'),
    )
  })

  it.each([
    [
      ['a', 'a', 'a'],
      [60, 61, 62],
    ],
    [
      ['a', 'b', 'c'],
      [60, 62, 63],
    ],
  ])('on %j at %j are none', (links, seconds) => {
    const clicks = links.map((link, place) => clicked(seconds[place]!, link))
    expect(new Set(rulesOf(...clicks))).toEqual(new Set(['person: agent']))
  })

  it.each([
    [-1, 'machine: instant'],
    [5, 'machine: instant'],
    [6, 'person: agent'],
  ])('%d seconds after delivery are judged %s', (second, expected) => {
    expect(rulesOf(clicked(second, 'a'))).toEqual([expected])
  })

  it('in any number are judged in time that grows with it, and not with its square', () => {
    const opens = Array.from({ length: 20_000 }, (_, index) => ({
      text: `${index}`,
      identity: `${index}`,
      source: 'callback' as const,
      occurredAtMs: deliveredMs + Math.floor(index / 100) * 1_000,
      detail: phone,
    }))
    const clicks = opens.map((open, index) => ({ ...open, link: `https://example.com/${index % 50}` }))
    const row = {
      ...rowOf(delivered),
      facts: new Map([
        ['clicked', clicks],
        ['opened', opens],
      ] as const),
    }
    const before = process.cpuUsage()
    expect(readersOf(row).every(({ rule }) => rule === 'sweep')).toBe(true)
    expect(process.cpuUsage(before).user).toBeLessThan(1_500_000)
  })
})

describe('the agent in a detail', () => {
  it.each([
    [`${phone} {"ip":"203.0.113.9"}`, phone],
    [
      'Chrome 120 on Windows 10 11, from 203.0.113.9 outIp 198.51.100.7 {"x":1}',
      'Chrome 120 on Windows 10 11',
    ],
    ['{"ip":"203.0.113.9"}', undefined],
  ])('of %j is %j', (detail, expected) => {
    expect(agentIn(detail)).toBe(expected)
  })
})

describe('what is judged', () => {
  it('has its instant, as far as one was reported', () => {
    expect(readersOf(rowOf(delivered, opened(60), clicked(120, 'a')))).toEqual([
      { kind: 'opened', occurredAtMs: deliveredMs + 60_000, verdict: 'person', rule: 'agent' },
      { kind: 'clicked', occurredAtMs: deliveredMs + 120_000, verdict: 'person', rule: 'agent' },
    ])
    expect(readersOf(rowOf(delivered, timeless('opened')))).toEqual([
      { kind: 'opened', verdict: 'unknown', rule: 'no-agent' },
    ])
    expect(readersOf(rowOf(delivered))).toEqual([])
  })

  it('counts an open that the poll dates beside those of callbacks', () => {
    const byPoll = eventWith({ kind: 'opened', source: 'poll', occurredAtMs: deliveredMs + 500_000 })
    const clickByPoll = eventWith({
      kind: 'clicked',
      source: 'poll',
      link: 'https://example.com/b',
      occurredAtMs: deliveredMs + 600_000,
    })
    expect(rulesOf(opened(60), byPoll, clicked(120, 'a'), clickByPoll)).toEqual([
      'person: agent',
      'unknown: no-agent',
      'person: agent',
      'unknown: no-agent',
    ])
  })

  it('takes a robot for a person where there is no list of robots', () => {
    expect(readersOf(rowOf(delivered, opened(60, 'robot/1.0')))).toMatchObject([{ verdict: 'person' }])
  })

  it('prefers a person behind a proxy to a machine, and a machine to nobody known', () => {
    const proxy = 'via ggpht.com GoogleImageProxy'
    expect(rulesOf(opened(60, 'Mozilla/5.0'), opened(60, proxy))).toEqual([
      'person behind a proxy: image-proxy',
    ])
    expect(rulesOf(opened(60, proxy), opened(60, phone))).toEqual(['person: agent'])
    expect(rulesOf(opened(60, ''), opened(60, 'curl/8.1'))).toEqual(['machine: scanner'])
  })
})

describe('a click right after delivery', () => {
  it('is so by what a callback reported of the delivery, where the poll did as well', () => {
    const byPoll = eventWith({ kind: 'delivered', source: 'poll', occurredAtMs: deliveredMs - 60_000 })
    const verdicts = readersOf(rowOf(byPoll, delivered, clicked(5, 'a')))
    expect(verdicts).toMatchObject([{ rule: 'instant' }])
    expect(readersOf(rowOf(byPoll, clicked(5, 'a')))).toMatchObject([{ rule: 'agent' }])
  })

  it('is none where nothing says when the mail was delivered', () => {
    expect(readersOf(rowOf(timeless('delivered'), clicked(-100, 'a')))).toMatchObject([{ rule: 'agent' }])
    expect(readersOf(rowOf(clicked(0, 'a')))).toMatchObject([{ rule: 'agent' }])
  })
})

describe('the agent in a detail', () => {
  it.each([
    ['Firefox on Linux, from 203.0.113.9', 'Firefox on Linux'],
    ['Firefox on Linux outIp 203.0.113.9', 'Firefox on Linux'],
    ['Firefox from 203.0.113.9', 'Firefox from 203.0.113.9'],
    ['Firefox, from 203.0.113.9 again', 'Firefox, from 203.0.113.9 again'],
    ['Firefox outIp 203.0.113.9 again', 'Firefox outIp 203.0.113.9 again'],
    ['Firefox {"ip":"203.0.113.9"}', 'Firefox'],
    ['unknown', undefined],
    ['Unknown on unknown', undefined],
    ['an unknown', 'an unknown'],
    ['unknown phone', 'unknown phone'],
    ['  ', undefined],
  ])('%j is %j', (detail, agent) => {
    expect(agentIn(detail)).toBe(agent)
  })
})
