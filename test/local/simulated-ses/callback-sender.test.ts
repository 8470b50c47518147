import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { planCallbacks } from '../../../local/simulated-ses/callback-plan.ts'
import { postTo, sendCallbacks } from '../../../local/simulated-ses/callback-sender.ts'
import { sampleDelivery } from './sample-mail.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'

const sentAtMs = Date.parse('2026-11-21T04:00:00Z')
const calm = { seed: 1, lossRate: 0, repeatRate: 0, lateRate: 0, maxDelayMs: 0, reorderRate: 0 }
const { callbacks } = planCallbacks(
  [1, 2, 3, 4, 5, 6].map((minute) =>
    sampleDelivery({ timeline: [{ kind: 'opened', atMs: sentAtMs + minute * 60_000 }] }),
  ),
  calm,
)

describe('sending callbacks', () => {
  it('posts each in order and counts the answers', async () => {
    const bodies: string[] = []
    const counts = await sendCallbacks(callbacks, {
      post: (body) => {
        bodies.push(body)
        if (bodies.length === 6) return Promise.reject(new Error('connection refused'))
        return Promise.resolve(bodies.length > 3 ? 503 : 200)
      },
    })
    expect(bodies).toEqual(callbacks.map(({ body }) => body))
    expect(counts).toEqual(
      new Map<unknown, number>([
        [200, 3],
        [503, 2],
        ['no answer', 1],
      ]),
    )
  })

  it.each([1, 3])('keeps %i under way', async (concurrency) => {
    let underWay = 0
    let most = 0
    await sendCallbacks(callbacks, {
      concurrency,
      post: async () => {
        underWay += 1
        most = Math.max(most, underWay)
        await new Promise(setImmediate)
        underWay -= 1
        return 200
      },
    })
    expect(most).toBe(concurrency)
  })

  it('waits on the clock for the instant of arrival', async () => {
    const clock = virtualClock('2026-11-21T04:03:00Z')
    const postedAtMs: number[] = []
    await sendCallbacks(callbacks, {
      clock,
      post: () => {
        postedAtMs.push(clock.now())
        return Promise.resolve(200)
      },
    })
    const arrivals = callbacks.map(({ arrivesAtMs }) => arrivesAtMs)
    // The first two are overdue when the clock starts at minute 3.
    expect(postedAtMs).toEqual([sentAtMs + 180_000, sentAtMs + 180_000, ...arrivals.slice(2)])
  })
})

describe('posting to a URL', () => {
  let server: Server
  let received: { method: string | undefined; type: string | undefined; body: string }[]
  let url: string

  beforeEach(async () => {
    received = []
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        received.push({ method: request.method, type: request.headers['content-type'], body })
        response.writeHead(202).end('kept')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    url = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}/` : ''
  })

  afterEach(() => {
    server.close()
    server.closeAllConnections()
  })

  it('posts JSON and returns the status', async () => {
    expect(await postTo(url)('{"event":"open"}')).toBe(202)
    expect(received).toEqual([{ method: 'POST', type: 'application/json', body: '{"event":"open"}' }])
  })

  it('posts a form if asked to', async () => {
    await postTo(url, 'application/x-www-form-urlencoded')('event=open')
    expect(received).toEqual([
      { method: 'POST', type: 'application/x-www-form-urlencoded', body: 'event=open' },
    ])
  })
})
