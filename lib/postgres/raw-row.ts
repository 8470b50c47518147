import type { DeliveryKey } from '../core/delivery.ts'
import type { RowValue } from '../rows/row.ts'
import type { RawField } from '../store/ports.ts'
import { tables, type PostgresTables } from './schema.ts'
import { givenAs } from './statement.ts'

/** Every column of a delivery's row that is not null, in the order of their names; none where there is no row. */
export async function rawRow(
  { database, nameOf }: PostgresTables,
  { recipient, message }: DeliveryKey,
): Promise<readonly RawField[]> {
  const [row = {}] = await database.read(
    `SELECT d.* FROM ${nameOf('deliveries')} AS d JOIN ${givenAs('deliveries', ['recipient', 'message'])}
     ON d.recipient = n.recipient AND d.message = n.message`,
    { recipient, message },
  )
  const types: Readonly<Record<string, string>> = tables.deliveries.columns
  return Object.entries(row)
    .map(([name, value]) => ({ name, type: types[name] ?? '', values: textsOf(value) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

function textsOf(value: RowValue): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? (value as readonly unknown[]) : [value]
  return all.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
}
