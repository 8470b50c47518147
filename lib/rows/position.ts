/**
 * What a position of a page holds.
 * @param like - has the same keys, and values of the same kind
 * @throws where it is of another form, as of another table or kind of store. The error repeats no value, which may be an address.
 */
export function positionOf<T extends object>(position: string, like: T): T {
  const found = parsed(position)
  if (shapeOf(found) === shapeOf(like)) return found as T
  throw new Error(
    `Reading cannot go on from this position: expected ${shapeOf(like)}, found ${found === undefined ? 'what is no JSON' : shapeOf(found)}. Go on from a position that this table gave, or begin anew (a command: with --restart).`,
  )
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** `{"recipient": {"S": string}}`, in the order of the keys. */
function shapeOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  const entries = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${shapeOf(one)}`)
  return `{${entries.sort().join(', ')}}`
}
