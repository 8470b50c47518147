import { describe, expect, it } from '@jest/globals'
import { lazily } from '../../../lib/runtime/lazily.ts'

describe('a lazy value', () => {
  it('is not made before its first use, and then once', () => {
    let makings = 0
    const value = lazily(() => ({ making: (makings += 1) }))
    expect(makings).toBe(0)
    const first = value()
    expect(value()).toBe(first)
    expect(first).toEqual({ making: 1 })
    expect(makings).toBe(1)
  })

  it('is made again where making it failed, and reports each failure', () => {
    let makings = 0
    const value = lazily(() => {
      makings += 1
      if (makings < 3) throw new Error(`failure ${makings}`)
      return { making: makings }
    })
    expect(value).toThrow('failure 1')
    expect(value).toThrow('failure 2')
    expect(value()).toEqual({ making: 3 })
    expect(value()).toEqual({ making: 3 })
  })
})
