import type { Delivery } from '../core/delivery.ts'
import { wholeDeliveries, type Reading } from '../rows/delivery-row.ts'
import { textOf, type Row, type RowValue } from '../rows/row.ts'
import { flat } from './statement.ts'
import type { PostgresTables } from './schema.ts'

/** A delivery's row `d`, and in `beside` all rows beside it, in the order of their keys. */
export function wholeRow({ nameOf }: Pick<PostgresTables, 'nameOf'>): string {
  return `d.*, (SELECT jsonb_agg(to_jsonb(b) ORDER BY b.suffix) FROM ${nameOf('beside')} AS b
    WHERE b.recipient = d.recipient AND b.message = d.message) AS beside`
}

/** The row, and those beside it, as the table of DynamoDB has them. */
export function rowsWithBeside({ beside, ...row }: Row): readonly Row[] {
  const others = (beside ?? []) as unknown as readonly Row[]
  return [flat(row), ...others.map(besideRow)]
}

/** A row beside a delivery's own. */
export function besideRow(stored: Row): Row {
  const message = textOf(stored, 'message')
  return {
    recipient: textOf(stored, 'recipient'),
    ...('expiresAt' in stored && { expiresAt: stored.expiresAt }),
    ...('provider' in stored && { provider: stored.provider }),
    ...(stored.content as Record<string, RowValue>),
    [textOf(stored, 'names')]: message,
    message: `${message}#${textOf(stored, 'suffix')}`,
  }
}

/** The deliveries of rows that {@link wholeRow} selected. */
export function wholeOf(rows: readonly Row[], reading: Reading): Promise<readonly Delivery[]> {
  return wholeDeliveries(rows.flatMap(rowsWithBeside), reading)
}
