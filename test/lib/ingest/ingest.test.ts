import { describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'
import { ingest } from '../../../lib/ingest/ingest.ts'
import type { QuarantinedInput } from '../../../lib/quarantine/ports.ts'
import { providers } from '../../../lib/providers/registry.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { sampleMessage } from '../../events.ts'

// What the answer says, whatever the tables do.

const token = 'a-token-of-the-callback-url'

/** The use case on a table of which each write does what is given. */
function posting(record: (event: DeliveryEvent) => Promise<void>, deadline?: (ms: number) => AbortSignal) {
  const kept: QuarantinedInput[] = []
  const logged: Readonly<Record<string, unknown>>[] = []
  const keep = (input: QuarantinedInput) => {
    kept.push(input)
    return Promise.resolve()
  }
  const on = {
    deployment: 'test',
    providers,
    tokenDigests: new Map(providers.map(({ name }) => [name, [tokenDigest(token)]])),
    signingKeys: () => Promise.resolve([]),
    deliveries: { record },
    inbound: { keep: () => Promise.resolve() },
    quarantine: { keep, keepWithinDay: () => Promise.resolve(false) },
    responseDeadlineMs: 2_000,
    ...(deadline && { deadline }),
    clock: virtualClock('2026-11-21T08:00:00Z'),
    log: (event: string, fields?: Readonly<Record<string, unknown>>) => logged.push({ event, ...fields }),
  }
  const post = (body: unknown, path = '/sent') =>
    ingest(
      {
        method: 'POST',
        path: `${path}/${token}`,
        headers: new Map(),
        body: JSON.stringify(body),
        isBase64Encoded: false,
      },
      on,
    )
  return { post, kept, logged }
}

const sendTo = (recipients: number) => ({
  messageId: sampleMessage,
  recipients: Array.from({ length: recipients }, (_, index) => `reader${index}@example.com`),
})

describe('the answer', () => {
  it('is 200 where every element is written', async () => {
    const { post, kept } = posting(() => Promise.resolve())
    expect(await post(sendTo(100))).toMatchObject({ status: 200, body: { recorded: 100 } })
    expect(kept).toEqual([])
  })

  it('is 202 where there are more elements than are written before it, and the body is kept', async () => {
    let begun = 0
    const { post, kept } = posting(() => {
      begun += 1
      return Promise.resolve()
    })
    expect(await post(sendTo(110))).toMatchObject({ status: 202, body: { recorded: 100, unfinished: 10 } })
    expect(begun).toBe(100)
    expect(kept).toMatchObject([
      { reason: 'unfinished', problems: ['body: expected elements that are written in time, got 10 more'] },
    ])
  })

  it('is 503 where every second element is not written, and the others are', async () => {
    const written: string[] = []
    const { post, kept } = posting((event) => {
      if (Number(/\d+/.exec(event.recipient)?.[0]) % 2 === 1) return Promise.reject(new RangeError('no'))
      written.push(event.recipient)
      return Promise.resolve()
    })
    expect(await post(sendTo(6))).toMatchObject({ status: 503 })
    expect(written).toEqual(['reader0@example.com', 'reader2@example.com', 'reader4@example.com'])
    expect(kept).toEqual([])
  })

  it('is 503 where one of a hundred is not written', async () => {
    const { post } = posting((event) =>
      event.recipient === 'reader99@example.com' ? Promise.reject(new Error('no')) : Promise.resolve(),
    )
    expect(await post(sendTo(100))).toMatchObject({ status: 503 })
  })

  it('is 503 where some are not written, though others are wrong or of an unknown type', async () => {
    const event = { event: 'delivered', bulkId: sampleMessage, timestamp: 1654064683 }
    const { post, kept } = posting(() => Promise.reject(new Error('no')))
    const body = [
      { ...event, email: 'a@example.com' },
      { ...event, email: 'no address' },
      { ...event, event: 'new' },
    ]
    expect(await post(body, '/tencent-ses')).toMatchObject({ status: 503 })
    // What is wrong stays wrong, and is kept at its first try.
    expect(kept).toMatchObject([{ reason: 'invalid' }])
  })
})
