import {
  ingestEntries,
  parseEnvironment,
  parseTokenDigests,
  type Environment,
} from '../lib/runtime/config.ts'
import { functionUrlStack, type FunctionUrlHandler } from '../lib/runtime/http/function-url.ts'
import { ingest } from '../lib/ingest/ingest.ts'
import { tryAgain } from '../lib/ingest/responses.ts'
import { providers } from '../lib/providers/registry.ts'
import { signingKeys } from '../lib/ingest/signing-keys.ts'
import { lambda, type Runtime } from '../lib/runtime/runtime.ts'
import { dynamoDbWrites } from '../lib/table/dynamodb-store.ts'
import { tableNames } from '../lib/table/names.ts'
import { writersFor } from '../lib/wiring/writers.ts'

/** SendCloud expects a response within 3 s, including the network. */
const responseDeadlineMs = 2_000
/** Leaves time for a second attempt. */
const requestTimeoutMs = 800

/** Wires the ingest function: callbacks in, one write per event out. */
export function createHandler(environment: Environment, deps: Runtime = lambda): FunctionUrlHandler {
  const { clock, log } = deps
  const wire = () => {
    const config = parseEnvironment(ingestEntries, environment)
    const client = deps.dynamoDb(requestTimeoutMs)
    const store = dynamoDbWrites({ client, tables: tableNames(config.TABLE_PREFIX), clock })
    return {
      deployment: config.TABLE_PREFIX,
      providers,
      tokenDigests: parseTokenDigests(config.CALLBACK_TOKEN_SHA256, providers, environment),
      signingKeys: signingKeys(environment, { parameters: deps.parameters, clock, log }),
      ...writersFor(environment, store),
      quarantine: store.quarantineWriter({
        retentionDays: config.RETENTION_DAYS,
        maxBytesPerDay: config.UNVERIFIED_MB_PER_DAY * 1024 * 1024,
      }),
      responseDeadlineMs,
      ...(deps.deadline && { deadline: deps.deadline }),
      clock,
      log,
    }
  }
  // At the first request, and anew where it failed: so that a wrong setting is answered and logged.
  let wired: ReturnType<typeof wire> | undefined
  return functionUrlStack((request) => ingest(request, (wired ??= wire())), { log, onFault: tryAgain })
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
