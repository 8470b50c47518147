import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { systemClock } from './clock.ts'
import { jsonLog } from './log.ts'
import type { Clock, Log } from './ports.ts'
import { dynamoDbClient } from './table/client.ts'

/** What a function runs in: everything that is not a setting. */
export interface Surroundings {
  readonly clock: Clock
  readonly log: Log
  /** @param requestTimeoutMs - after which one try of one request counts as failed. */
  readonly dynamoDb: (requestTimeoutMs: number) => DynamoDBClient
}

/** AWS Lambda: standard output is the log. */
export const lambda: Surroundings = {
  clock: systemClock,
  log: jsonLog((line) => process.stdout.write(`${line}\n`), systemClock.now),
  dynamoDb: dynamoDbClient,
}
