import { describe, expect, it } from '@jest/globals'
import type { DeliveryScanner } from '../../lib/ledger/ports.ts'
import { isWhole, scanDeliveries, scanFromStart } from '../../cli/scan-deliveries.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { deliveryScanner } from '../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith } from '../events.ts'

const engine = embeddedTables()
const log = () => undefined

async function scannerOfMails(count: number): Promise<DeliveryScanner> {
  const { deliveries: table } = await engine.freshTables()
  const { client } = engine
  const writer = deliveryWriter({ client, table, retentionDays: 400, clock: systemClock })
  for (let mail = 1; mail <= count; mail += 1) {
    await writer.record(eventWith({ recipient: `${mail}@example.com` }))
  }
  return deliveryScanner({ client, table, clock: systemClock, log, rowsInPage: 1 })
}

const never = new AbortController().signal
const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((mail) => `${mail}@example.com`)

describe('a scan of the deliveries', () => {
  it.each([1, 3, 20])('reads every mail once, by %d segments', async (segments) => {
    const read: string[] = []
    const state = scanFromStart(segments)
    await scanDeliveries(await scannerOfMails(9), {
      state,
      signal: never,
      onPage: (mails) => void read.push(...mails.map(({ recipient }) => recipient)),
      onState: () => undefined,
    })
    expect(read.toSorted()).toEqual(nine)
    expect([state.rows, isWhole(state)]).toEqual([9, true])
  })

  it('goes on where it was interrupted, and takes nothing twice and leaves nothing out', async () => {
    const scanner = await scannerOfMails(9)
    const read: string[] = []
    const state = scanFromStart(2)
    let runs = 0
    for (; !isWhole(state) && runs < 20; runs += 1) {
      const interrupted = new AbortController()
      await scanDeliveries(scanner, {
        state,
        signal: interrupted.signal,
        onPage: (mails) => void read.push(...mails.map(({ recipient }) => recipient)),
        onState: () => {
          interrupted.abort()
        },
      })
    }
    expect(runs).toBeGreaterThan(3)
    expect(read.toSorted()).toEqual(nine)
  })

  it('reads on only when a page is taken, and never takes two at once', async () => {
    const scanner = await scannerOfMails(9)
    const seen = { read: 0, taken: 0, ahead: 0, taking: 0 }
    const counted: Pick<DeliveryScanner, 'wholePages'> = {
      async *wholePages(position, segment) {
        for await (const page of scanner.wholePages(position, segment)) {
          seen.read += page.items.length
          seen.ahead = Math.max(seen.ahead, seen.read - seen.taken)
          yield page
        }
      },
    }
    await scanDeliveries(counted, {
      state: scanFromStart(2),
      signal: never,
      onPage: async (mails) => {
        seen.taking += 1
        expect(seen.taking).toBe(1)
        await new Promise(setImmediate)
        seen.taking -= 1
        seen.taken += mails.length
      },
      onState: () => undefined,
    })
    expect(seen).toEqual({ read: 9, taken: 9, ahead: 2, taking: 0 })
  })

  it('ends with what could not be taken, and takes nothing behind it', async () => {
    let tries = 0
    const state = scanFromStart(3)
    const failing = scanDeliveries(await scannerOfMails(9), {
      state,
      signal: never,
      onPage: () => Promise.reject(new Error(`no space left, try ${(tries += 1)}`)),
      onState: () => undefined,
    })
    await expect(failing).rejects.toThrow('no space left, try 1')
    expect([tries, state.rows]).toEqual([1, 0])
  })
})
