import { describe, expect, it } from '@jest/globals'
import { planAttempts, type PlannedAttempt } from '../../../local/simulated-sendcloud/attempt-plan.ts'
import { makeSendCloudTraffic } from '../../../local/simulated-sendcloud/traffic.ts'
import { sampleMessage, sentAtMs } from './sample-mail.ts'

const calm = {
  appKey: 'local-app-key',
  seed: 1,
  lossRate: 0,
  repeatRate: 0,
  lateRate: 0,
  maxDelayMs: 3_600_000,
  reorderRate: 0,
}
const fromMs = Date.parse('2026-11-21T00:00:00Z')
const traffic = makeSendCloudTraffic({ seed: 1, count: 300, fromMs, overMs: 3_600_000 })
const request = sampleMessage()

function field(name: string): (attempt: PlannedAttempt) => string | null {
  return ({ body }) => new URLSearchParams(body).get(name)
}

function firstOf(attempts: readonly PlannedAttempt[]): readonly PlannedAttempt[] {
  return attempts.filter(({ attempt }) => attempt === 1)
}

describe('planned attempts', () => {
  it('are six for a callback, 1, 2, 4, 8 and 16 minutes apart', () => {
    const { attempts, events } = planAttempts([request], calm)
    expect(events).toBe(1)
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6])
    const [first] = attempts
    expect(attempts.map(({ arrivesAtMs }) => (arrivesAtMs - first!.arrivesAtMs) / 60_000)).toEqual([
      0, 1, 3, 7, 15, 31,
    ])
  })

  it('report each message once and once each thing that happened to a delivery', () => {
    const { attempts, events } = planAttempts(traffic, calm)
    const entries = traffic.flatMap(({ deliveries }) => deliveries.flatMap(({ timeline }) => timeline))
    expect(events).toBe(traffic.length + entries.length)
    expect(attempts).toHaveLength(6 * events)
    expect(new Set(attempts.map(({ event }) => event)).size).toBe(events)
    expect(firstOf(attempts).filter((one) => field('event')(one) === 'request')).toHaveLength(traffic.length)
  })

  it('begin one to five seconds after it happened, where nothing goes wrong', () => {
    const { attempts } = planAttempts(traffic, calm)
    const delays = firstOf(attempts).map(({ arrivesAtMs, event }) => arrivesAtMs - event.atMs)
    expect(new Set(delays)).toEqual(new Set([1_000, 2_000, 3_000, 4_000, 5_000]))
    expect(new Set(attempts.map(({ fate }) => fate))).toEqual(new Set(['answered']))
  })

  it('are in the order of arrival, and none before it has happened', () => {
    const { attempts } = planAttempts(traffic, { ...calm, lossRate: 0.3, lateRate: 0.3, reorderRate: 0.5 })
    const arrivals = attempts.map(({ arrivesAtMs }) => arrivesAtMs)
    expect(arrivals).toEqual(arrivals.toSorted((one, other) => one - other))
    expect(attempts.filter(({ arrivesAtMs, event }) => arrivesAtMs < event.atMs)).toEqual([])
    expect(attempts.filter((one) => Number(field('timestamp')(one)) !== one.event.atMs)).toEqual([])
  })

  it('are the same from the same seed and others from another', () => {
    const rough = { ...calm, lossRate: 0.1, repeatRate: 0.1, lateRate: 0.1, reorderRate: 0.1 }
    const few = traffic.slice(0, 50)
    expect(planAttempts(few, rough)).toEqual(planAttempts(few, rough))
    expect(planAttempts(few, rough)).not.toEqual(planAttempts(few, { ...rough, seed: 2 }))
  })

  it('are each lost at the rate wanted, and so are the answers to those that arrive', () => {
    const { attempts } = planAttempts(traffic, { ...calm, lossRate: 0.2, repeatRate: 0.5 })
    const share = (fate: PlannedAttempt['fate']) =>
      attempts.filter((attempt) => attempt.fate === fate).length / attempts.length
    expect(share('lost')).toBeCloseTo(0.2, 1)
    expect(share('answer-lost')).toBeCloseTo(0.4, 1)
    for (const nth of [1, 6]) {
      const lost = attempts.filter(({ attempt, fate }) => attempt === nth && fate === 'lost').length
      expect((6 * lost) / attempts.length).toBeCloseTo(0.2, 1)
    }
  })

  it.each([
    ['the signature of the first', 2, false, 1],
    ['one of its own each', 3, true, 6],
  ])('carry %s for seed %i, and always the time of the event', (_what, seed, isAnew, signatures) => {
    const { attempts, areRetriesSignedAnew } = planAttempts([request], { ...calm, seed })
    const different = (name: string) => new Set(attempts.map(field(name))).size
    expect(areRetriesSignedAnew).toBe(isAnew)
    expect(different('timestamp')).toBe(1)
    expect(different('token')).toBe(signatures)
    expect(different('signature')).toBe(signatures)
  })

  it('begin late by up to the delay wanted', () => {
    const { attempts } = planAttempts(traffic, { ...calm, lateRate: 1 })
    const delays = firstOf(attempts).map(({ arrivesAtMs, event }) => arrivesAtMs - event.atMs)
    expect(Math.max(...delays)).toBeLessThanOrEqual(3_600_000)
    expect(Math.max(...delays)).toBeGreaterThan(3_000_000)
  })

  it('change places inside a message, where the next is near enough', () => {
    const message = sampleMessage(
      { kind: 'delivered', atMs: sentAtMs + 60_000 },
      { kind: 'opened', atMs: sentAtMs + 120_000 },
      { kind: 'complained', atMs: sentAtMs + 7_200_000 },
    )
    const { attempts } = planAttempts([message], { ...calm, reorderRate: 1 })
    // Each is held back until the next has happened; the last two lie too far apart.
    const arrivals = firstOf(attempts).map((one) => [
      field('event')(one),
      Math.floor((one.arrivesAtMs - sentAtMs) / 60_000),
    ])
    expect(arrivals).toEqual([
      ['request', 1],
      ['open', 2],
      ['deliver', 2],
      ['report_spam', 120],
    ])
  })
})
