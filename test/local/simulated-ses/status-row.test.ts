import { describe, expect, it } from '@jest/globals'
import { statusRowAt } from '../../../local/simulated-ses/status-row.ts'
import type { TimelineEntry } from '../../../local/simulated-ses/mail.ts'
import { sampleDelivery } from './sample-mail.ts'

// Sent at 04:00:00 UTC, which is 1795233600.
const at = (utc: string) => Date.parse(`2026-11-${utc}Z`)
const deferred: TimelineEntry = { kind: 'deferred', atMs: at('21T04:01:00'), reason: '451 try again later' }
const delivered: TimelineEntry = { kind: 'delivered', atMs: at('21T05:00:00') }
const softBounced: TimelineEntry = {
  kind: 'bounced',
  atMs: at('21T04:30:00'),
  reason: '452 4.2.2 mailbox full',
  bounceType: 'soft_bounce',
}
const bouncedLater: TimelineEntry = {
  kind: 'bounced',
  atMs: at('22T04:00:00'),
  reason: '551 5.1.1 recipient is not exist',
  bounceType: 'hard_bounce',
}
const refused: TimelineEntry = {
  kind: 'dropped',
  atMs: at('21T04:00:02'),
  reason: 'blocked',
  sendStatus: 1007,
}
const rejected: TimelineEntry = { kind: 'dropped', atMs: at('21T04:00:02'), reason: 'content rejected' }

describe('the delivery status of a polled row', () => {
  it.each([
    ['is queued at first', [delivered], '21T04:59:59', [0, 0, '', 0]],
    ['is delivered from that second on', [delivered], '21T05:00:00', [0, 1, '', 1795237200]],
    [
      'is deferred until it is delivered',
      [deferred, delivered],
      '21T04:59:59',
      [0, 8, '451 try again later', 1795233660],
    ],
    ['is delivered after deferral', [deferred, delivered], '21T05:00:00', [0, 1, '', 1795237200]],
    [
      'is rejected at a soft bounce',
      [softBounced, delivered],
      '21T04:59:59',
      [0, 3, '452 4.2.2 mailbox full', 1795235400],
    ],
    ['is delivered after a soft bounce', [softBounced, delivered], '21T05:00:00', [0, 1, '', 1795237200]],
    ['is delivered before a later bounce', [delivered, bouncedLater], '22T03:59:59', [0, 1, '', 1795237200]],
    [
      'is rejected when it bounces later',
      [delivered, bouncedLater],
      '22T04:00:00',
      [0, 3, '551 5.1.1 recipient is not exist', 1795320000],
    ],
    [
      'is dropped with the reason Tencent did not send it',
      [refused],
      '21T05:00:00',
      [1007, 2, 'blocked', 1795233602],
    ],
    ['is dropped without one', [rejected], '21T05:00:00', [0, 2, 'content rejected', 1795233602]],
  ])('%s', (_what, timeline, instant, [sendStatus, deliverStatus, message, deliverTime]) => {
    expect(statusRowAt(sampleDelivery({ timeline }), at(instant))).toMatchObject({
      RequestTime: 1795233600,
      SendStatus: sendStatus,
      DeliverStatus: deliverStatus,
      DeliverMessage: message,
      DeliverTime: deliverTime,
    })
  })
})

describe('the reader in a polled row', () => {
  const timeline: TimelineEntry[] = [
    delivered,
    { kind: 'opened', atMs: at('21T06:00:00') },
    { kind: 'clicked', atMs: at('21T06:00:10'), link: 'https://shop.example.com' },
    { kind: 'unsubscribed', atMs: at('21T06:01:00') },
    { kind: 'complained', atMs: at('23T06:00:00') },
  ]
  const readerAt = (instant: string) => {
    const row = statusRowAt(sampleDelivery({ timeline }), at(instant))
    return [row.UserOpened, row.UserClicked, row.UserUnsubscribed, row.UserComplained]
  }

  it('does each thing from its own second on', () => {
    expect(readerAt('21T05:59:59')).toEqual([false, false, false, false])
    expect(readerAt('21T06:00:00')).toEqual([true, false, false, false])
    expect(readerAt('21T06:00:10')).toEqual([true, true, false, false])
    expect(readerAt('21T06:01:00')).toEqual([true, true, true, false])
    expect(readerAt('23T06:00:00')).toEqual([true, true, true, true])
  })

  it('leaves the delivery status alone', () => {
    expect(statusRowAt(sampleDelivery({ timeline }), at('25T00:00:00')).DeliverStatus).toBe(1)
  })

  it('complains under both spellings where both are asked for', () => {
    const row = statusRowAt(sampleDelivery({ timeline }), at('25T00:00:00'), [
      'UserComplained',
      'UserComplainted',
    ])
    expect(row).toMatchObject({ UserComplained: true, UserComplainted: true })
  })
})
