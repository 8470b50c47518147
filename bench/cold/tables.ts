import { fileURLToPath } from 'node:url'
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { tableNames } from '../../lib/table/names.ts'
import { scanItems } from '../../lib/table/pages.ts'
import { emulatorCredentials, emulatorRegion } from '../../local/emulator-credentials.ts'
import { startTied, untilReady } from '../../test/aws/tied-process.ts'
import { quantile } from './report.ts'

/** Tables in a process of their own, over TLS: by plain HTTP the AWS SDK takes a longer way than in the cloud. */
interface Tables {
  /** With what a function finds them. */
  readonly environment: Readonly<Record<string, string>>
  /** Writes until the engine is as fast as it gets; answers what a write takes then. */
  readonly warmUp: () => Promise<number>
  readonly deliveries: () => Promise<number>
  readonly stop: () => Promise<void>
}

const prefix = 'cold'

/** The certificate that dynalite brings along is nobody's. */
const anyCertificate = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }

export async function startTables(): Promise<Tables> {
  const program = fileURLToPath(new URL('table-process.ts', import.meta.url))
  const engine = startTied([process.execPath, program], { env: { TABLE_PREFIX: prefix, ...anyCertificate } })
  const endpoint = await untilReady(engine, 'the tables', () =>
    Promise.resolve(/^https:\S+$/m.exec(engine.output())?.[0]),
  )
  const client = new DynamoDBClient({
    endpoint,
    region: emulatorRegion,
    credentials: emulatorCredentials,
    requestHandler: { httpsAgent: { rejectUnauthorized: false } },
  })
  const { deliveries } = tableNames(prefix)
  return {
    environment: {
      TABLE_PREFIX: prefix,
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      AWS_REGION: emulatorRegion,
      AWS_ACCESS_KEY_ID: emulatorCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: emulatorCredentials.secretAccessKey,
      AWS_SESSION_TOKEN: 'local',
      ...anyCertificate,
    },
    warmUp: () => warmUp(client, tableNames(prefix).inbound),
    deliveries: async () => (await Array.fromAsync(scanItems(client, { TableName: deliveries }))).length,
    async stop() {
      client.destroy()
      await engine.stop()
    },
  }
}

async function warmUp(client: DynamoDBClient, table: string): Promise<number> {
  const tookMs: number[] = []
  for (let written = 0; written < 300; written += 1) {
    const startedMs = performance.now()
    await client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { id: { S: `warm-${written}` } },
        UpdateExpression: 'SET expiresAt = :at ADD seen :seen',
        ConditionExpression: 'attribute_not_exists(seen) OR size(seen) < :room',
        ExpressionAttributeValues: { ':at': { N: '1' }, ':seen': { SS: ['a'] }, ':room': { N: '50' } },
      }),
    )
    tookMs.push(performance.now() - startedMs)
  }
  return quantile(tookMs.slice(-100), 0.5)
}
