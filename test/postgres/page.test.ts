import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { pgDatabase } from '../../lib/postgres/pg-database.ts'
import { openPostgres } from '../../lib/postgres/postgres-store.ts'
import { recordingSuppressions } from '../../lib/suppressions/record-with-suppressions.ts'
import { messageIdAt } from '../../local/simulated-ses/mail.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { eventWith } from '../events.ts'
import { serverUrl } from './server-url.ts'

// Every statement of docs/postgresql.md, on tables with a mail of each kind.

const page = readFileSync(new URL('../../docs/postgresql.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/^```sql\n([^]*?)^```$/gm)].map(([, text]) => text!)
const roles = blocks.filter((text) => text.includes('CREATE ROLE'))
const questions = blocks.filter((text) => !text.includes('CREATE ROLE'))
const schema = 'delivery-ledger-prod'

const admin = new pg.Client({ connectionString: serverUrl() })
const ledger = pgDatabase({ url: serverUrl().replace('//ledger@', '//ledger_of_page@'), timeoutMs: 20_000 })
const clock = virtualClock('2026-11-21T08:00:00Z')
const store = openPostgres({ database: ledger, schema, clock, log: () => undefined })

/** The roles of the page are called otherwise here: the server's own is a superuser. */
const asHere = (text: string) => text.replaceAll(/\bledger\b(?!-)/g, 'ledger_of_page')

beforeAll(async () => {
  await admin.connect()
  await admin.query(asHere(roles[0]!))
  await store.createTables()
  const deliveries = store.deliveryWriter({ retentionDays: 400 })
  const writer = recordingSuppressions(deliveries, store.suppressionWriter())
  const message = messageIdAt('2026-11-21T06:00:00Z', 'anna')
  const occurredAtMs = Date.parse('2026-11-21T06:00:10Z')
  const bounce = { kind: 'bounced', bounceClass: 'hard', reply: '550 5.1.1 no such user' } as const
  await writer.record(eventWith({ message, occurredAtMs, recipient: 'anna@example.com' }))
  await writer.record(eventWith({ message, occurredAtMs, recipient: 'gone@example.com', ...bounce }))
  await admin.query(asHere(roles[1]!))
})
afterAll(async () => {
  await ledger.close()
  await admin.query(`DROP SCHEMA "${schema}" CASCADE; DROP ROLE reports; DROP ROLE ledger_of_page`)
  await admin.end()
})

describe('the page', () => {
  it.each(questions)('asks what can be answered: %s', async (text) => {
    const answered = [await admin.query<Record<string, unknown>>(text)].flat()
    for (const { rows } of answered)
      expect(rows.length).toBeGreaterThanOrEqual(/interval|reconciliation/.test(text) ? 0 : 1)
  })

  it('gives a role one table to read, and no other', async () => {
    const url = serverUrl().replace('//ledger@', '//reports@')
    const reports = new pg.Client({ connectionString: url })
    await reports.connect()
    try {
      expect((await reports.query(`SELECT * FROM "${schema}".deliveries`)).rowCount).toBe(2)
      await expect(reports.query(`SELECT * FROM "${schema}".suppressions`)).rejects.toThrow(
        'permission denied',
      )
      await expect(reports.query(`DELETE FROM "${schema}".deliveries`)).rejects.toThrow('permission denied')
    } finally {
      await reports.end()
    }
  })
})
