import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Row, RowValue } from '../rows/row.ts'
import type { Item } from './pages.ts'

/** An item of DynamoDB as a row of any store. */
export function plainRow(item: Item): Row {
  const row: Record<string, RowValue> = {}
  for (const [name, value] of Object.entries(item)) row[name] = plainValue(value)
  return row
}

function plainValue(value: AttributeValue): RowValue {
  if (value.S !== undefined) return value.S
  if (value.SS) return value.SS
  if (value.N !== undefined) return Number(value.N)
  if (value.B) return value.B
  if (value.L) return value.L.flatMap(({ S }) => S ?? [])
  if (value.M) {
    return Object.fromEntries(Object.entries(value.M).map(([name, one]) => [name, plainValue(one)]))
  }
  return {}
}
