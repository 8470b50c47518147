import { afterAll, beforeAll } from '@jest/globals'
import { cloudBaseDatabase } from '../../lib/postgres/cloudbase-database.ts'
import { openPostgres } from '../../lib/postgres/postgres-store.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { dynamoDbStore } from '../../lib/table/dynamodb-store.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedPostgres } from '../embedded-postgres.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { startSimulatedCloudBase, type SimulatedCloudBase } from '../tencent/simulated-cloudbase.ts'
import { describeStoreContract } from './store-contract.ts'

const engine = embeddedTables()
const postgres = embeddedPostgres()
const everyIndex = { CORRELATION_HEADER: 'SC-Custom-Order', RFC_MESSAGE_ID_INDEX: 'on' }

describeStoreContract('a store in DynamoDB', async (clock, log) =>
  dynamoDbStore({ client: engine.client, tables: await engine.freshTables(everyIndex), clock, log }),
)
describeStoreContract('a store in PostgreSQL', (clock, log) => postgres.emptied(clock, log))

const environmentId = 'an-environment'
const credentials = () => ({ secretId: 'an-id', secretKey: 'a-key', token: undefined })
let cloudBase: SimulatedCloudBase
beforeAll(async () => {
  cloudBase = await startSimulatedCloudBase({
    environmentId,
    credentials,
    clock: systemClock,
    run: (statement) => postgres.run(statement),
  })
})
afterAll(() => cloudBase.close())

describeStoreContract("a store in CloudBase's PostgreSQL", async (clock, log) => {
  await postgres.emptied(clock)
  const endpoint = cloudBase.url
  // Of its own, which its pace may set on.
  const doorClock = virtualClock(0)
  const database = cloudBaseDatabase({
    environmentId,
    endpoint,
    credentials,
    clock: doorClock,
    timeoutMs: 10_000,
  })
  return openPostgres({ database, schema: postgres.schema, clock, log })
})
