import { describe, expect, it } from '@jest/globals'
import { messageIdFor, requestDateOf } from '../../../local/simulated-ses/mail.ts'
import type { SimulatedDelivery, TimelineEntry } from '../../../local/simulated-ses/mail.ts'
import { seededRandom } from '../../../local/simulated-ses/random.ts'
import { makeTraffic } from '../../../local/simulated-ses/traffic.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const fromMs = Date.parse('2026-11-20T16:00:00Z')
const day = makeTraffic({ seed: 1, count: 20_000, fromMs, overMs: dayMs })

/** The share of deliveries in percent. */
function percent(isMeant: (delivery: SimulatedDelivery) => boolean, among = day): number {
  return (100 * among.filter(isMeant).length) / among.length
}

function has(delivery: SimulatedDelivery, kind: TimelineEntry['kind']): boolean {
  return delivery.timeline.some((entry) => entry.kind === kind)
}

/** Like `delivered deferred`: what became of it, without what its reader did. */
function fate({ timeline }: SimulatedDelivery): string {
  const delivery = timeline.filter(({ kind }) =>
    ['deferred', 'delivered', 'dropped', 'bounced'].includes(kind),
  )
  return delivery.map(({ kind, bounceType }) => bounceType ?? kind).join(' ')
}

describe('a MessageId', () => {
  it('carries the account and the second of sending in UTC+8', () => {
    const messageId = messageIdFor('251200670', Date.parse('2026-11-20T16:00:09.999Z'), seededRandom(1))
    expect(messageId).toMatch(/^qcloudses-30-251200670-date-20261121000009-[A-Za-z0-9]{13}$/)
  })

  it('belongs to the UTC+8 date', () => {
    expect(requestDateOf(Date.parse('2026-11-20T15:59:59Z'))).toBe('2026-11-20')
    expect(requestDateOf(Date.parse('2026-11-20T16:00:00Z'))).toBe('2026-11-21')
  })
})

describe('traffic', () => {
  it('is the same from the same seed and another from another', () => {
    const small = (seed: number) => makeTraffic({ seed, count: 50, fromMs, overMs: dayMs })
    expect(small(1)).toEqual(small(1))
    expect(small(1)).not.toEqual(small(2))
  })

  it('has the wanted number of deliveries, in the order of sending, inside the time wanted', () => {
    expect(day).toHaveLength(20_000)
    const sent = day.map(({ sentAtMs }) => sentAtMs)
    expect(sent).toEqual(sent.toSorted((one, other) => one - other))
    expect(sent[0]).toBeGreaterThanOrEqual(Date.parse('2026-11-20T16:00:00Z'))
    expect(sent.at(-1)).toBeLessThan(Date.parse('2026-11-21T16:00:00Z'))
  })

  it('has few of everything but delivered', () => {
    expect(percent((mail) => fate(mail) === 'delivered')).toBeCloseTo(91, 0)
    expect(percent((mail) => has(mail, 'deferred'))).toBeCloseTo(3, 0)
    expect(percent((mail) => fate(mail) === 'hard_bounce')).toBeCloseTo(3, 0)
    expect(percent((mail) => fate(mail).startsWith('soft_bounce'))).toBeCloseTo(1.5, 0)
    expect(percent((mail) => fate(mail) === 'dropped')).toBeCloseTo(1, 0)
    expect(percent((mail) => fate(mail) === 'delivered hard_bounce')).toBeCloseTo(0.5, 0)
  })

  it('meets every fate', () => {
    const fates = new Set(day.map(fate))
    for (const expected of [
      'delivered',
      'hard_bounce',
      'soft_bounce',
      'soft_bounce delivered',
      'delivered hard_bounce',
      'dropped',
      'deferred delivered',
      'deferred deferred deferred deferred delivered',
      'deferred soft_bounce',
      'deferred hard_bounce',
    ]) {
      expect(fates).toContain(expected)
    }
    const sendStatuses = new Set(day.flatMap(({ timeline }) => timeline.map(({ sendStatus }) => sendStatus)))
    expect(sendStatuses).toEqual(new Set([undefined, 1006, 1007, 1013]))
  })

  it('is read by four of ten who received it', () => {
    const received = day.filter((mail) => fate(mail).endsWith('delivered'))
    expect(Math.abs(percent((mail) => has(mail, 'opened'), received) - 40)).toBeLessThan(1.5)
    expect(Math.abs(percent((mail) => has(mail, 'clicked'), received) - 8)).toBeLessThan(1)
    expect(received.some((mail) => has(mail, 'complained'))).toBe(true)
    expect(received.some((mail) => has(mail, 'unsubscribed'))).toBe(true)
    expect(received.some(({ timeline }) => timeline.filter(({ kind }) => kind === 'opened').length > 1)).toBe(
      true,
    )
    const unread = day.filter((mail) => !fate(mail).endsWith('delivered'))
    expect(unread.some((mail) => has(mail, 'opened') || has(mail, 'complained'))).toBe(false)
  })

  it('takes 3 s to 5 min, and no more than 72 h where it is deferred', () => {
    const delaysOf = ({ timeline, sentAtMs }: SimulatedDelivery) =>
      timeline.filter(({ kind }) => kind === 'delivered').map(({ atMs }) => atMs - sentAtMs)
    const prompt = day.filter((mail) => fate(mail) === 'delivered').flatMap(delaysOf)
    expect([Math.min(...prompt), Math.max(...prompt)]).toEqual([3_000, 300_000])
    const longest = Math.max(...day.flatMap(delaysOf))
    expect(longest).toBeLessThanOrEqual(72 * hourMs)
    expect(longest).toBeGreaterThan(60 * hourMs)
  })

  it('has times in whole seconds, in order, and no kind twice in a second', () => {
    const instants = day.map(({ timeline }) => timeline.map(({ atMs }) => atMs))
    expect(instants).toEqual(instants.map((list) => list.toSorted((one, other) => one - other)))
    expect(
      [...day.map(({ sentAtMs }) => sentAtMs), ...instants.flat()].every((atMs) => atMs % 1000 === 0),
    ).toBe(true)
    const repeated = day.filter(
      ({ timeline }) => new Set(timeline.map(({ kind, atMs }) => `${kind} ${atMs}`)).size < timeline.length,
    )
    expect(repeated).toEqual([])
  })

  it('has messages with up to five recipients, all different and sharing what belongs to the message', () => {
    const messages = Map.groupBy(day, ({ messageId }) => messageId)
    const sizes = new Set([...messages.values()].map((recipients) => recipients.length))
    expect(sizes).toEqual(new Set([1, 2, 3, 4, 5]))
    const addresses = new Set(
      day.map(({ messageId, recipient }) => `${messageId} ${recipient.toLowerCase()}`),
    )
    expect(addresses.size).toBe(20_000)
    const shared = new Set(day.map((mail) => JSON.stringify({ ...mail, recipient: '', timeline: [] })))
    expect(shared.size).toBe(messages.size)
  })

  it('has Chinese subjects, capital letters in addresses, and custom headers', () => {
    expect(day.some(({ subject }) => subject === '您的订单已发货')).toBe(true)
    expect(day.some(({ recipient }) => recipient !== recipient.toLowerCase())).toBe(true)
    expect(day.some(({ headers }) => 'X-Tencentcloudses-Cb-Order' in headers)).toBe(true)
    expect(day.some(({ headers }) => Object.keys(headers).length === 0)).toBe(true)
  })
})
