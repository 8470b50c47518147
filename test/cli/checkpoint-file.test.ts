import { describe, expect, it } from '@jest/globals'
import { comparedBy } from '../../cli/checkpoint-file.ts'
import { dynamoDbStore } from '../../lib/table/dynamodb-store.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedPostgres } from '../embedded-postgres.ts'
import { embeddedTables } from '../embedded-tables.ts'

const engine = embeddedTables({ onlyHere: true })
const postgres = embeddedPostgres()
const clock = virtualClock('2026-11-21T08:00:00Z')
const of = { segments: 4 }

describe('a checkpoint is compared', () => {
  it('by endpoint, region, account and tables of DynamoDB, and by options', async () => {
    const { prefix, ...tables } = await engine.freshTables()
    const store = dynamoDbStore({ client: engine.client, tables, clock, log: () => undefined })
    const environment = {
      AWS_ENDPOINT_URL_DYNAMODB: 'http://someone:a-password@127.0.0.1:8000?key=a-password',
    }
    expect(JSON.parse(await comparedBy(store, environment, of))).toEqual({
      kind: 'dynamodb',
      region: 'us-east-1',
      account: '000000000000',
      reachedBy: '127.0.0.1:8000/',
      tables: {
        deliveries: `${prefix}-deliveries`,
        suppressions: `${prefix}-suppressions`,
        inbound: `${prefix}-inbound`,
        quarantine: `${prefix}-quarantine`,
        reconciliation: `${prefix}-reconciliation`,
      },
      segments: 4,
    })
    expect(JSON.parse(await comparedBy(store, {}, of))).not.toHaveProperty('reachedBy')
  })

  it.each([
    [
      { DATABASE_URL: 'postgres://someone:a-password@db.example.com:5433/mails?password=a-password' },
      'db.example.com:5433/mails',
    ],
    [{ CLOUDBASE_ENV_ID: 'an-environment' }, 'an-environment'],
  ])('by server, database and schema of PostgreSQL, and by options: %j', async (environment, reachedBy) => {
    const { schema } = postgres
    const compared = JSON.parse(await comparedBy(await postgres.emptied(clock), environment, of)) as object
    expect(compared).toEqual({
      kind: 'postgresql',
      region: expect.any(String),
      account: expect.any(String),
      reachedBy,
      tables: {
        deliveries: `${schema}.deliveries`,
        suppressions: `${schema}.suppressions`,
        inbound: `${schema}.inbound`,
        quarantine: `${schema}.quarantine`,
        reconciliation: `${schema}.reconciliation`,
      },
      segments: 4,
    })
  })
})
