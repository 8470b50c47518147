import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { checkPostgres } from '../../cli/doctor/postgres.ts'
import { registerShow } from '../../cli/show.ts'
import { isSuppressed } from '../../lib/client/postgres.ts'
import { pgDatabase } from '../../lib/postgres/pg-database.ts'
import { openPostgres } from '../../lib/postgres/postgres-store.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { runInProcess } from '../cli/in-process.ts'
import { embeddedPostgres } from '../embedded-postgres.ts'
import { serverUrl } from './server-url.ts'

const engine = embeddedPostgres()
const owner = pgDatabase({ url: serverUrl(), timeoutMs: 20_000 })
const environmentBefore = { ...process.env }
const table = () => `"${engine.schema}"."suppressions"`
const urlOfAnother = () => serverUrl().replace('//ledger@', '//another-user@')

beforeAll(async () => {
  const store = await engine.emptied(systemClock)
  await store.suppressionWriter().suppress({
    recipient: 'gone@example.com',
    reason: 'hard-bounce',
    occurredAtMs: Date.parse('2026-11-21T08:00:03Z'),
    source: 'callback',
    provider: 'tencent-ses',
    message: 'qcloudses-30-251200670-date-20261121160000-hFd3sKw9',
    judgement: { class: 'gone', rule: 'mailbox-not-there' },
    detail: '551 5.1.1 recipient is not exist',
  })
  await engine.run('CREATE ROLE "another-user" LOGIN')
  await engine.run(`GRANT USAGE ON SCHEMA "${engine.schema}" TO "another-user"`)
  await engine.run(`GRANT SELECT ON ${table()} TO "another-user"`)
  Object.assign(process.env, { DELIVERY_LEDGER_DATABASE_URL: urlOfAnother(), TABLE_PREFIX: engine.schema })
})
afterAll(async () => {
  process.env = environmentBefore
  await owner.write('DROP OWNED BY "another-user"')
  await owner.write('DROP ROLE "another-user"')
  await owner.close()
})

describe('a person whose user does not own the tables', () => {
  it('does not read that there is nothing, but that rows are hidden', async () => {
    const { code, output, errors } = await runInProcess(registerShow, ['show', 'gone@example.com'], {
      DATABASE_URL: urlOfAnother(),
      TABLE_PREFIX: engine.schema,
    })
    expect({ code, output }).toEqual({ code: 1, output: '' })
    expect(errors).toBe(
      `PostgreSQL hides all rows of ${table()} from this user: no policy lets it read. See docs/postgresql.md#rights.\n`,
    )
  })

  it('is shown by the doctor', async () => {
    const database = pgDatabase({ url: urlOfAnother(), timeoutMs: 20_000 })
    const store = openPostgres({ database, schema: engine.schema, clock: systemClock, log: () => undefined })
    const checks = await checkPostgres({ store, name: engine.schema })
    await database.close()
    expect(checks.filter(({ verdict }) => verdict === 'failed')).toEqual([
      {
        check: 'tables',
        verdict: 'failed',
        found: `all rows of ${table()} are hidden from this user`,
        advice: 'No policy lets it read. See docs/postgresql.md#rights.',
      },
    ])
  })
})

describe('an application whose user does not own the tables', () => {
  it('is never answered that an address is free because rows are hidden from it', async () => {
    await expect(isSuppressed('gone@example.com')).rejects.toThrow('hides all rows')
    await engine.run(`CREATE POLICY other ON ${table()} FOR SELECT TO pg_monitor USING (true)`)
    await expect(isSuppressed('gone@example.com')).rejects.toThrow('hides all rows')
  })

  it('is answered where a policy lets it read', async () => {
    await engine.run(`CREATE POLICY reading ON ${table()} FOR SELECT TO "another-user" USING (true)`)
    expect(await isSuppressed('gone@example.com')).toBe(true)
    expect(await isSuppressed('here@example.com')).toBe(false)
  })
})
