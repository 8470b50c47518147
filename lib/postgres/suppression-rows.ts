import { isDeepStrictEqual } from 'node:util'
import { firstLasting, lastOf, sortableInstant, type Suppression } from '../core/suppression.ts'
import type { SuppressionEraser } from '../erase/ports.ts'
import { textOf } from '../rows/row.ts'
import { suppressedByColumns } from '../rows/suppressed-by.ts'
import { maxRounds, rowKeptChanging, suppressionIn, suppressionSets } from '../rows/suppression-row.ts'
import type { PageSize } from '../store/ports.ts'
import type { SuppressionReader, SuppressionScanner } from '../suppressions/ports.ts'
import type { Given } from './database.ts'
import { approximateRows, given, pagesOf, rowsOf, rowsOfMany } from './pages.ts'
import { definition, quoted, type PostgresTables } from './schema.ts'
import { flat, givenAs } from './statement.ts'

/** Recipients that one statement asks for. */
const recipientsAtOnce = 500

/** Reads the suppression list. It returns a row as stored, even if it was changed by hand. */
export function suppressionReader(store: PostgresTables): SuppressionReader {
  return {
    ofRecipient: async (recipient) => (await versionedSuppression(store, recipient))?.known,
    async *all() {
      for await (const row of rowsOf(store, { table: 'suppressions' })) yield suppressionIn(flat(row))
    },
  }
}

export function suppressionScanner(store: PostgresTables, { rowsInPage }: PageSize = {}): SuppressionScanner {
  return {
    approximateRows: () => approximateRows(store, 'suppressions'),
    async *pages(position) {
      for await (const page of pagesOf(store, { table: 'suppressions', rowsInPage }, position)) {
        yield { ...page, items: page.items.map(flat).map(suppressionIn) }
      }
    },
    ...suppressionBatches(store),
  }
}

/** Reads the rows of many recipients. */
export function suppressionBatches(store: PostgresTables): Pick<SuppressionScanner, 'ofRecipients'> {
  return {
    async ofRecipients(recipients) {
      const distinct = [...new Set(recipients)]
      const statement = `SELECT d.* FROM ${store.nameOf('suppressions')} AS d
        WHERE d.recipient = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb -> 'recipients')))`
      const found = new Map<string, Suppression>()
      const rows = rowsOfMany(distinct, recipientsAtOnce, (some) =>
        store.database.read(statement, { recipients: some }),
      )
      for await (const row of rows) {
        const known = suppressionIn(flat(row))
        found.set(known.recipient, known)
      }
      return found
    },
  }
}

/** A row as it was at one moment: every write of it changes the version. */
export async function versionedSuppression(
  { database, nameOf }: PostgresTables,
  recipient: string,
): Promise<{ readonly known: Suppression; readonly version: string } | undefined> {
  const [row] = await database.read(
    `WITH n AS (SELECT * FROM ${givenAs('suppressions', ['recipient'])})
     SELECT d.*, d.xmin::text AS version FROM ${nameOf('suppressions')} AS d WHERE d.recipient = ${given('recipient')}`,
    { recipient },
  )
  return row && { known: suppressionIn(flat(row)), version: textOf(row, 'version') }
}

/** Sets these columns if the row is still of this version, and returns whether it was. A column that is undefined becomes null. */
export async function replaceSuppression(
  { database, nameOf }: PostgresTables,
  recipient: string,
  version: string,
  columns: Given,
): Promise<boolean> {
  const names = Object.keys(columns)
  const statement = `WITH n AS (SELECT * FROM ${givenAs('suppressions', ['recipient', ...names], { version: 'text' })})
    UPDATE ${nameOf('suppressions')} AS d SET ${names.map((name) => `${quoted(name)} = n.${quoted(name)}`).join(', ')}
    FROM n WHERE d.recipient = n.recipient AND d.xmin::text = n.version`
  return (await database.write(statement, { ...columns, recipient, version })) > 0
}

/** Replaces rows of the suppression list only if they are as they were read. */
export function suppressionEraser(store: PostgresTables): SuppressionEraser {
  return {
    ofRecipient: (recipient) => suppressionReader(store).ofRecipient(recipient),
    async replace(recipient, leave) {
      for (let round = 0; round < maxRounds; round += 1) {
        const found = await versionedSuppression(store, recipient)
        if (found === undefined) return false
        const left = leave(found.known)
        if (isDeepStrictEqual(left, found.known)) return false
        const isDone =
          left === undefined
            ? await removeSuppression(store, recipient, found.version)
            : await replaceSuppression(store, recipient, found.version, columnsFor(left))
        if (isDone) return true
      }
      throw rowKeptChanging()
    },
  }
}

async function removeSuppression(
  { database, nameOf }: PostgresTables,
  recipient: string,
  version: string,
): Promise<boolean> {
  const statement = `DELETE FROM ${nameOf('suppressions')} AS d
    USING jsonb_to_record($1::jsonb) AS n(${definition('recipient', 'text')}, version text)
    WHERE d.recipient = n.recipient AND d.xmin::text = n.version`
  return (await database.write(statement, { recipient, version })) > 0
}

function columnsFor(left: Suppression): Given {
  const sets = suppressionSets.map((set) => [set, left[set].length > 0 ? left[set] : undefined] as const)
  return {
    ...Object.fromEntries(sets),
    removedAt: left.removals.length > 0 ? sortableInstant(lastOf(left.removals)) : undefined,
    // What found no room in a set has it now.
    evidenceLeftOut: undefined,
    latest: undefined,
    ...suppressedByColumns(firstLasting(left)),
  }
}
