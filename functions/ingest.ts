import { ingestEntries, parseEnvironment, type Environment } from '../lib/config.ts'
import { functionUrlStack, type FunctionUrlHandler } from '../lib/http/stack.ts'
import { ingest } from '../lib/ingest.ts'
import { lazily } from '../lib/lazily.ts'
import { lambda, type Surroundings } from '../lib/surroundings.ts'
import { providers } from '../lib/providers/providers.ts'
import { deliveryWriter } from '../lib/table/delivery-writer.ts'
import { tableNames } from '../lib/table/names.ts'
import { quarantineWriter } from '../lib/table/quarantine-writer.ts'

/** SendCloud wants its answer within 3 s, and the network takes its share. */
const writeDeadlineMs = 2_000
/** Leaves room for a second try. */
const requestTimeoutMs = 800

/** Wires the ingest function: callbacks in, one write per event out. */
export function createHandler(environment: Environment, on: Surroundings = lambda): FunctionUrlHandler {
  const { clock, log } = on
  const dependencies = lazily(() => {
    const config = parseEnvironment(ingestEntries, environment)
    const tables = tableNames(config.TABLE_PREFIX)
    const table = { client: on.dynamoDb(requestTimeoutMs), retentionDays: config.RETENTION_DAYS, clock }
    return {
      providers,
      tokenDigests: config.CALLBACK_TOKEN_SHA256,
      deliveries: deliveryWriter({ ...table, table: tables.deliveries }),
      quarantine: quarantineWriter({ ...table, table: tables.quarantine }),
      writeDeadlineMs,
      clock,
      log,
    }
  })
  return functionUrlStack((request) => ingest(request, dependencies()), log)
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
