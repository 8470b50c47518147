/**
 * The first so many of these.
 * @param onMore - called where there are more, which takes one read beyond them; without it nothing is read beyond
 */
export async function* firstItems<T>(
  items: AsyncIterable<T>,
  most: number,
  onMore?: () => void,
): AsyncIterable<T> {
  let given = 0
  for await (const item of items) {
    if (given >= most) {
      onMore?.()
      return
    }
    yield item
    given += 1
    if (given >= most && onMore === undefined) return
  }
}

/** The first so many of these, and whether there are more. */
export async function firstOf<T>(
  items: AsyncIterable<T>,
  most: number,
): Promise<{ readonly items: readonly T[]; readonly isCut: boolean }> {
  let isCut = false
  const first = await Array.fromAsync(
    firstItems(items, most, () => {
      isCut = true
    }),
  )
  return { items: first, isCut }
}
