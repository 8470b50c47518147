import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import * as v from 'valibot'
import { parse } from 'yaml'

// What docs/costs.md reckons with is what is deployed.

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const costs = read('docs/costs.md')

const template = v.object({
  provider: v.object({ memorySize: v.number() }),
  functions: v.object({
    ingest: v.object({ memorySize: v.number(), timeout: v.number() }),
    reconcile: v.object({ timeout: v.number() }),
  }),
})
const { provider, functions } = v.parse(
  template,
  parse(read('serverless.yml'), {
    customTags: ['!Sub', '!GetAtt', '!Ref'].map((tag) => ({ tag, resolve: (text: string) => text })),
  }),
)

it('the memory of the ingest function is the one that the arithmetic is for', () => {
  expect(functions.ingest.memorySize).toBe(1024)
  expect(costs).toContain('## Why the ingest function has 1,024 MB')
  expect(costs).toContain('20 × 1 × 86,400 s = **1,728,000 GB-seconds a day**')
})

it('the scheduled function has memory and time for a list of many pages', () => {
  expect(provider.memorySize).toBe(512)
  expect(functions.reconcile.timeout).toBe(840)
})

it('the ingest function is not ended before it has answered', () => {
  expect(functions.ingest.timeout).toBeGreaterThanOrEqual(10)
})
