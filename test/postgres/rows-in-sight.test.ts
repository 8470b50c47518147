import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isSuppressed } from '../../lib/client/postgres.ts'
import { pgDatabase } from '../../lib/postgres/pg-database.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { embeddedPostgres } from '../embedded-postgres.ts'
import { serverUrl } from './server-url.ts'

const engine = embeddedPostgres()
const owner = pgDatabase({ url: serverUrl(), timeoutMs: 20_000 })
const environmentBefore = { ...process.env }
const table = () => `"${engine.schema}".suppressions`

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
  const url = serverUrl().replace('//ledger@', '//another-user@')
  Object.assign(process.env, { DELIVERY_LEDGER_DATABASE_URL: url, TABLE_PREFIX: engine.schema })
})
afterAll(async () => {
  process.env = environmentBefore
  await owner.write('DROP OWNED BY "another-user"')
  await owner.write('DROP ROLE "another-user"')
  await owner.close()
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
