import { describe, expect, it } from '@jest/globals'
import { missedFacts } from '../../bench/reconcile/missed-facts.ts'
import type { TimelineEntry } from '../../local/simulated-ses/mail.ts'
import { sampleDelivery } from '../local/simulated-ses/sample-mail.ts'

const at = (time: string) => Date.parse(`2026-11-21T${time}Z`)

/** An entry, and when its callback arrives; without an instant, never. */
type Reported = readonly [TimelineEntry, string?]

function missedOf(...reported: readonly Reported[]) {
  const delivery = sampleDelivery({ timeline: reported.map(([entry]) => entry) })
  const arrivalsMs = reported.map(([, arrival]) => (arrival === undefined ? undefined : at(arrival)))
  return missedFacts({ delivery, arrivalsMs }).map(({ need, happenedAtMs, reportedAtMs }) => ({
    need: 'kind' in need ? need.kind : need.rank,
    happenedAt: new Date(happenedAtMs).toISOString().slice(11, 19),
    reportedAt: reportedAtMs === Infinity ? 'never' : new Date(reportedAtMs).toISOString().slice(11, 19),
  }))
}

const deferred = { kind: 'deferred', atMs: at('04:00:10') } as const
const deferredAgain = { kind: 'deferred', atMs: at('04:05:00') } as const
const delivered = { kind: 'delivered', atMs: at('04:15:00') } as const
const opened = { kind: 'opened', atMs: at('05:00:00') } as const
const openedAgain = { kind: 'opened', atMs: at('06:00:00') } as const

describe('what a row misses', () => {
  it('is nothing where every callback arrives', () => {
    expect(missedOf([delivered, '04:15:03'], [opened, '05:00:02'])).toEqual([])
  })

  it('is a lost outcome, for ever where nothing follows', () => {
    expect(missedOf([delivered])).toEqual([{ need: 50, happenedAt: '04:15:00', reportedAt: 'never' }])
  })

  it('is over when a later callback reports as much: who opens a mail has received it', () => {
    expect(missedOf([delivered], [opened, '05:00:02'])).toEqual([
      { need: 50, happenedAt: '04:15:00', reportedAt: '05:00:02' },
    ])
  })

  it('does not grow by the same thing lost again', () => {
    expect(missedOf([deferred], [deferredAgain], [delivered, '04:15:03'])).toEqual([
      { need: 20, happenedAt: '04:00:10', reportedAt: '04:15:03' },
    ])
    expect(missedOf([delivered, '04:15:03'], [opened], [openedAgain])).toEqual([
      { need: 'opened', happenedAt: '05:00:00', reportedAt: 'never' },
    ])
  })

  it('is nothing where the row says as much already', () => {
    expect(missedOf([deferred, '04:00:12'], [deferredAgain], [delivered, '04:15:03'])).toEqual([])
    expect(missedOf([delivered, '04:15:03'], [opened, '05:00:02'], [openedAgain])).toEqual([])
  })

  it('is a hard bounce even after a delivery, and not a soft one', () => {
    const bounce = (bounceType: 'hard_bounce' | 'soft_bounce') =>
      ({ kind: 'bounced', atMs: at('07:00:00'), bounceType }) as const
    expect(missedOf([delivered, '04:15:03'], [bounce('soft_bounce')])).toEqual([])
    expect(missedOf([delivered, '04:15:03'], [bounce('hard_bounce')])).toEqual([
      { need: 70, happenedAt: '07:00:00', reportedAt: 'never' },
    ])
  })
})
