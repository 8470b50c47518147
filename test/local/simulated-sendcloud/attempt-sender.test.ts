import { describe, expect, it } from '@jest/globals'
import type { PlannedAttempt } from '../../../local/simulated-sendcloud/attempt-plan.ts'
import { sendAttempts } from '../../../local/simulated-sendcloud/attempt-sender.ts'
import type { SendCloudEvent } from '../../../local/simulated-sendcloud/mail.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { sampleMessage, sentAtMs } from './sample-mail.ts'

type Fate = PlannedAttempt['fate']

const clean = { attempts: 0, lost: 0, refused: 0, retried: 0, repeated: 0, lostForEver: 0 }

/** The attempts at one callback, a minute apart; bodies are `<name>1`, `<name>2` and so on. */
function attemptsAt(name: string, ...fates: readonly Fate[]): PlannedAttempt[] {
  const event: SendCloudEvent = { of: 'message', atMs: sentAtMs, message: sampleMessage() }
  return fates.map((fate, index) => ({
    arrivesAtMs: sentAtMs + index * 60_000,
    body: `${name}${String(index + 1)}`,
    event,
    attempt: index + 1,
    fate,
  }))
}

function answering(...answers: readonly (number | 'none')[]) {
  const bodies: string[] = []
  const post = (body: string) => {
    const answer = answers[bodies.length] ?? 200
    bodies.push(body)
    return answer === 'none' ? Promise.reject(new Error('connection refused')) : Promise.resolve(answer)
  }
  return { bodies, post }
}

describe('sending as SendCloud does', () => {
  it('tries no more once an attempt was answered 200', async () => {
    const { bodies, post } = answering(200)
    const figures = await sendAttempts(attemptsAt('a', 'answered', 'answered', 'answered'), { post })
    expect(bodies).toEqual(['a1'])
    expect(figures).toEqual({ ...clean, attempts: 1 })
  })

  it.each([[503], [202], [400], ['none'] as const])('tries again after the answer %p', async (answer) => {
    const { bodies, post } = answering(answer, 200)
    const figures = await sendAttempts(attemptsAt('a', 'answered', 'answered', 'answered'), { post })
    expect(bodies).toEqual(['a1', 'a2'])
    expect(figures).toEqual({ ...clean, attempts: 2, refused: 1, retried: 1 })
  })

  it('never posts what is lost on the way, and tries again', async () => {
    const { bodies, post } = answering(200)
    const figures = await sendAttempts(attemptsAt('a', 'lost', 'lost', 'answered', 'answered'), { post })
    expect(bodies).toEqual(['a3'])
    expect(figures).toEqual({ ...clean, attempts: 3, lost: 2, retried: 2 })
  })

  it('repeats itself where the answer was lost', async () => {
    const { bodies, post } = answering()
    const figures = await sendAttempts(attemptsAt('a', 'answer-lost', 'answer-lost', 'answered', 'lost'), {
      post,
    })
    expect(bodies).toEqual(['a1', 'a2', 'a3'])
    expect(figures).toEqual({ ...clean, attempts: 3, retried: 2, repeated: 2 })
  })

  it('drops for ever what no attempt brought home', async () => {
    const { post } = answering(503, 'none')
    const attempts = [...attemptsAt('a', 'lost', 'answered', 'answered'), ...attemptsAt('b', 'answer-lost')]
    const figures = await sendAttempts(attempts, { post })
    expect(figures).toEqual({ ...clean, attempts: 4, lost: 1, refused: 2, retried: 2, lostForEver: 1 })
  })

  it('reports of each callback once that it was accepted', async () => {
    let accepted = 0
    const attempts = [...attemptsAt('a', 'answer-lost', 'answered'), ...attemptsAt('b', 'lost')]
    await sendAttempts(attempts, { post: answering().post, onAccepted: () => (accepted += 1) })
    expect(accepted).toBe(1)
  })

  it('waits on the clock for the instant of each attempt', async () => {
    const clock = virtualClock(sentAtMs)
    const postedAtMs: number[] = []
    await sendAttempts(attemptsAt('a', 'lost', 'answered', 'answered'), {
      clock,
      post: () => {
        postedAtMs.push(clock.now())
        return Promise.resolve(postedAtMs.length === 2 ? 200 : 503)
      },
    })
    expect(postedAtMs).toEqual([sentAtMs + 60_000, sentAtMs + 120_000])
  })

  it('keeps several callbacks under way, and never two attempts at one', async () => {
    const underWay: string[] = []
    const together = new Set<string>()
    const attempts = ['a', 'b', 'c']
      .flatMap((name) => attemptsAt(name, 'answer-lost', 'answer-lost', 'answered'))
      .sort((one, other) => one.arrivesAtMs - other.arrivesAtMs)
    await sendAttempts(attempts, {
      concurrency: 9,
      post: async ([name = '']) => {
        underWay.push(name)
        together.add(underWay.toSorted().join(''))
        await new Promise(setImmediate)
        underWay.splice(underWay.indexOf(name), 1)
        return 200
      },
    })
    expect(together).toContain('abc')
    expect([...together].filter((letters) => /(.)\1/.test(letters))).toEqual([])
  })
})
