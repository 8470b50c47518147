import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { shownInTime } from './small-world.ts'

describe('a law that fails', () => {
  it('is tried with 200 smaller cases, and then its counterexample is shown', async () => {
    let tried = 0
    const law = shownInTime<[readonly number[]]>(() => {
      tried += 1
      return Promise.reject(new Error('whatever they are'))
    })
    // Each of them is made smaller.
    const numbers = fc.array(fc.integer({ min: 0, max: 2 ** 30 }), { minLength: 300, maxLength: 300 })
    await expect(fc.assert(fc.asyncProperty(numbers, law))).rejects.toThrow('Counterexample')
    expect(tried).toBe(201)
  })

  it('is tried as often as it is asked to while it holds', async () => {
    let tried = 0
    const law = shownInTime(() => {
      tried += 1
      return Promise.resolve()
    })
    await fc.assert(fc.asyncProperty(fc.nat(), law), { numRuns: 500 })
    expect(tried).toBe(500)
  })
})
