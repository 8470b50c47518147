import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import { emulatorCredentials, emulatorRegion } from './emulator-credentials.ts'
import { limitExpressions } from './expression-limit.ts'
import { measureItemsInBytes } from './item-size.ts'
import { rememberParsedConditions } from './parsed-conditions.ts'
import { close, listen, localHost, StartError } from './listening-server.ts'

/** A DynamoDB emulator inside this process. */
export interface DynamoDbEmulator {
  readonly endpoint: string
  readonly client: DynamoDBClient
  readonly stop: () => Promise<void>
}

/** @param dataDir - where the tables persist; in memory without it. */
export async function startDynamoDbEmulator(port: number, dataDir?: string): Promise<DynamoDbEmulator> {
  if (dataDir !== undefined) await makeFolder(dataDir)
  const server = dynalite({
    createTableMs: 0,
    ...(dataDir !== undefined && { path: join(dataDir, 'dynamodb') }),
  })
  limitExpressions(server)
  measureItemsInBytes()
  rememberParsedConditions()
  const endpoint = `http://${localHost}:${await listen(server, port, 'the DynamoDB emulator (DYNAMODB_PORT)')}`
  const client = emulatorClient(endpoint)
  return {
    endpoint,
    client,
    async stop() {
      client.destroy()
      await close(server)
    },
  }
}

/** A client of an emulator: it takes any credentials, but the AWS SDK insists on some. */
export function emulatorClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({ endpoint, region: emulatorRegion, credentials: emulatorCredentials })
}

async function makeFolder(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true })
  } catch {
    throw new StartError(`DATA_DIR: expected a folder that is there or can be made; ${dataDir} cannot.`)
  }
}
