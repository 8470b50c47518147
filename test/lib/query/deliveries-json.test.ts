import { describe, expect, it } from '@jest/globals'
import type { Delivery } from '../../../lib/core/delivery.ts'
import { deliveriesAsJson } from '../../../lib/query/deliveries-json.ts'

const maxLambdaBytes = 6 * 1024 * 1024

function deliveryWith(subject: string): Delivery {
  return {
    recipient: 'ann@example.com',
    message: 'qcloudses-30-251200670-date-20261121120000-8jolHvR2XcXC1',
    provider: 'tencent-ses',
    status: 'delivered',
    spellings: ['Ann@example.com'],
    emailIds: [],
    facts: new Map(),
    columns: new Map([['subject', subject]]),
  }
}

/** As Lambda counts it: the whole answer, in which the JSON is a string. */
function bytesOf(deliveries: readonly object[]): number {
  return Buffer.byteLength(
    JSON.stringify({ statusCode: 200, body: JSON.stringify({ deliveries, more: 100 }) }),
  )
}

describe('an answer of deliveries', () => {
  it.each([
    ['letters', 'x'.repeat(900_000), 5],
    ['quotes, of which each takes four bytes there', '"'.repeat(250_000), 5],
    ['Chinese', '订'.repeat(300_000), 5],
  ])('holds as many of the first ones as Lambda answers with: %s', (_what, subject, expected) => {
    const answered = deliveriesAsJson(Array.from({ length: 20 }, () => deliveryWith(subject)))
    expect(answered).toHaveLength(expected)
    expect(bytesOf(answered)).toBeLessThan(maxLambdaBytes)
  })

  it('has one that is too large without facts and columns, and the others whole', () => {
    const answered = deliveriesAsJson([deliveryWith('x'.repeat(1_100_000)), deliveryWith('Your order')])
    expect(answered).toEqual([
      {
        recipient: 'ann@example.com',
        message: 'qcloudses-30-251200670-date-20261121120000-8jolHvR2XcXC1',
        provider: 'tencent-ses',
        status: 'delivered',
        sentAt: '2026-11-21T04:00:00Z',
        counts: {},
        shortened: true,
      },
      expect.objectContaining({ columns: { subject: 'Your order' }, spellings: ['Ann@example.com'] }),
    ])
  })
})
