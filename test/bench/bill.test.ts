import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { billOfMonth, itemsOfMonth } from '../../bench/bill/month.ts'

const read = (page: string) => readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8')
const costs = read('costs.md')
const runbook = read('runbook.md')

describe("a month's bill", () => {
  it('of 10,000 mails a day is the one of docs/costs.md', () => {
    expect(costs).toContain(`10,000 mails a day, dollars a month:\n${billOfMonth(10_000).join('\n')}\n`)
    expect(costs).toContain('**10,000 mails a day: about 19 dollars a month**')
  })

  it('counts the metrics and alarms that the runbook counts', () => {
    // 35 × 0.30 + 20 × 0.10 + 3
    expect(itemsOfMonth(0).at(-1)?.dollars).toBeCloseTo(15.5, 6)
    expect(runbook).toMatch(/\| custom metrics +\| 35: /)
    expect(runbook).toMatch(/\| alarms +\| 14, on 20 metrics: /)
    expect(runbook).toMatch(/\| dashboards +\| 1 +\|/)
  })

  it('without mail is that of watching, and of a run every five minutes', () => {
    const dollars = itemsOfMonth(0).map((item) => Math.round(item.dollars * 100) / 100)
    // 8,640 runs of 2 s in half a GB are 8,640 GB-seconds: 12 cents.
    expect(dollars).toEqual([0, 0, 0, 0.12, 0, 15.5])
  })

  it('of a million mails a day writes 180 million units at 0.625 dollars a million', () => {
    expect(itemsOfMonth(1_000_000)[0]?.dollars).toBeCloseTo(112.5, 6)
  })
})
