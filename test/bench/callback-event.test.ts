import { describe, expect, it } from '@jest/globals'
import { callbackEvent, sendEvent } from '../../bench/reconcile/callback-event.ts'
import { dayMs } from '../../lib/core/instant.ts'
import type { DeliveryEvent } from '../../lib/core/event.ts'
import { sendCloud } from '../../lib/providers/sendcloud/sendcloud.ts'
import { tencentSes } from '../../lib/providers/tencent-ses/tencent-ses.ts'
import { fieldsOf, formType, signedForm } from '../../local/simulated-sendcloud/callback.ts'
import { makeSendCloudTraffic } from '../../local/simulated-sendcloud/traffic.ts'
import { callbackOf } from '../../local/simulated-ses/callback.ts'
import type { SimulatedDelivery, TimelineEntry } from '../../local/simulated-ses/mail.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'

const fromMs = Date.parse('2026-11-20T16:00:00Z')
const mails = makeTraffic({ seed: 3, count: 2_000, fromMs, overMs: dayMs, deferrals: 'retried' })

/** What the ledger reads in the callback itself, but for what belongs to the message. */
function readIn(mail: SimulatedDelivery, entry: TimelineEntry): DeliveryEvent {
  const body = Buffer.from(JSON.stringify(callbackOf(mail, entry)))
  const [outcome] = tencentSes.read({ body, contentType: 'application/json' }, Infinity)
  if (outcome?.type !== 'event') throw new Error('the callback is no event')
  return { ...outcome.event, columns: {}, headers: new Map() }
}

describe('an event that is built directly', () => {
  it('is the one that the ledger reads in the callback', () => {
    const kinds = new Set<string>()
    for (const mail of mails) {
      for (const entry of mail.timeline) {
        kinds.add(entry.kind)
        expect(callbackEvent(mail, entry)).toStrictEqual(readIn(mail, entry))
      }
    }
    expect(kinds).toEqual(
      new Set([
        'deferred',
        'delivered',
        'dropped',
        'bounced',
        'opened',
        'clicked',
        'complained',
        'unsubscribed',
      ]),
    )
    expect(mails.some(({ recipient }) => recipient !== recipient.toLowerCase())).toBe(true)
  })

  it('is the one that the ledger reads in the callback of SendCloud, but for words that no policy looks at', () => {
    const kinds = new Set<string>()
    for (const message of makeSendCloudTraffic({ seed: 3, count: 2_000, fromMs, overMs: dayMs })) {
      for (const delivery of message.deliveries) {
        for (const entry of delivery.timeline) {
          const fields = fieldsOf({ of: 'delivery', atMs: entry.atMs, message, delivery, entry })
          const body = new TextEncoder().encode(signedForm(fields, { appKey: 'local-app-key', token: 't' }))
          const [outcome] = sendCloud.read({ body, contentType: formType }, Infinity)
          if (outcome?.type !== 'event') throw new Error('the callback is no event')
          const read = { ...outcome.event, detail: '', columns: {}, headers: new Map() }
          expect({ ...callbackEvent(delivery, entry), detail: '' }).toStrictEqual(read)
          kinds.add(entry.kind)
        }
      }
    }
    expect(kinds.size).toBe(7)
  })

  it('reports a send when it is sent', () => {
    const mail = makeTraffic({ seed: 1, count: 1, fromMs, overMs: 1_000 })[0]!
    expect(sendEvent(mail)).toMatchObject({
      kind: 'requested',
      message: mail.messageId,
      occurredAtMs: fromMs,
    })
  })
})
