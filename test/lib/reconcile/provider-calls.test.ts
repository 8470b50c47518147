import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { StatusApiError, type StatusPage } from '../../../lib/reconcile/ports.ts'
import { ProviderCalls, RunStopped, type CallBudget } from '../../../lib/reconcile/provider-calls.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'

const startMs = Date.parse('2026-11-21T08:00:00Z')
const query = { requestDate: '2026-11-21', offset: 0 }
const emptyPage: StatusPage = { deliveries: [], unreadable: [], rows: 0, isLast: true }
const plentiful: CallBudget = { deadlineMs: startMs + 86_400_000, maxCalls: 10_000, requestsPerSecond: 1 }

const failed = (consequence: StatusApiError['consequence'], code = 'Planted') =>
  new StatusApiError(consequence, code, `failed: ${code}`)

/** The calls of one run, and the instants at which the provider was asked, in ms since the start. */
interface Asked {
  readonly calls: ProviderCalls
  readonly clock: VirtualClock
  readonly instants: number[]
}

/**
 * Calls against a provider that answers by `answers`, one after the other, and with an empty page after that.
 * @param tookMs - how long the provider takes for each answer
 */
function callsWith({
  answers = [],
  budget = {},
  lastCallAtMs = 0,
  tookMs = () => 0,
  beforeCall = () => Promise.resolve(),
}: {
  answers?: readonly (StatusPage | Error)[]
  budget?: Partial<CallBudget>
  lastCallAtMs?: number
  tookMs?: (call: number) => number
  beforeCall?: () => Promise<void>
} = {}): Asked {
  const clock = virtualClock(startMs)
  const instants: number[] = []
  const calls = new ProviderCalls({
    statusApi: {
      provider: 'tencent-ses',
      name: 'GetSendEmailStatus',
      lookUpsBy: 'message',
      staleMs: 0,
      page() {
        instants.push(clock.now() - startMs)
        clock.advance(tookMs(instants.length - 1))
        const answer = answers[instants.length - 1] ?? emptyPage
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
      },
    },
    clock,
    budget: { ...plentiful, ...budget },
    lastCallAtMs,
    beforeCall,
  })
  return { calls, clock, instants }
}

async function ask(calls: ProviderCalls, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await calls.page(query)
}

/** `answered`, why the run stopped, or what follows from the error. */
async function endOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked
    return 'answered'
  } catch (error) {
    if (error instanceof RunStopped) return `stopped by ${error.stoppedBy}`
    if (error instanceof StatusApiError) return error.consequence
    throw error
  }
}

describe('the pace', () => {
  it.each([
    [1, [0, 1_000, 2_000, 3_000]],
    [20, [0, 50, 100, 150]],
    [0.5, [0, 2_000, 4_000, 6_000]],
    [3, [0, 334, 668, 1_002]],
  ])('of %s requests a second asks at %j', async (requestsPerSecond, expected) => {
    const { calls, instants } = callsWith({ budget: { requestsPerSecond } })
    await ask(calls, 4)
    expect(instants).toEqual(expected)
  })

  it('is one of instants and not of pauses: a slow answer is not waited for twice', async () => {
    const { calls, instants } = callsWith({ tookMs: () => 700 })
    await ask(calls, 3)
    expect(instants).toEqual([0, 1_000, 2_000])
  })

  it('never lets more through in any second than it allows, however long answers take and whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2, 7, 20),
        fc.array(fc.record({ tookMs: fc.nat(1_500), isFailed: fc.boolean() }), {
          minLength: 5,
          maxLength: 60,
        }),
        async (requestsPerSecond, plan) => {
          const { calls, instants } = callsWith({
            budget: { requestsPerSecond },
            answers: plan.map(({ isFailed }) => (isFailed ? failed('transient') : emptyPage)),
            tookMs: (call) => plan[call]?.tookMs ?? 0,
          })
          while (instants.length < plan.length) {
            if ((await endOf(calls.page(query))) === 'stopped by provider') break
          }
          for (const from of instants) {
            const inSecond = instants.filter((instant) => instant >= from && instant < from + 1_000)
            expect(inSecond.length).toBeLessThanOrEqual(requestsPerSecond)
          }
        },
      ),
    )
  })

  it('holds across two runs', async () => {
    const first = callsWith({ budget: { requestsPerSecond: 0.5 } })
    await ask(first.calls, 2)
    expect(first.calls.lastCallAtMs).toBe(startMs + 2_000)
    const second = callsWith({
      budget: { requestsPerSecond: 0.5 },
      lastCallAtMs: first.calls.lastCallAtMs - 2_500,
    })
    await ask(second.calls, 1)
    expect(second.instants).toEqual([1_500])
  })

  it('makes a run wait for nothing where the last call is long past', async () => {
    const { calls, instants } = callsWith({ lastCallAtMs: startMs - 1_000 })
    await ask(calls, 1)
    expect(instants).toEqual([0])
  })

  it('waits for one turn at most where a clock that was fast left the last call in the future', async () => {
    const { calls, instants } = callsWith({
      lastCallAtMs: startMs + 86_400_000,
      budget: { deadlineMs: startMs + 300_000 },
    })
    expect(await endOf(ask(calls, 1))).toBe('answered')
    expect(instants[0]).toBeLessThanOrEqual(1_000)
  })

  it('keeps its turn while the run does something before the call', async () => {
    const { calls, clock, instants } = callsWith({
      beforeCall: () => {
        clock.advance(300)
        return Promise.resolve()
      },
    })
    await ask(calls, 3)
    expect(instants).toEqual([300, 1_600, 2_900])
  })
})

describe('the budget of calls', () => {
  it('is used to the last one and not beyond', async () => {
    const { calls, instants } = callsWith({ budget: { maxCalls: 3 } })
    expect(await endOf(ask(calls, 3))).toBe('answered')
    expect(await endOf(ask(calls, 1))).toBe('stopped by calls')
    expect([calls.calls, instants.length]).toEqual([3, 3])
  })

  it('counts what is asked again', async () => {
    const { calls } = callsWith({
      budget: { maxCalls: 2 },
      answers: [failed('transient'), failed('transient')],
    })
    expect(await endOf(ask(calls, 1))).toBe('stopped by calls')
    expect(calls.calls).toBe(2)
  })

  it('of none asks nothing', async () => {
    const { calls, instants } = callsWith({ budget: { maxCalls: 0 } })
    expect(await endOf(ask(calls, 1))).toBe('stopped by calls')
    expect(instants).toEqual([])
  })
})

describe('the budget of time', () => {
  // 12 s: the 10 s that a request may take, and a moment to write down what it reported.
  it.each([
    [12_000, 'answered'],
    [11_999, 'stopped by time'],
    [0, 'stopped by time'],
    [-1, 'stopped by time'],
  ])('of %i ms ends a run: %s', async (leftMs, end) => {
    const { calls } = callsWith({ budget: { deadlineMs: startMs + leftMs } })
    expect(await endOf(ask(calls, 1))).toBe(end)
  })

  it('counts the wait for the turn', async () => {
    const { calls, clock } = callsWith({ budget: { deadlineMs: startMs + 12_500 } })
    expect(await endOf(ask(calls, 1))).toBe('answered')
    expect(await endOf(ask(calls, 1))).toBe('stopped by time')
    expect(clock.now()).toBe(startMs)
  })

  it('counts what the run does before the call', async () => {
    const { calls, clock, instants } = callsWith({
      budget: { deadlineMs: startMs + 12_100 },
      beforeCall: () => {
        clock.advance(300)
        return Promise.resolve()
      },
    })
    expect(await endOf(ask(calls, 1))).toBe('stopped by time')
    expect(instants).toEqual([])
  })

  it('is never overstepped by waiting to ask again', async () => {
    // Two requests that time out after 10 s each; the second begins with the last moment that it may take.
    const { calls, clock } = callsWith({
      budget: { deadlineMs: startMs + 23_000 },
      answers: [failed('transient'), failed('transient')],
      tookMs: () => 10_000,
    })
    expect(await endOf(ask(calls, 1))).toBe('stopped by time')
    expect(clock.now()).toBeLessThanOrEqual(startMs + 23_000)
  })
})

describe('a question that fails', () => {
  it('is asked again after 1 s and after 4 s', async () => {
    const { calls, instants } = callsWith({ answers: [failed('transient'), failed('transient')] })
    expect(await endOf(ask(calls, 1))).toBe('answered')
    expect(instants).toEqual([0, 1_000, 5_000])
  })

  it('is left after three tries', async () => {
    const { calls, instants } = callsWith({ answers: Array.from({ length: 3 }, () => failed('transient')) })
    expect(await endOf(ask(calls, 1))).toBe('transient')
    expect(instants).toEqual([0, 1_000, 5_000])
  })

  it('does not stop the run alone, nor with another', async () => {
    const { calls } = callsWith({ answers: Array.from({ length: 6 }, () => failed('transient')) })
    const ends = [await endOf(ask(calls, 1)), await endOf(ask(calls, 1)), await endOf(ask(calls, 1))]
    expect(ends).toEqual(['transient', 'transient', 'answered'])
  })

  it('stops the run as the third in a row', async () => {
    const { calls } = callsWith({ answers: Array.from({ length: 9 }, () => failed('transient')) })
    const ends = [await endOf(ask(calls, 1)), await endOf(ask(calls, 1)), await endOf(ask(calls, 1))]
    expect(ends).toEqual(['transient', 'transient', 'stopped by provider'])
    expect(calls.calls).toBe(9)
  })

  it('begins the count anew after an answer', async () => {
    const twoUnanswered = Array.from({ length: 6 }, () => failed('transient'))
    const { calls } = callsWith({ answers: [...twoUnanswered, emptyPage, ...twoUnanswered, emptyPage] })
    const ends: string[] = []
    for (let question = 0; question < 6; question += 1) ends.push(await endOf(ask(calls, 1)))
    expect(ends).toEqual(['transient', 'transient', 'answered', 'transient', 'transient', 'answered'])
  })

  it.each(['query', 'out-of-reach'] as const)(
    'begins the count anew after a refusal (%s), which is an answer too',
    async (consequence) => {
      const unanswered = Array.from({ length: 3 }, () => failed('transient'))
      const { calls } = callsWith({
        answers: [...unanswered, ...unanswered, failed(consequence), ...unanswered, emptyPage],
      })
      const ends: string[] = []
      for (let question = 0; question < 5; question += 1) ends.push(await endOf(ask(calls, 1)))
      expect(ends).toEqual(['transient', 'transient', consequence, 'transient', 'answered'])
    },
  )

  it.each(['query', 'out-of-reach'] as const)('for good (%s) is asked once', async (consequence) => {
    const { calls, instants } = callsWith({ answers: [failed(consequence)] })
    expect(await endOf(ask(calls, 1))).toBe(consequence)
    expect(instants).toEqual([0])
  })

  it('for the settings stops the run at once, with the advice', async () => {
    const { calls } = callsWith({ answers: [failed('settings', 'AuthFailure.SignatureFailure')] })
    await expect(calls.page(query)).rejects.toMatchObject({
      stoppedBy: 'settings',
      message: 'failed: AuthFailure.SignatureFailure',
    })
    expect(calls.calls).toBe(1)
  })

  it('in a way that nobody foresaw ends the run as it is', async () => {
    const { calls } = callsWith({ answers: [new TypeError('a defect')] })
    await expect(calls.page(query)).rejects.toThrow(TypeError)
  })
})

describe('the figures', () => {
  it('count requests and rows', async () => {
    const pageOf = (rows: number) => ({ ...emptyPage, rows })
    const { calls } = callsWith({ answers: [pageOf(100), failed('transient'), pageOf(7)] })
    await ask(calls, 2)
    expect([calls.calls, calls.rows]).toEqual([3, 107])
  })

  it('report no call that the lease forbade', async () => {
    const { calls, instants } = callsWith({
      beforeCall: () => Promise.reject(new RunStopped('lease', 'lost')),
    })
    expect(await endOf(ask(calls, 1))).toBe('stopped by lease')
    expect([calls.calls, calls.lastCallAtMs, instants]).toEqual([0, 0, []])
  })
})

describe('a request of another kind', () => {
  it('is made in its turn, counts as a call, and keeps the budget', async () => {
    const { calls, clock, instants } = callsWith({ budget: { maxCalls: 3 } })
    await ask(calls, 1)
    expect(await calls.once(() => Promise.resolve(clock.now() - startMs))).toBe(1_000)
    await ask(calls, 1)
    expect(instants).toEqual([0, 2_000])
    expect([calls.calls, calls.rows]).toEqual([3, 0])
    expect(await endOf(calls.once(() => Promise.resolve()))).toBe('stopped by calls')
  })

  it('is made once, and what it throws is its own', async () => {
    const { calls } = callsWith()
    let asked = 0
    const once = () =>
      calls.once(() => {
        asked += 1
        return Promise.reject(failed('transient'))
      })
    // As often as would end a run if these were pages.
    for (let time = 0; time < 3; time += 1) expect(await endOf(once())).toBe('transient')
    expect([asked, calls.lastProblem]).toEqual([3, ''])
  })

  it('is not made where the run may not go on', async () => {
    const { calls } = callsWith({ beforeCall: () => Promise.reject(new RunStopped('lease', 'lost')) })
    const never = () => {
      throw new TypeError('asked')
    }
    expect(await endOf(calls.once(never))).toBe('stopped by lease')
    expect(calls.calls).toBe(0)
  })
})

describe('the wait after the last call', () => {
  it('ends when the next one may be made', async () => {
    const { calls, clock } = callsWith({ budget: { requestsPerSecond: 0.5 }, tookMs: () => 700 })
    await ask(calls, 1)
    await calls.waitOut()
    expect(clock.now() - startMs).toBe(2_000)
    await calls.waitOut()
    expect(clock.now() - startMs).toBe(2_000)
  })
})
