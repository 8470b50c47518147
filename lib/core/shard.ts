/** A number from 0 up to `shards` that a text always gives: FNV-1a, which spreads texts that differ in few characters. */
export function shardOf(text: string, shards: number): number {
  let hash = 0x811c9dc5
  for (let place = 0; place < text.length; place += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193)
  }
  return (hash >>> 0) % shards
}
