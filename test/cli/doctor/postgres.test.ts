import { beforeEach, describe, expect, it } from '@jest/globals'
import { checkPostgres } from '../../../cli/doctor/postgres.ts'
import { openPostgres } from '../../../lib/postgres/postgres-store.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedPostgres } from '../../embedded-postgres.ts'

const engine = embeddedPostgres()
const clock = virtualClock('2026-11-28T08:00:00Z')

beforeEach(async () => {
  await engine.emptied(clock)
})

async function checked(schema = engine.schema) {
  const store = openPostgres({ database: engine.database, schema, clock, log: () => undefined })
  const [answers, ...ofTables] = await checkPostgres({ store, name: schema })
  expect(answers).toMatchObject({ check: 'PostgreSQL', verdict: 'passed' })
  return ofTables.map(({ verdict, found, advice }) => ({ verdict, found, advice }))
}

describe('the tables in PostgreSQL', () => {
  it('pass where all are there, open to their owner alone', async () => {
    expect(await checked()).toEqual([
      {
        verdict: 'passed',
        found: `8 of ${engine.schema}, with row-level security, open to their owner alone`,
      },
    ])
  })

  it('fail where the schema has none', async () => {
    expect(await checked('delivery-ledger-pro')).toEqual([
      {
        verdict: 'failed',
        found: 'there are none in the schema delivery-ledger-pro',
        advice:
          'Check TABLE_PREFIX, which names the schema, and DATABASE_URL. The first callback, and the first run of reconcile, make them.',
      },
    ])
  })

  it('fail where one was removed', async () => {
    await engine.lose('inbound')
    expect(await checked()).toMatchObject([
      { verdict: 'failed', found: `"${engine.schema}"."inbound" is not there` },
    ])
  })

  it('fail where somebody else may read one', async () => {
    const table = `"${engine.schema}"."suppressions"`
    await engine.database.write(`GRANT SELECT ON ${table} TO PUBLIC`)
    expect(await checked()).toEqual([
      {
        verdict: 'failed',
        found: `${table} is open to PUBLIC`,
        advice: `It holds addresses. Run REVOKE ALL ON ${table} FROM PUBLIC.`,
      },
    ])
    await engine.database.write(`REVOKE ALL ON ${table} FROM PUBLIC`)
  })

  it('fail where row-level security was turned off', async () => {
    const table = `"${engine.schema}"."deliveries"`
    await engine.database.write(`ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`)
    expect(await checked()).toEqual([
      {
        verdict: 'failed',
        found: `${table} has no row-level security`,
        advice: `Run ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY.`,
      },
    ])
    await engine.database.write(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`)
  })
})
