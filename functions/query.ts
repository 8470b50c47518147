import { isAcceptedToken } from '../lib/ingest/token-digest.ts'
import { query } from '../lib/query/query.ts'
import { tryAgain } from '../lib/query/responses.ts'
import { systemClock } from '../lib/runtime/clock.ts'
import { parseEnvironment, queryEntries, type Environment } from '../lib/runtime/config.ts'
import { functionUrlStack, type FunctionUrlHandler } from '../lib/runtime/http/function-url.ts'
import { jsonLog } from '../lib/runtime/log.ts'
import type { Runtime } from '../lib/runtime/runtime.ts'
import { dynamoDbClient } from '../lib/table/client.ts'
import { dynamoDbQueries } from '../lib/table/dynamodb-queries.ts'
import { tableNames } from '../lib/table/names.ts'

/** Who asks waits for it, maybe with a mail to send. */
const responseDeadlineMs = 5_000
/** Leaves time for a second attempt. */
const requestTimeoutMs = 1_500

/** AWS Lambda without parameters: this function reads none, and its bundle holds no client for them. */
const lambda: Runtime = {
  clock: systemClock,
  log: jsonLog((line) => process.stdout.write(`${line}\n`), systemClock.now),
  dynamoDb: dynamoDbClient,
}

/** Wires the query function: a question in, an answer from the tables out. It writes nothing. */
export function createHandler(environment: Environment, deps: Runtime = lambda): FunctionUrlHandler {
  const { clock, log } = deps
  const wire = () => {
    const config = parseEnvironment(queryEntries, environment)
    const client = deps.dynamoDb(requestTimeoutMs)
    const store = dynamoDbQueries({ client, tables: tableNames(config.TABLE_PREFIX), clock, log })
    return {
      isAccepted: (token: string) => isAcceptedToken(token, config.QUERY_TOKEN_SHA256),
      deliveries: store.deliveryFinder(),
      suppressions: store.suppressionReader(),
      blocklistDays: config.BLOCKLIST_DAYS,
      responseDeadlineMs,
      ...(deps.deadline && { deadline: deps.deadline }),
      clock,
      log,
    }
  }
  // At the first request, and anew where it failed: so that a wrong setting is answered and logged.
  let wired: ReturnType<typeof wire> | undefined
  return functionUrlStack((request) => query(request, (wired ??= wire())), { log, onFault: tryAgain })
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
