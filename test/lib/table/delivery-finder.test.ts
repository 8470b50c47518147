import { describe, expect, it } from '@jest/globals'
import { deliveryFinder } from '../../../lib/table/delivery-finder.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { eventWith, sampleMessage } from '../../events.ts'

const engine = embeddedTables()
const signal = new AbortController().signal

async function ledger(maxReadUnits?: number) {
  const { deliveries: table } = await engine.freshTables()
  const clock = virtualClock('2022-06-02T08:00:00Z')
  const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
  const client = engine.clientAs('query')
  const bound = maxReadUnits === undefined ? {} : { maxReadUnits }
  return { writer, finder: deliveryFinder({ client, table, clock, log: () => undefined, ...bound }) }
}

describe('a finder of deliveries', () => {
  it('finds one whole, with what did not fit into its row, and none of a message that begins alike', async () => {
    const { writer, finder } = await ledger()
    const long = `550 ${'x'.repeat(3_000)}`
    await writer.record(eventWith({ kind: 'deferred', detail: long }))
    await writer.record(eventWith({ message: `${sampleMessage}2` }))
    const [found, ...others] = await finder.ofKey(
      { recipient: 'example@example.com', message: sampleMessage },
      signal,
    )
    expect(others).toEqual([])
    expect(found).toMatchObject({ message: sampleMessage, status: 'deferred' })
    expect(found?.facts.get('deferred')).toMatchObject([{ text: expect.stringContaining(long) }])
  })

  it('finds the first recipients of a message, and counts the others', async () => {
    const { writer, finder } = await ledger()
    for (const name of ['cara', 'anna', 'ben', 'dora']) {
      await writer.record(eventWith({ recipient: `${name}@example.com` }))
    }
    const { found, more } = await finder.ofMessage(sampleMessage, 2, signal)
    expect(found.map(({ recipient }) => recipient)).toEqual(['anna@example.com', 'ben@example.com'])
    expect(more).toBe(2)
  })

  // A page is 1 MB, 128 read units, and these are some 2.7 MB.
  it('refuses an address with more than its read units, and none of its messages', async () => {
    const { writer, finder } = await ledger(100)
    const text = 'x'.repeat(15_000)
    const columns = { subject: text }
    const headers = new Map(Array.from({ length: 5 }, (_, index) => [`X-${index}`, text]))
    for (let mail = 0; mail < 30; mail += 1) {
      await writer.record(eventWith({ message: `${sampleMessage}${mail}`, columns, headers }))
    }
    await expect(finder.ofRecipient('example@example.com', signal)).rejects.toMatchObject({
      name: 'TooMuchToReadError',
    })
    const { found, more } = await finder.ofMessage(`${sampleMessage}7`, 10, signal)
    expect([found.length, more]).toEqual([1, 0])
  })

  it('ends when its signal aborts', async () => {
    const { writer, finder } = await ledger()
    await writer.record(eventWith({}))
    const aborted = AbortSignal.abort()
    await expect(finder.ofRecipient('example@example.com', aborted)).rejects.toMatchObject({
      name: 'AbortError',
    })
    await expect(finder.ofMessage(sampleMessage, 10, aborted)).rejects.toMatchObject({ name: 'AbortError' })
  })
})
