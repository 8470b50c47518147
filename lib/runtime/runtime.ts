import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { systemClock } from './clock.ts'
import { jsonLog } from './log.ts'
import { parameterReader } from './parameters/parameter-reader.ts'
import type { Clock, Log, ParameterReader } from './ports.ts'
import { dynamoDbClient } from '../table/client.ts'

/** The runtime of a function: everything that is not a setting. */
export interface Runtime {
  readonly clock: Clock
  readonly log: Log
  /** @param requestTimeoutMs - the timeout of one attempt of one request. */
  readonly dynamoDb: (requestTimeoutMs: number) => DynamoDBClient
  /** A signal that aborts after the given time. Absent: by the machine's clock. */
  readonly deadline?: (ms: number) => AbortSignal
  /** The source of settings that the environment lacks. Absent: there is none. */
  readonly parameters?: ParameterReader
}

/** AWS Lambda: standard output is the log. */
export const lambda: Runtime = {
  clock: systemClock,
  log: jsonLog((line) => process.stdout.write(`${line}\n`), systemClock.now),
  dynamoDb: dynamoDbClient,
  parameters: parameterReader(),
}
