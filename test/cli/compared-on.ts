import { comparedBy } from '../../cli/checkpoint-file.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import type { TableNames } from '../../lib/store/ports.ts'
import { dynamoDbStore } from '../../lib/table/dynamodb-store.ts'
import type { EmbeddedTables } from '../embedded-tables.ts'

/** What a command with these options compares its checkpoint by. */
export function comparedOn(
  engine: EmbeddedTables,
  { prefix, ...tables }: TableNames & { readonly prefix: string },
  options: Readonly<Record<string, unknown>>,
): Promise<string> {
  const store = dynamoDbStore({ client: engine.client, tables, clock: systemClock, log: () => undefined })
  return comparedBy(store, engine.environmentOf({ prefix }), options)
}
