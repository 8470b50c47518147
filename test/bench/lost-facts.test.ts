import { describe, expect, it } from '@jest/globals'
import { callbackEvent } from '../../bench/reconcile/callback-event.ts'
import { LostFacts } from '../../bench/reconcile/lost-facts.ts'
import { joined } from '../../lib/core/join.ts'
import { sampleDelivery } from '../local/simulated-ses/sample-mail.ts'

const minuteMs = 60_000
const sentAtMs = Date.parse('2026-11-21T04:00:00Z')
const after = (minutes: number) => sentAtMs + minutes * minuteMs
const delivered = { kind: 'delivered', atMs: after(1) } as const
const opened = { kind: 'opened', atMs: after(30) } as const
const mail = sampleDelivery({ timeline: [delivered, opened] })

describe('how stale the ledger is', () => {
  it('counts from when it happened until the ledger learns as much', () => {
    const facts = new LostFacts(undefined)
    facts.lost(mail, delivered, undefined, after(1))
    facts.learned({ ...callbackEvent(mail, delivered), kind: 'deferred' }, after(5))
    facts.learned({ ...callbackEvent(mail, delivered), source: 'poll' }, after(17))
    facts.learned({ ...callbackEvent(mail, delivered), source: 'poll' }, after(60))
    const expected = { p50Ms: 16 * minuteMs, p95Ms: 16 * minuteMs, maxMs: 16 * minuteMs, count: 1, never: 0 }
    expect(facts.staleness('outcomes')).toEqual(expected)
    expect(facts.staleness('engagement').count).toBe(0)
  })

  it('reports what is never learned, and that it takes longer than anything', () => {
    const facts = new LostFacts(undefined)
    const others = ['b', 'c', 'd'].map((name) => ({ ...mail, recipient: `${name}@example.com` }))
    for (const one of [mail, ...others]) facts.lost(one, delivered, undefined, after(1))
    for (const [index, one] of others.entries())
      facts.learned(callbackEvent(one, delivered), after(2 + index))
    expect(facts.staleness('outcomes')).toEqual({
      p50Ms: 2 * minuteMs,
      p95Ms: Infinity,
      maxMs: Infinity,
      count: 4,
      never: 1,
    })
  })

  it('counts each kind of thing that readers did, and all together', () => {
    const facts = new LostFacts(undefined)
    const complained = { kind: 'complained', atMs: after(60) } as const
    for (const entry of [opened, complained]) facts.lost(mail, entry, undefined, entry.atMs)
    facts.learned(callbackEvent(mail, opened), after(40))
    expect(facts.staleness('opened')).toMatchObject({ count: 1, never: 0, maxMs: 10 * minuteMs })
    expect(facts.staleness('complained')).toMatchObject({ count: 1, never: 1 })
    expect(facts.staleness('engagement')).toMatchObject({ count: 2, never: 1, p50Ms: 10 * minuteMs })
  })

  it('leaves out what the ledger knew when the callback was lost', () => {
    const facts = new LostFacts(undefined)
    facts.lost(mail, delivered, joined(undefined, callbackEvent(mail, opened)), after(1))
    expect(facts.staleness('outcomes').count).toBe(0)
  })

  it('takes a closing as unknown for no answer', () => {
    const facts = new LostFacts(undefined)
    const deferred = { kind: 'deferred', atMs: after(1) } as const
    facts.lost(mail, deferred, undefined, after(1))
    facts.learned({ ...callbackEvent(mail, deferred), kind: 'unknown', source: 'poll' }, after(43_200))
    expect(facts.staleness('outcomes')).toMatchObject({ count: 1, never: 1 })
  })

  it('counts the recovery from the end of an outage, for what the outage swallowed alone', () => {
    const facts = new LostFacts({ fromMs: after(0), untilMs: after(20) })
    const later = { ...mail, recipient: 'b@example.com' }
    facts.lost(mail, delivered, undefined, after(1))
    facts.lost(later, delivered, undefined, after(20))
    for (const one of [mail, later]) facts.learned(callbackEvent(one, delivered), after(29))
    expect(facts.recovery()).toMatchObject({ count: 1, maxMs: 9 * minuteMs, never: 0, withinHalfAnHour: 1 })
    expect(new LostFacts(undefined).recovery()).toBeUndefined()
  })
})
