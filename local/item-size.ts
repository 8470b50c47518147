import engine from 'dynalite/db/index.js'

// An item has "a maximum size of 400 KB", names and values "with UTF-8 encoding" (DynamoDB developer guide, constraints). The
// engine keeps the limit, but counts UTF-16 units: of Chinese text it would take three times as much.

const sizeInUnits = engine.itemSize

/** Has the engine measure items in bytes, as DynamoDB does. */
export function measureItemsInBytes(): void {
  engine.itemSize = (item, ...options) => sizeInUnits(item, ...options) + bytesBeyondUnits(item)
}

/** JSON adds nothing that is not ASCII, and escapes nothing that is no ASCII and can come in UTF-8. */
function bytesBeyondUnits(item: object): number {
  const json = JSON.stringify(item)
  return Buffer.byteLength(json) - json.length
}
