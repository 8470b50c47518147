import pMap from 'p-map'

/** How fast many of a kind were done. */
export interface Timed {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

/** Does one after the other, so many at a time. */
export async function timed<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<unknown>,
): Promise<Timed> {
  const took: number[] = []
  const startedMs = performance.now()
  await pMap(
    items,
    async (item) => {
      const beganMs = performance.now()
      await work(item)
      took.push(performance.now() - beganMs)
    },
    { concurrency },
  )
  const seconds = (performance.now() - startedMs) / 1_000
  took.sort((one, other) => one - other)
  const at = (part: number) => took[Math.floor(took.length * part)] ?? 0
  return { perSecond: items.length / seconds, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) }
}
