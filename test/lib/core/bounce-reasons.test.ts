import { describe, expect, it } from '@jest/globals'
import { addBounce, commonestFirst, noBounces, providersOf } from '../../../lib/core/bounce-reasons.ts'
import type { Delivery } from '../../../lib/core/delivery.ts'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { eventWith, rowOf } from '../../events.ts'

const gone = '550 5.1.1 no such user'
const full = '452 4.2.2 mailbox full'

const rowWith = (...events: readonly Partial<DeliveryEvent>[]) => rowOf(...events.map(eventWith))

const bounced = (recipient: string, reply: string, more: Partial<DeliveryEvent> = {}) =>
  rowWith({ recipient, kind: 'bounced', bounceClass: 'hard', reply, ...more })

function reasonsOf(...rows: readonly Delivery[]) {
  const into = noBounces()
  for (const row of rows) addBounce(into, row)
  return into
}

describe('why mails bounced', () => {
  it('is counted by reason, the commonest first, and by who refused', () => {
    const reasons = reasonsOf(
      bounced('a@qq.com', full),
      bounced('b@qq.com', gone),
      bounced('c@163.com', gone),
      bounced('d@163.com', gone),
    )
    expect(reasons.mails).toBe(4)
    expect(commonestFirst(reasons)).toMatchObject([
      { class: 'gone', mails: 3, sample: { recipient: 'b@qq.com', reply: gone } },
      { class: 'full', mails: 1, sample: { recipient: 'a@qq.com', reply: full } },
    ])
    expect(providersOf(commonestFirst(reasons)[0]!)).toEqual([
      ['netease', 2],
      ['qq', 1],
    ])
  })

  it('is the last bounce of a mail, and none of one that was delivered after all', () => {
    const last = rowWith(
      { kind: 'bounced', bounceClass: 'soft', reply: full },
      { kind: 'bounced', bounceClass: 'hard', reply: gone, occurredAtMs: Date.parse('2022-06-01T09:00:00Z') },
    )
    const after = rowWith({ kind: 'bounced', bounceClass: 'soft', reply: full }, { kind: 'delivered' })
    const reasons = reasonsOf(last, after, rowWith({ kind: 'delivered' }))
    expect([reasons.mails, commonestFirst(reasons).map(({ class: one }) => one)]).toEqual([1, ['gone']])
  })

  it("has the provider's words where there was no reply", () => {
    const reasons = reasonsOf(bounced('a@example.com', '', { detail: 'it does not exist' }))
    expect(commonestFirst(reasons)).toMatchObject([
      { class: 'unknown', reason: '', sample: { recipient: 'a@example.com', reply: 'it does not exist' } },
    ])
  })

  it('has the same sample and order, however mails are added', () => {
    const rows = ['c', 'a', 'b'].map((name) => bounced(`${name}@example.com`, gone))
    for (const order of [rows, rows.toReversed()]) {
      expect(commonestFirst(reasonsOf(...order))).toMatchObject([
        { mails: 3, sample: { recipient: 'a@example.com' } },
      ])
    }
    const two = [bounced('a@example.com', full), bounced('b@example.com', gone)]
    expect(commonestFirst(reasonsOf(...two)).map(({ reason }) => reason)).toEqual(
      commonestFirst(reasonsOf(...two.toReversed())).map(({ reason }) => reason),
    )
  })

  it('is kept apart for ten thousand reasons, and the others are counted', () => {
    const word = (n: number) => String(n).replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)))
    const rows = Array.from({ length: 10_002 }, (_, n) => bounced(`r${n}@example.com`, `550 ${word(n)}ish`))
    const reasons = reasonsOf(...rows, rows[0]!)
    expect([reasons.mails, reasons.reasons.size, reasons.others]).toEqual([10_003, 10_000, 2])
  })
})
