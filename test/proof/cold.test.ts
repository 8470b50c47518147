import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { callbackSettings, deliveredCallbacks } from '../../bench/cold/callback.ts'
import { unpack } from '../../bench/cold/cold-start.ts'
import { quantile, tableOf } from '../../bench/cold/report.ts'
import { startTables } from '../../bench/cold/tables.ts'
import { makeVariants } from '../../bench/cold/variants.ts'
import { invokeBundle } from '../bundled-function.ts'

describe('the variants of the cold start', () => {
  it('answer a callback alike, and each but the bare one has written it once', async () => {
    const tables = await startTables()
    const { unpacked, remove } = await unpack(await makeVariants())
    try {
      expect(unpacked.map(({ writes }) => writes)).toEqual([false, true, true, true, true, true])
      const callbacks = deliveredCallbacks(unpacked.length)
      const environment = { ...tables.environment, ...callbackSettings }
      for (const [index, { folder, writes }] of unpacked.entries()) {
        const file = join(folder, 'functions/variant.cjs')
        expect(await invokeBundle(file, callbacks[index]!, environment)).toMatchObject({
          statusCode: 200,
          ...(writes && { body: '{"recorded":1}' }),
        })
        expect(await tables.deliveries()).toBe(index)
      }
    } finally {
      await remove()
      await tables.stop()
    }
  })

  it('differ in what they hold', async () => {
    const [bare, byHand, ours, withoutMiddy, withChain, withoutStandIns] = (await makeVariants()).map(
      ({ code }) => code.length,
    ) as [number, number, number, number, number, number]
    expect(bare).toBeLessThan(byHand)
    expect(byHand).toBeLessThan(10_000)
    expect(withoutMiddy).toBeLessThan(ours)
    expect(ours).toBeLessThan(withChain - 100_000)
    expect(withChain).toBeLessThan(withoutStandIns)
  })
})

describe('the table of cold starts', () => {
  it('compares each to the first in the same round', () => {
    const start = (initMs: number, invocationMs: number) => ({ initMs, invocationMs })
    // Twice, three times and four times the bare one.
    const lines = tableOf([
      { name: 'bare', bytes: 500, starts: [start(45, 5), start(90, 10), start(40, 10)] },
      { name: 'other', bytes: 1_000, starts: [start(75, 25), start(200, 100), start(150, 50)] },
    ])
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['', 'answer after', '× bare', 'of it'],
      ['', 'bytes', 'median', 'p90', 'median', 'quartiles', 'init', 'invocation'],
      ['bare', '500', '50 ms', '90 ms', '1.00', '1.00–1.00', '0.90', '0.10'],
      ['other', '1000', '200 ms', '280 ms', '3.00', '2.50–3.50', '2.00', '1.00'],
    ])
  })

  it('takes a quantile between neighbors', () => {
    expect(quantile([40, 10, 20, 30], 0.5)).toBe(25)
    expect(quantile([40, 10, 20, 30], 0)).toBe(10)
    expect(quantile([7], 0.9)).toBe(7)
  })
})
