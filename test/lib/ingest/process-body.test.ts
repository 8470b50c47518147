import { describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { UnwritableError } from '../../../lib/ledger/ports.ts'
import type { Provider } from '../../../lib/providers/provider.ts'
import { processBody } from '../../../lib/ingest/process-body.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { eventWith } from '../../events.ts'

const callback = { body: new Uint8Array(), contentType: '' }

/** A provider whose every body reports this many events. */
const eventPartOf = (events: number): Provider => ({
  name: 'talkative',
  maxBodyBytes: 1,
  read: () =>
    Array.from({ length: events }, (_, index) => ({
      type: 'event' as const,
      event: eventWith({ recipient: `${index}@example.com` }),
    })),
})

function dependenciesWith(record: (event: DeliveryEvent) => Promise<void>) {
  const logged: unknown[] = []
  return {
    logged,
    on: {
      deliveries: { record },
      inbound: { keep: () => Promise.resolve() },
      clock: virtualClock('2026-11-21T08:00:00Z'),
      log: (event: string, fields = {}) => logged.push({ event, ...fields }),
    },
  }
}

describe('a body of which the table takes only a part in time', () => {
  it('begins no write once the time is up, and counts what is left', async () => {
    const deadline = new AbortController()
    let begun = 0
    const { on, logged } = dependenciesWith(() => {
      begun += 1
      if (begun === 40) deadline.abort()
      return Promise.resolve()
    })
    const until = { signal: deadline.signal, maxWrites: 5_000 }
    const taken = await processBody(eventPartOf(5_000), callback, on, until)
    expect(begun).toBeLessThan(40 + 32)
    expect(taken.recorded + taken.unfinished).toBe(5_000)
    expect(taken.recorded).toBeGreaterThan(0)
    expect(taken.unfinished).toBeGreaterThanOrEqual(5_000 - begun)
    expect(taken.unwritten).toBe(0)
    expect(logged).toEqual([])
  })

  it('begins no more writes than may be, and leaves the others', async () => {
    let begun = 0
    const { on } = dependenciesWith(() => {
      begun += 1
      return Promise.resolve()
    })
    const until = { signal: new AbortController().signal, maxWrites: 100 }
    const taken = await processBody(eventPartOf(300), callback, on, until)
    expect(begun).toBe(100)
    expect(taken).toMatchObject({ recorded: 100, unfinished: 200, unwritten: 0 })
  })

  it('waits for no write that never ends', async () => {
    const deadline = new AbortController()
    const { on } = dependenciesWith(() => {
      deadline.abort()
      return new Promise(() => undefined)
    })
    const until = { signal: deadline.signal, maxWrites: 100 }
    expect(await processBody(eventPartOf(3), callback, on, until)).toMatchObject({
      recorded: 0,
      unfinished: 3,
    })
  })
})

describe('a write that fails', () => {
  it('is its own element’s failure, logged once for each kind with how many', async () => {
    const { on, logged } = dependenciesWith((event) => {
      if (event.recipient === '1@example.com') return Promise.reject(new UnwritableError('too large'))
      if (event.recipient.startsWith('2')) return Promise.reject(new RangeError('private@example.com'))
      return Promise.resolve()
    })
    expect(await processBody(eventPartOf(21), callback, on)).toMatchObject({
      recorded: 18,
      unwritten: 2,
      reason: 'unwritable',
      problems: [{ pointer: '/1' }],
      summary: 'delivered ×21',
    })
    expect(logged).toEqual([{ event: 'write failed', error: 'RangeError', elements: 2 }])
  })
})
