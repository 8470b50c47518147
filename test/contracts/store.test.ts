import { dynamoDbStore } from '../../lib/table/dynamodb-store.ts'
import { embeddedPostgres } from '../embedded-postgres.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { describeStoreContract } from './store-contract.ts'

const engine = embeddedTables()
const postgres = embeddedPostgres()
const everyIndex = { CORRELATION_HEADER: 'SC-Custom-Order', RFC_MESSAGE_ID_INDEX: 'on' }

describeStoreContract('a store in DynamoDB', async (clock, log) =>
  dynamoDbStore({ client: engine.client, tables: await engine.freshTables(everyIndex), clock, log }),
)
describeStoreContract('a store in PostgreSQL', (clock, log) => postgres.emptied(clock, log))
