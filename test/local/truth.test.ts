import { describe, expect, it } from '@jest/globals'
import type { Delivery } from '../../lib/core/delivery.ts'
import { parseFact } from '../../lib/core/fact.ts'
import { isCountedOnce } from '../../local/truth.ts'

const at = (instant: string) => Date.parse(instant)
const delivery = {
  sentAtMs: at('2026-11-21T04:00:00.042Z'),
  timeline: [
    { kind: 'delivered', atMs: at('2026-11-21T04:00:03.123Z') },
    { kind: 'opened', atMs: at('2026-11-21T05:00:00.001Z') },
    { kind: 'opened', atMs: at('2026-11-21T06:00:00.999Z') },
  ],
} as const

function row(...opened: readonly string[]): Delivery {
  return {
    recipient: 'anna@example.com',
    message: '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound',
    provider: 'sendcloud',
    status: 'delivered',
    facts: new Map([
      ['requested', [parseFact('requested', '2026-11-21T04:00:00Z')]],
      ['delivered', [parseFact('delivered', '2026-11-21T04:00:03Z')]],
      ['opened', opened.map((text) => parseFact('opened', text))],
    ]),
    spellings: [],
    emailIds: [],
    columns: new Map(),
  }
}

describe('a row counts', () => {
  const end = at('2026-11-22T00:00:00Z')

  it('right where each thing stands in it once', () => {
    expect(isCountedOnce(row('2026-11-21T05:00:00Z', '2026-11-21T06:00:00Z'), delivery, end)).toBe(true)
  })

  it.each([
    ['too few', ['2026-11-21T05:00:00Z']],
    ['too many', ['2026-11-21T05:00:00Z', '2026-11-21T06:00:00Z', '2026-11-21T07:00:00Z']],
  ])('wrong where it holds %s', (_what, opened) => {
    expect(isCountedOnce(row(...opened), delivery, end)).toBe(false)
  })

  it('only what had happened until the instant in question', () => {
    const early = at('2026-11-21T05:30:00Z')
    expect(isCountedOnce(row('2026-11-21T05:00:00Z'), delivery, early)).toBe(true)
    expect(isCountedOnce(row('2026-11-21T05:00:00Z', '2026-11-21T06:00:00Z'), delivery, early)).toBe(false)
  })

  it('wrong where there is none', () => {
    expect(isCountedOnce(undefined, delivery, end)).toBe(false)
  })
})
