import { openPostgres } from '../../lib/postgres/postgres-store.ts'
import { pgDatabase } from '../../lib/postgres/pg-database.ts'
import type { ReconcileStore } from '../../lib/store/ports.ts'
import { dynamoDbReconciling } from '../../lib/table/dynamodb-reconciling.ts'
import { tableNames } from '../../lib/table/names.ts'
import { startDynamoDbEmulator } from '../../local/dynamodb-emulator.ts'
import { startPostgres } from '../../local/postgres-server.ts'
import { createTables } from '../../local/tables.ts'
import type { VirtualClock } from '../../local/virtual-clock.ts'
import type { EmbeddedPostgres } from '../embedded-postgres.ts'
import { startSimulatedCloudBase } from './simulated-cloudbase.ts'

export type WorldStoreName = 'DynamoDB' | 'PostgreSQL' | 'CloudBase'

/** What keeps the rows of a world, in this process or on this machine. */
export interface WorldStore {
  /** What leads to it, as a deployment is given it. */
  readonly settings: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly rows: Pick<ReconcileStore, 'deliveryReader'>
  /** What is not as it should be in the end, as only this store can show. */
  readonly problems: () => Promise<readonly string[]>
  readonly stop: () => Promise<void>
}

interface World {
  readonly prefix: string
  readonly clock: VirtualClock
  /** Of the run role. */
  readonly credentials: { readonly secretId: string; readonly secretKey: string; readonly token: string }
  readonly embedded: EmbeddedPostgres
}

/** Starts it. The tables of PostgreSQL are made by the functions. */
export async function worldStore(name: WorldStoreName, world: World): Promise<WorldStore> {
  switch (name) {
    case 'DynamoDB':
      return inDynamoDb(world)
    case 'PostgreSQL':
      return inPostgres(world)
    case 'CloudBase':
      return inCloudBase(world)
  }
}

const log = () => undefined

async function inDynamoDb({ prefix, clock }: World): Promise<WorldStore> {
  const { client, endpoint, stop } = await startDynamoDbEmulator(0)
  await createTables(client, prefix)
  return {
    settings: { awsRegion: 'local', dynamodbEndpoint: endpoint },
    secrets: { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    rows: dynamoDbReconciling({ client, tables: tableNames(prefix), clock, log }),
    problems: () => Promise.resolve([]),
    stop,
  }
}

/** Of each instance of ingest 2, of reconcile 4. */
const mostConnections = 6

async function inPostgres({ prefix, clock }: World): Promise<WorldStore> {
  const server = await startPostgres({ isDurable: false })
  const database = pgDatabase({ url: server.url, timeoutMs: 20_000 })
  const rows = openPostgres({ database, schema: prefix, clock, log })
  return {
    settings: {},
    secrets: { DATABASE_URL: `${server.url}?application_name=scf` },
    rows,
    async problems() {
      const [{ open } = { open: 0 }] = await database.read(
        "SELECT count(*) AS open FROM pg_stat_activity WHERE application_name = 'scf'",
      )
      return Number(open) > 0 && Number(open) <= mostConnections ? [] : [`${Number(open)} connections`]
    },
    async stop() {
      await database.close()
      await server.stop()
    },
  }
}

/** One says that a table is not there, at the first statements. */
const expectedAnswers = ['ok', 'lost', 'FailedOperation.PGExecuteSqlError', 'RequestLimitExceeded']

/** Every tenth call is one too many, and the answer of every thirteenth is lost. */
async function inCloudBase({ prefix, clock, credentials, embedded }: World): Promise<WorldStore> {
  const environmentId = 'an-environment'
  const rows = openPostgres({ database: embedded.database, schema: prefix, clock, log })
  const simulated = await startSimulatedCloudBase({
    environmentId,
    credentials: () => credentials,
    run: (statement) => embedded.run(statement),
  })
  simulated.failWhen(({ number }) => number % 10 === 0, { code: 'RequestLimitExceeded' })
  simulated.loseAnswers(({ number }) => number % 13 === 0)
  return {
    settings: { cloudbaseEnvId: environmentId, cloudbaseEndpoint: simulated.url },
    secrets: {},
    rows,
    problems() {
      const answers = new Set(simulated.calls.map(({ answer }) => answer))
      const missing = expectedAnswers.filter((answer) => !answers.delete(answer))
      return Promise.resolve([...answers, ...missing.map((answer) => `no ${answer}`)])
    },
    stop: () => simulated.close(),
  }
}
