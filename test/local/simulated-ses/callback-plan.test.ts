import { describe, expect, it } from '@jest/globals'
import { planCallbacks } from '../../../local/simulated-ses/callback-plan.ts'
import { makeTraffic } from '../../../local/simulated-ses/traffic.ts'
import { sampleDelivery } from './sample-mail.ts'

const calm = { seed: 1, lossRate: 0, repeatRate: 0, lateRate: 0, maxDelayMs: 3_600_000, reorderRate: 0 }
const fromMs = Date.parse('2026-11-21T00:00:00Z')
const traffic = makeTraffic({ seed: 1, count: 5_000, fromMs, overMs: 3_600_000 })
const entries = traffic.reduce((sum, { timeline }) => sum + timeline.length, 0)

describe('planned callbacks', () => {
  it('arrive once each, one to five seconds after the entry, where nothing goes wrong', () => {
    const { callbacks, figures } = planCallbacks(traffic, calm)
    expect(figures).toEqual({ planned: entries, lost: 0, repeated: 0, late: 0, reordered: 0 })
    expect(callbacks).toHaveLength(entries)
    const delays = callbacks.map(({ arrivesAtMs, entry }) => arrivesAtMs - entry.atMs)
    expect(new Set(delays)).toEqual(new Set([1_000, 2_000, 3_000, 4_000, 5_000]))
    expect(new Set(callbacks.map(({ attempt }) => attempt))).toEqual(new Set([1]))
  })

  it('are in the order of arrival, and none before it has happened', () => {
    const storm = { ...calm, repeatRate: 0.3, lateRate: 0.3, reorderRate: 0.5 }
    const { callbacks } = planCallbacks(traffic, storm)
    const arrivals = callbacks.map(({ arrivesAtMs }) => arrivesAtMs)
    expect(arrivals).toEqual(arrivals.toSorted((one, other) => one - other))
    expect(callbacks.filter(({ arrivesAtMs, entry }) => arrivesAtMs < entry.atMs)).toEqual([])
  })

  it('are the same from the same seed and others from another', () => {
    const rough = { ...calm, lossRate: 0.1, repeatRate: 0.1, lateRate: 0.1, reorderRate: 0.1 }
    const few = traffic.slice(0, 200)
    expect(planCallbacks(few, rough)).toEqual(planCallbacks(few, rough))
    expect(planCallbacks(few, rough)).not.toEqual(planCallbacks(few, { ...rough, seed: 2 }))
  })

  it('are lost at the rate wanted', () => {
    const { figures } = planCallbacks(traffic, { ...calm, lossRate: 0.1 })
    expect(figures.planned + figures.lost).toBe(entries)
    expect(Math.abs(figures.lost / entries - 0.1)).toBeLessThan(0.015)
    expect(planCallbacks(traffic, { ...calm, lossRate: 1 }).callbacks).toEqual([])
  })

  it('repeat twice or three times with the same body', () => {
    const { callbacks, figures } = planCallbacks([delivered], { ...calm, repeatRate: 1 })
    expect([2, 3]).toContain(callbacks.length)
    expect(callbacks.map(({ attempt }) => attempt)).toEqual([1, 2, 3].slice(0, callbacks.length))
    expect(new Set(callbacks.map(({ body }) => body)).size).toBe(1)
    expect(figures.repeated).toBe(callbacks.length - 1)
    const seeds = Array.from({ length: 20 }, (_, seed) => seed)
    const arrivals = seeds.map((seed) => planCallbacks([delivered], { ...calm, seed, repeatRate: 1 }))
    expect(new Set(arrivals.map(({ figures: { planned } }) => planned))).toEqual(new Set([2, 3]))
  })

  it('are late by up to the delay wanted', () => {
    const { callbacks, figures } = planCallbacks(traffic, { ...calm, lateRate: 1 })
    const delays = callbacks.map(({ arrivesAtMs, entry }) => arrivesAtMs - entry.atMs)
    expect(figures.late).toBe(entries)
    expect(Math.max(...delays)).toBeLessThanOrEqual(3_600_000)
    expect(Math.max(...delays)).toBeGreaterThan(3_000_000)
  })

  it('change places inside a delivery, where the next entry is near enough', () => {
    const mail = sampleDelivery({
      timeline: [
        { kind: 'deferred', atMs: fromMs },
        { kind: 'delivered', atMs: fromMs + 60_000 },
        { kind: 'opened', atMs: fromMs + 7_200_000 },
      ],
    })
    const { callbacks, figures } = planCallbacks([mail], { ...calm, reorderRate: 1 })
    expect(callbacks.map(({ entry }) => entry.kind)).toEqual(['delivered', 'deferred', 'opened'])
    expect(figures.reordered).toBe(1)
  })

  it('carry the callback as JSON', () => {
    const [callback] = planCallbacks([delivered], calm).callbacks
    expect(JSON.parse(callback!.body)).toMatchObject({
      event: 'delivered',
      email: 'anna@example.com',
      bulkId: 'qcloudses-30-251200670-date-20261121120000-8jolHvR2XcXC1',
      timestamp: 1795233660,
    })
    expect(callback).toMatchObject({ delivery: delivered, entry: delivered.timeline[0] })
  })
})

const delivered = sampleDelivery({
  timeline: [{ kind: 'delivered', atMs: Date.parse('2026-11-21T04:01:00Z') }],
})
