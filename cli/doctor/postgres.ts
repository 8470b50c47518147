import { everyTable, publishedRoles, type TableName } from '../../lib/postgres/schema.ts'
import type { OpenInPostgres } from '../open-ledger.ts'
import { failed, passed, type Check } from './check.ts'

type Described = Awaited<ReturnType<OpenInPostgres['store']['describedTables']>>

/** Whom the internet may be, where a database is published. */
const isPublic = (role: string) => ['PUBLIC', ...publishedRoles].includes(role)

/** Whether the database answers, has every table of the deployment, and shows none to others. Throws where it does not answer. */
export async function checkPostgres({
  store,
  name,
}: Pick<OpenInPostgres, 'store' | 'name'>): Promise<readonly Check[]> {
  const { region: host, account: database } = await store.place()
  const answers = passed('PostgreSQL', `answers${host === '' ? '' : ` at ${host}`}: the database ${database}`)
  return [answers, ...tableChecks(await store.describedTables(), name)]
}

function tableChecks(described: Described, schema: string): readonly Check[] {
  const check = 'tables'
  if (described.size === 0) {
    return [
      failed(
        check,
        `there are none in the schema ${schema}`,
        'Check TABLE_PREFIX, which names the schema, and DATABASE_URL. The first callback, and the first run of reconcile, make them.',
      ),
    ]
  }
  const faults = everyTable.flatMap((table) => faultsOf(table, described, schema))
  return faults.length > 0
    ? faults
    : [
        passed(
          check,
          `${everyTable.length} of ${schema}, with row-level security, open to ${readersOf(described)}`,
        ),
      ]
}

/** Who was let in on purpose is no fault, and is named. */
function readersOf(described: Described): string {
  const others = new Set([...described.values()].flatMap(({ openTo }) => openTo))
  return others.size === 0 ? 'their owner alone' : `their owner and ${[...others].sort().join(', ')}`
}

function faultsOf(table: TableName, described: Described, schema: string): readonly Check[] {
  const found = described.get(table)
  const name = `"${schema}"."${table}"`
  if (!found) {
    return [
      failed(
        'tables',
        `${name} is not there`,
        'The next callback, or run of reconcile, makes it. Somebody removed it: what was in it is gone.',
      ),
    ]
  }
  if (found.isHidden) {
    return [
      failed(
        'tables',
        `all rows of ${name} are hidden from this user`,
        'No policy lets it read. See docs/postgresql.md#rights.',
      ),
    ]
  }
  const openTo = found.openTo
    .filter(isPublic)
    .map((role) => (role === 'PUBLIC' ? role : `"${role}"`))
    .join(', ')
  return [
    ...(found.hasRowSecurity
      ? []
      : [
          failed(
            'tables',
            `${name} has no row-level security`,
            `Run ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY.`,
          ),
        ]),
    ...(openTo === ''
      ? []
      : [
          failed(
            'tables',
            `${name} is open to ${openTo}`,
            `It holds addresses. Run REVOKE ALL ON ${name} FROM ${openTo}.`,
          ),
        ]),
  ]
}
