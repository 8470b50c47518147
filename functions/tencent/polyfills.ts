// What Node 20.19 and 18.15 lack of what the functions use. `npm run test:tencent` compares it with what those lack.

/** Adds a property as the language does: writable, and not enumerable. */
function add(target: object, name: string, value: unknown): void {
  if (name in target) return
  Object.defineProperty(target, name, { value, writable: true, configurable: true })
}

function groupedInto<K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  let index = 0
  for (const item of items) {
    const key = keyOf(item, index)
    index += 1
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

function groupedByName<T>(
  items: Iterable<T>,
  keyOf: (item: T, index: number) => PropertyKey,
): Partial<Record<PropertyKey, T[]>> {
  const nameOf = (item: T, index: number) => {
    const key = keyOf(item, index)
    return typeof key === 'symbol' ? key : String(key)
  }
  const groups = Object.create(null) as Partial<Record<PropertyKey, T[]>>
  for (const [key, group] of groupedInto(items, nameOf)) groups[key] = group
  return groups
}

async function arrayFrom<T>(items: AsyncIterable<T> | Iterable<T>): Promise<Awaited<T>[]> {
  const array: Awaited<T>[] = []
  for await (const item of items) array.push(item)
  return array
}

function sorted<T>(this: Iterable<T>, compare?: (a: T, b: T) => number): T[] {
  return [...this].sort(compare)
}

function reversed<T>(this: Iterable<T>): T[] {
  return [...this].reverse()
}

/** Source: ECMAScript 2024, String.prototype.toWellFormed: U+FFFD for every lone surrogate. */
function wellFormed(this: string): string {
  return this.replace(/\p{Surrogate}/gu, '\uFFFD')
}

/** A signal that aborts with the reason of the first of these that does. */
function anySignal(signals: Iterable<AbortSignal>): AbortSignal {
  const controller = new AbortController()
  const all = [...signals]
  const aborted = all.find((signal) => signal.aborted)
  if (aborted) controller.abort(aborted.reason)
  for (const signal of aborted ? [] : all) {
    const abort = () => {
      controller.abort(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true, signal: controller.signal })
  }
  return controller.signal
}

function canParse(url: string | URL, base?: string | URL): boolean {
  try {
    new URL(url, base)
    return true
  } catch {
    return false
  }
}

/** A promise, and what settles it. */
function withResolvers<T>() {
  let resolve: ((value: T | PromiseLike<T>) => void) | undefined
  let reject: ((reason?: unknown) => void) | undefined
  const promise = new Promise<T>((...both) => {
    ;[resolve, reject] = both
  })
  return { promise, resolve, reject }
}

add(Map, 'groupBy', groupedInto)
add(Object, 'groupBy', groupedByName)
add(Array, 'fromAsync', arrayFrom)
add(Array.prototype, 'toSorted', sorted)
add(Array.prototype, 'toReversed', reversed)
add(String.prototype, 'toWellFormed', wellFormed)
add(AbortSignal, 'any', anySignal)
add(URL, 'canParse', canParse)
add(Promise, 'withResolvers', withResolvers)
