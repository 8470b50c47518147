import { describe, expect, it } from '@jest/globals'
import { makeSendCloudTraffic } from '../../../local/simulated-sendcloud/traffic.ts'

const fromMs = Date.parse('2026-11-21T00:00:00Z')
const traffic = makeSendCloudTraffic({ seed: 1, count: 3_000, fromMs, overMs: 86_400_000 })
const deliveries = traffic.flatMap((message) => message.deliveries)
const entries = deliveries.flatMap(({ timeline }) => timeline)

describe('mail sent with SendCloud', () => {
  it('is as many deliveries as wanted, in the order of sending', () => {
    expect(deliveries).toHaveLength(3_000)
    const seconds = traffic.map(({ sentAtMs }) => Math.floor(sentAtMs / 1000))
    expect(seconds).toEqual(seconds.toSorted((one, other) => one - other))
  })

  it('has ids of the documented shapes, a different one each', () => {
    for (const { messageId, sentAtMs, deliveries: to } of traffic) {
      expect(messageId).toMatch(/^\d{13}_\d+_\d+_\d+\.sc-10_9_13_218-inbound$/)
      expect(messageId.startsWith(`${String(sentAtMs)}_`)).toBe(true)
      expect(to.map(({ emailId }) => emailId)).toEqual(
        to.map(({ recipient }, index) => `${messageId}${String(index)}$${recipient}`),
      )
    }
    expect(new Set(traffic.map(({ messageId }) => messageId)).size).toBe(traffic.length)
    expect(new Set(traffic.map((message) => message.deliveries.length))).toEqual(new Set([1, 2, 3, 4, 5]))
  })

  it('happens at real milliseconds, in the order of time, after it was sent', () => {
    expect(new Set(entries.map(({ atMs }) => atMs % 1000)).size).toBeGreaterThan(900)
    for (const { sentAtMs, timeline } of deliveries) {
      const instants = [sentAtMs, ...timeline.map(({ atMs }) => atMs)]
      expect(instants).toEqual(instants.toSorted((one, other) => one - other))
    }
  })

  it('has no two entries of one kind in one second', () => {
    for (const { timeline } of deliveries) {
      const seconds = timeline.map(({ kind, atMs }) => `${kind} ${String(Math.floor(atMs / 1000))}`)
      expect(new Set(seconds).size).toBe(seconds.length)
    }
  })

  it('meets all of SendCloud’s events, and each cause that the simulation knows', () => {
    const reported = new Set(
      entries.map(({ kind, bounceType, subStat }) => [kind, bounceType, subStat].join(' ')),
    )
    expect([...reported].map((one) => one.trim()).sort()).toEqual([
      'bounced hard_bounce 406',
      'bounced soft_bounce 503',
      'bounced soft_bounce 509',
      'clicked',
      'complained',
      'delivered',
      'dropped  401',
      'dropped  402',
      'opened',
      'unsubscribed',
    ])
  })

  it('carries a label and a header of the sender now and then', () => {
    const labels = new Set(traffic.map(({ label }) => label?.name))
    const headers = new Set(traffic.map((message) => Object.keys(message.headers).join()))
    expect(labels).toEqual(new Set([undefined, 'orders']))
    expect(headers).toEqual(new Set(['', 'SC-Custom-Order']))
  })

  it('is the same from the same seed and other mail from another', () => {
    const few = { seed: 3, count: 20, fromMs, overMs: 3_600_000 }
    expect(makeSendCloudTraffic(few)).toEqual(makeSendCloudTraffic(few))
    expect(makeSendCloudTraffic(few)).not.toEqual(makeSendCloudTraffic({ ...few, seed: 4 }))
  })
})
