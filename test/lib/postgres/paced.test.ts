import { describe, expect, it } from '@jest/globals'
import { paced } from '../../../lib/postgres/paced.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'

const pace = { perSecond: 15, burst: 5 }

describe('a pace of 15 a second, and 5 at once', () => {
  it('lets at most 20 calls through in any second, in their order', async () => {
    const clock = virtualClock(0)
    const turn = paced({ clock, ...pace })
    const begun: { readonly call: number; readonly atMs: number }[] = []
    const calls = Array.from({ length: 100 }, async (_, call) => {
      await turn(undefined)
      begun.push({ call, atMs: clock.now() })
    })
    await Promise.all(calls)
    expect(begun.map(({ call }) => call)).toEqual(Array.from({ length: 100 }, (_, call) => call))
    for (const { atMs: fromMs } of begun) {
      expect(begun.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + 1_000).length).toBeLessThanOrEqual(
        20,
      )
    }
    // 100 calls: 6 at once, and the others one every fifteenth of a second.
    expect(begun.at(-1)?.atMs).toBeCloseTo((94 / 15) * 1_000, 3)
  })

  it('gives no room to calls that are aborted while they wait', async () => {
    const clock = virtualClock(0)
    const turn = paced({ clock, ...pace })
    const stopped = new AbortController()
    const first = Array.from({ length: 6 }, () => turn(undefined))
    const aborted = Array.from({ length: 50 }, () => turn(stopped.signal).catch(() => 'aborted'))
    stopped.abort()
    await turn(undefined)
    expect(await Promise.all([...first, ...aborted])).toEqual([
      ...Array.from({ length: 6 }, () => undefined),
      ...Array.from({ length: 50 }, () => 'aborted'),
    ])
    expect(clock.now()).toBeCloseTo(1_000 / 15, 3)
  })

  it('goes on at its pace where the clock is set back', async () => {
    let nowMs = 1_000_000
    const slept: number[] = []
    const clock = {
      now: () => nowMs,
      sleep: (ms: number) => {
        slept.push(ms)
        return Promise.resolve()
      },
    }
    const turn = paced({ clock, ...pace })
    await turn(undefined)
    nowMs = 0
    await turn(undefined)
    expect(slept).toEqual([1_000 / 15])
  })
})
