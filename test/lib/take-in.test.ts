import { describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../lib/core/event.ts'
import { UnwritableError } from '../../lib/ports.ts'
import type { Provider } from '../../lib/providers/provider.ts'
import { takeIn } from '../../lib/take-in.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { eventWith } from '../events.ts'

const callback = { body: new Uint8Array(), contentType: '' }

/** A provider of whose every body this many events are told. */
const tellingOf = (events: number): Provider => ({
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
      log: (happening: string, fields = {}) => logged.push({ happening, ...fields }),
    },
  }
}

describe('a body of which the table takes only a part in time', () => {
  it('begins no write once the time is up, and logs one line for all that is left', async () => {
    const deadline = new AbortController()
    let begun = 0
    const { on, logged } = dependenciesWith(() => {
      begun += 1
      if (begun === 40) deadline.abort()
      return Promise.resolve()
    })
    const taken = await takeIn(tellingOf(5_000), callback, on, deadline.signal)
    expect(begun).toBeLessThan(40 + 32)
    expect(taken).toMatchObject({ recorded: begun, unwritten: 5_000 - begun })
    expect(logged).toEqual([{ happening: 'write failed', error: 'TimeIsUp', elements: 5_000 - begun }])
  })
})

describe('a write that fails', () => {
  it('is its own element’s failure, logged once for each kind with how many', async () => {
    const { on, logged } = dependenciesWith((event) => {
      if (event.recipient === '1@example.com') return Promise.reject(new UnwritableError('too large'))
      if (event.recipient.startsWith('2')) return Promise.reject(new RangeError('private@example.com'))
      return Promise.resolve()
    })
    expect(await takeIn(tellingOf(21), callback, on)).toMatchObject({
      recorded: 18,
      unwritten: 2,
      reason: 'unwritable',
      problems: [{ pointer: '/1' }],
      summary: 'delivered ×21',
    })
    expect(logged).toEqual([{ happening: 'write failed', error: 'RangeError', elements: 2 }])
  })
})
