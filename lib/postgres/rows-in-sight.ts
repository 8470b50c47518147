import { everyTable, type PostgresTables, type TableName } from './schema.ts'

/**
 * Whether row-level security hides every row of the table `c` (of pg_class) from our role: it may read the table, does not own it,
 * and no policy lets any row through. PostgreSQL answers such a role with no rows, and with no error.
 */
export const areRowsHidden = `(
  has_table_privilege(c.oid, 'SELECT') AND row_security_active(c.oid) AND NOT EXISTS (
    SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*') AND EXISTS (
      SELECT FROM unnest(p.polroles) AS r(oid) WHERE CASE r.oid WHEN 0 THEN true ELSE pg_has_role(r.oid, 'USAGE') END)))`

/**
 * Resolves if our role sees the rows of these tables, as far as it may read them at all: whoever takes "no row" for an answer
 * has to know. A table that is not there hides nothing.
 */
export async function requireRowsInSight(
  { database, nameOf }: PostgresTables,
  tables: readonly TableName[] = everyTable,
): Promise<void> {
  const hidden = await database.read(
    `SELECT c.relname AS name FROM pg_class AS c WHERE ${areRowsHidden} AND c.oid = ANY (ARRAY(
       SELECT to_regclass(t.name) FROM jsonb_array_elements_text($1::jsonb -> 'names') AS t(name)))
     ORDER BY name`,
    { names: tables.map(nameOf) },
  )
  if (hidden.length === 0) return
  const names = hidden.map(({ name }) => nameOf(name as TableName)).join(', ')
  throw new Error(
    `PostgreSQL hides all rows of ${names} from this user: no policy lets it read. See docs/postgresql.md#rights.`,
  )
}
