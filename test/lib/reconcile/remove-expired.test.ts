import { describe, expect, it } from '@jest/globals'
import { removeExpired } from '../../../lib/reconcile/remove-expired.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'

const now = Date.parse('2026-11-21T08:00:00Z')

/** A store with so many expired rows in one table, of which each statement takes a while. */
function storeWith(rows: number, tookMs = 100) {
  const clock = virtualClock(now)
  const logged: unknown[] = []
  const statements: number[] = []
  let left = rows
  return {
    statements,
    logged,
    remove: (untilMs: number) =>
      removeExpired(
        {
          removeExpired(mostOfEach) {
            clock.advance(tookMs)
            const removed = Math.min(left, mostOfEach)
            left -= removed
            statements.push(removed)
            return Promise.resolve(removed)
          },
        },
        { clock, log: (event, fields) => logged.push({ event, ...fields }), untilMs },
      ),
  }
}

describe('a run', () => {
  it('removes all that has expired, a thousand rows of a table at a time', async () => {
    const { remove, statements, logged } = storeWith(2_500)
    expect(await remove(now + 600_000)).toEqual({ figures: { expiredRows: 2_500 }, failures: [] })
    expect(statements).toEqual([1_000, 1_000, 500])
    expect(logged).toEqual([{ event: 'expired rows removed', expiredRows: 2_500, isLeft: false }])
  })

  it('says nothing where nothing has expired', async () => {
    const { remove, logged } = storeWith(0)
    expect(await remove(now + 600_000)).toEqual({ figures: { expiredRows: 0 }, failures: [] })
    expect(logged).toEqual([])
  })

  it.each([
    ['it has', now + 1_000, 10_000],
    ['may be taken from the polls', now + 600_000, 600_000],
  ])('ends with the time that %s, and leaves the rest to the next', async (_, untilMs, removed) => {
    const { remove, logged } = storeWith(5_000_000)
    expect((await remove(untilMs)).figures).toEqual({ expiredRows: removed })
    expect(logged).toMatchObject([{ isLeft: true }])
  })

  it('begins nothing where its time is over', async () => {
    const { remove, statements } = storeWith(10)
    expect((await remove(now)).figures).toEqual({ expiredRows: 0 })
    expect(statements).toEqual([])
  })

  it('removes fewer at a time where a thousand take longer than a statement may', async () => {
    const asked: number[] = []
    const store = {
      removeExpired(mostOfEach: number) {
        asked.push(mostOfEach)
        if (mostOfEach > 100) return Promise.reject(new Error('the statement took too long'))
        return Promise.resolve(asked.length < 4 ? mostOfEach : 7)
      },
    }
    const options = { clock: virtualClock(now), log: () => undefined, untilMs: now + 60_000 }
    expect(await removeExpired(store, options)).toEqual({ figures: { expiredRows: 207 }, failures: [] })
    expect(asked).toEqual([1_000, 100, 100, 100])
  })

  it('gives up where not even ten are removed, or the time is over', async () => {
    const clock = virtualClock(now)
    let asked = 0
    const error = new Error('connect ECONNREFUSED')
    const store = {
      removeExpired() {
        asked += 1
        clock.advance(5_000)
        return Promise.reject(error)
      },
    }
    const removed = { figures: { expiredRows: 0 }, failures: [error] }
    const options = { clock, log: () => undefined }
    expect(await removeExpired(store, { ...options, untilMs: now + 60_000 })).toEqual(removed)
    expect(asked).toBe(3)
    expect(await removeExpired(store, { ...options, untilMs: clock.now() + 5_000 })).toEqual(removed)
    expect(asked).toBe(4)
  })

  it('leaves it to a store that does so by itself', async () => {
    const options = { clock: virtualClock(now), log: () => undefined, untilMs: now + 1_000 }
    expect(await removeExpired({}, options)).toEqual({ figures: {}, failures: [] })
  })
})
