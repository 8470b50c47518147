import { expect, it } from '@jest/globals'
import { firstItems, firstOf } from '../../../lib/core/first-items.ts'

/** Three items, and how many were read. */
function counted() {
  const read: number[] = []
  async function* items() {
    for (const item of [1, 2, 3]) {
      read.push(item)
      yield await Promise.resolve(item)
    }
  }
  return { read, items: items() }
}

it.each([
  [2, [1, 2], [1, 2]],
  [3, [1, 2, 3], [1, 2, 3]],
  [4, [1, 2, 3], [1, 2, 3]],
])('the first %d are read, and nothing beyond them', async (most, given, readUpTo) => {
  const { read, items } = counted()
  expect(await Array.fromAsync(firstItems(items, most))).toEqual(given)
  expect(read).toEqual(readUpTo)
})

it.each([
  [2, { items: [1, 2], isCut: true }, [1, 2, 3]],
  [3, { items: [1, 2, 3], isCut: false }, [1, 2, 3]],
  [0, { items: [], isCut: true }, [1]],
])('whether there are more than %d is known by one read', async (most, first, readUpTo) => {
  const { read, items } = counted()
  expect(await firstOf(items, most)).toEqual(first)
  expect(read).toEqual(readUpTo)
})
