import { textOf } from '../rows/row.ts'
import { areRowsHidden } from './rows-in-sight.ts'
import { everyTable, type PostgresTables, type TableName } from './schema.ts'

/** What PostgreSQL says of a table. */
interface DescribedTable {
  readonly hasRowSecurity: boolean
  /** Roles beside the owner that have any privilege on it; `PUBLIC` among them is everybody. */
  readonly openTo: readonly string[]
  /** Whether all its rows are hidden from the role that asks. */
  readonly isHidden: boolean
}

/** The tables of the deployment that there are, by name. */
export async function describedTables(
  { database }: PostgresTables,
  schema: string,
): Promise<ReadonlyMap<TableName, DescribedTable>> {
  const rows = await database.read(
    `SELECT c.relname AS name, c.relrowsecurity AS "hasRowSecurity", ARRAY(
       SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END
       FROM aclexplode(c.relacl) AS g WHERE g.grantee <> c.relowner ORDER BY 1) AS "openTo", ${areRowsHidden} AS "isHidden"
     FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace
     WHERE s.nspname = $1::jsonb ->> 'schema' AND c.relkind = 'r'`,
    { schema },
  )
  const described = rows.map(
    ({ name, hasRowSecurity, openTo, isHidden }) =>
      [
        name as TableName,
        {
          hasRowSecurity: (hasRowSecurity as unknown) === true,
          openTo: (openTo ?? []) as readonly string[],
          isHidden: (isHidden as unknown) === true,
        },
      ] as const,
  )
  return new Map(described.filter(([name]) => everyTable.includes(name)))
}

/** Which server and which database it is; the server is empty where the connection is a local socket. */
export async function placeOf({
  database,
}: PostgresTables): Promise<{ readonly region: string; readonly account: string }> {
  const [row = {}] = await database.read(
    'SELECT current_database() AS account, host(inet_server_addr()) AS region',
  )
  return { region: textOf(row, 'region'), account: textOf(row, 'account') }
}
