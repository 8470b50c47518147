import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { follow } from '../../cli/tail/follow.ts'
import { functionLogs, type FunctionLogs, type LogLine } from '../../cli/tail/function-logs.ts'
import { close, listen } from '../../local/listening-server.ts'
import { startSimulatedLogs } from '../../local/simulated-logs.ts'
import { virtualClock } from '../../local/virtual-clock.ts'

// The log as the real client reads it.

const start = Date.parse('2026-11-21T08:00:00Z')
const before = { ...process.env }
beforeAll(() => {
  Object.assign(process.env, {
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  })
})
afterAll(() => {
  process.env = before
})
const stops: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/**
 * What is read, as the part of each text that is named here, until it is as often paused as there are steps.
 * @param steps - what happens in each pause.
 */
async function read(
  logs: FunctionLogs,
  clock: ReturnType<typeof virtualClock>,
  steps?: readonly (() => void)[],
  groups: readonly string[] = ['ingest'],
) {
  const controller = new AbortController()
  const troubles: string[] = []
  const lines: string[] = []
  const left = [...(steps ?? [])]
  const batches = follow({
    logs,
    groups,
    sinceMs: start,
    isFollowing: steps !== undefined,
    signal: controller.signal,
    now: clock.now,
    pause: (ms) => {
      clock.advance(ms)
      const step = left.shift()
      if (step) step()
      else controller.abort()
      return Promise.resolve()
    },
    onTrouble: (error) => troubles.push((error as Error).name),
  })
  for await (const batch of batches)
    lines.push(...batch.map((line) => /"n":"(.*?)"/.exec(line.text)?.[1] ?? line.text))
  return { lines, troubles }
}

async function simulated(pageLines = 10_000) {
  const clock = virtualClock(start)
  const server = await startSimulatedLogs({ port: 0, clock, pageLines })
  const logs = functionLogs(server.url)
  stops.push(logs.close, server.stop)
  return { clock, server, logs }
}

describe('the lines of the log', () => {
  it('are read page by page, in the order of time over both functions', async () => {
    const { clock, server, logs } = await simulated(2)
    const [ingest, reconcile] = [server.logOf('ingest'), server.logOf('reconcile')]
    for (const [n, log] of ['a', 'b', 'c', 'd', 'e'].map(
      (n, place) => [n, place === 2 ? reconcile : ingest] as const,
    )) {
      log('callback', { n })
      clock.advance(1_000)
    }
    const { lines } = await read(logs, clock, undefined, ['ingest', 'reconcile'])
    expect(lines.join('')).toBe('abcde')
  })

  it('are shown once each, also such as show up late, and after a quiet hour', async () => {
    const { clock, server, logs } = await simulated()
    const log = server.logOf('ingest')
    log('callback', { n: 'a' })
    const { lines } = await read(logs, clock, [
      () => {
        log('callback', { n: 'b' })
      },
      () => {
        clock.advance(3_600_000)
      },
      () => {
        log('callback', { n: 'c' })
      },
      () => undefined,
    ])
    expect(lines).toEqual(['a', 'b', 'c'])
  })
})

type Answer =
  | {
      readonly events?: readonly (readonly [id: string, n: string, atMs: number])[]
      readonly nextToken?: string
    }
  | { readonly fault: string }

interface Asked {
  readonly startTime: number
  readonly nextToken?: string
}

/** CloudWatch Logs in what it may do: it gives these answers one after the other, and then nothing. */
async function answering(...answers: Answer[]) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push(JSON.parse(body) as Asked)
      const answer = answers.shift() ?? {}
      const isFault = 'fault' in answer
      response.writeHead(isFault ? (answer.fault === 'InternalFailure' ? 500 : 400) : 200, {
        'content-type': 'application/x-amz-json-1.1',
      })
      if (isFault) response.end(JSON.stringify({ __type: answer.fault, message: 'no' }))
      else {
        const { events = [], nextToken } = answer
        const list = events.map(([eventId, n, timestamp]) => ({
          eventId,
          timestamp,
          message: `{"n":"${n}"}`,
        }))
        response.end(JSON.stringify({ events: list, nextToken }))
      }
    })
  })
  const logs = functionLogs(`http://127.0.0.1:${await listen(server, 0, 'the log')}`)
  stops.push(logs.close, () => close(server))
  return { logs, asked, clock: virtualClock(start) }
}

const nothing = () => undefined

describe('reading the log', () => {
  it('goes on after a page without lines, and looks back ten seconds at the next poll', async () => {
    const { logs, asked, clock } = await answering(
      { nextToken: 'more' },
      { events: [['1', 'a', start + 30_000]] },
      {
        events: [
          ['1', 'a', start + 30_000],
          ['0', 'late', start + 21_000],
          ['2', 'b', start + 31_000],
        ],
      },
    )
    expect((await read(logs, clock, [nothing])).lines).toEqual(['a', 'late', 'b'])
    expect(asked.map(({ startTime, nextToken }) => [startTime - start, nextToken])).toEqual([
      [0, undefined],
      [0, 'more'],
      [20_000, undefined],
    ])
  })

  it('asks again where it is throttled', async () => {
    const { logs, clock, asked } = await answering(
      { fault: 'ThrottlingException' },
      { events: [['1', 'a', start]] },
    )
    expect(await read(logs, clock)).toEqual({ lines: ['a'], troubles: [] })
    expect(asked).toHaveLength(2)
  })

  it('loses and repeats nothing where it fails in the middle, and says so once', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((text, place) => ({ id: text, atMs: start + place, text })) as [
      LogLine,
      LogLine,
      LogLine,
    ]
    const answers = [
      { lines: [] },
      { lines: [a], next: 'more' },
      Object.assign(new Error('no'), { name: 'ThrottlingException' }),
      Object.assign(new Error('no'), { name: 'TimeoutError' }),
      { lines: [a, b] },
      { lines: [a, b, c] },
    ]
    const logs: FunctionLogs = {
      page: () => {
        const answer = answers.shift() ?? { lines: [] }
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
      },
      close: nothing,
    }
    const { lines, troubles } = await read(logs, virtualClock(start), [nothing, nothing, nothing, nothing])
    expect(lines).toEqual(['a', 'b', 'c'])
    expect(troubles).toEqual(['ThrottlingException'])
  })

  it('ends where no later read can help', async () => {
    const { logs, clock } = await answering({ events: [] }, { fault: 'AccessDeniedException' })
    await expect(read(logs, clock, [nothing])).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })
})
