import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { systemClock } from './clock.ts'
import { jsonLog } from './log.ts'
import { parameterReader } from './parameters/parameter-reader.ts'
import type { Clock, Log, ParameterReader } from './ports.ts'
import { dynamoDbClient } from '../table/client.ts'

/** What a function runs in: everything that is not a setting. */
export interface Runtime {
  readonly clock: Clock
  readonly log: Log
  /** @param requestTimeoutMs - after which one try of one request counts as failed. */
  readonly dynamoDb: (requestTimeoutMs: number) => DynamoDBClient
  /** A signal that is aborted after so long. Absent: by the machine's clock. */
  readonly deadline?: (ms: number) => AbortSignal
  /** Where settings are that the environment lacks. Absent: there are no others. */
  readonly parameters?: ParameterReader
}

/** AWS Lambda: standard output is the log. */
export const lambda: Runtime = {
  clock: systemClock,
  log: jsonLog((line) => process.stdout.write(`${line}\n`), systemClock.now),
  dynamoDb: dynamoDbClient,
  parameters: parameterReader(),
}
