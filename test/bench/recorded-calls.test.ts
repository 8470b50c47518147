import { describe, expect, it } from '@jest/globals'
import { recordOfCalls } from '../../bench/reconcile/recorded-calls.ts'
import type { StatusApi } from '../../lib/reconcile/ports.ts'
import { virtualClock } from '../../local/virtual-clock.ts'

const silentApi: StatusApi = {
  provider: 'tencent-ses',
  name: 'GetSendEmailStatus',
  lookUpsBy: 'message',
  staleMs: 0,
  page: () => Promise.resolve({ deliveries: [], unreadable: [], rows: 0, isLast: true }),
}
// 12:00 in UTC+8.
const noon = '2026-11-21T04:00:00Z'
const today = { requestDate: '2026-11-21', offset: 0 }

function recorded() {
  const clock = virtualClock(noon)
  const subject = { status: 'requested', sentAtMs: Date.parse('2026-11-20T23:00:00Z') }
  const { recorded, calls } = recordOfCalls(clock, () => Promise.resolve(subject))
  return { clock, statusApi: recorded(silentApi), opens: recorded(silentApi, 'opens'), calls }
}

describe('recorded calls', () => {
  it.each([
    ['a second apart keep the pace of one a second', [1_000, 1_000], 0],
    ['a millisecond less apart do not', [1_000, 999], 1],
    ['at once do not', [0, 0], 2],
  ])('%s', async (_what, waitsMs, overPace) => {
    const { statusApi, calls, clock } = recorded()
    await statusApi.page(today)
    for (const ms of waitsMs) {
      clock.advance(ms)
      await statusApi.page(today)
    }
    expect(calls.overPace).toBe(overPace)
    expect(calls.busiestPerSecond).toBeCloseTo(3 / 900, 9)
  })

  it('of several lists keep one pace, and show whose they are', async () => {
    const { statusApi, opens, calls } = recorded()
    await statusApi.page({ ...today, emailIds: ['one', 'two'] })
    await opens.page(today)
    expect(calls.overPace).toBe(1)
    expect([...calls.byPurpose.keys()]).toEqual(['look-ups', 'opens: tail'])
  })

  it('show their purpose', async () => {
    const { statusApi, calls } = recorded()
    await statusApi.page(today)
    await statusApi.page({ requestDate: '2026-11-18', offset: 100 })
    await statusApi.page({ ...today, messageId: 'one' })
    expect(Object.fromEntries(calls.byPurpose)).toEqual({
      tail: new Map([['2026-11-21', 1]]),
      'sweep on day 3': new Map([['2026-11-18', 1]]),
      'look-up of silent from 4 h': new Map([['2026-11-21', 1]]),
    })
    expect(Object.fromEntries(calls.byDate)).toEqual({ '2026-11-21': 2, '2026-11-18': 1 })
  })
})
