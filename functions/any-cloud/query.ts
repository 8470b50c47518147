import { isAcceptedToken } from '../../lib/ingest/token-digest.ts'
import type { QueryRequest, QueryResponse } from '../../lib/query/ports.ts'
import { query } from '../../lib/query/query.ts'
import { parseEnvironment, queryEntries, type Environment } from '../../lib/runtime/config.ts'
import type { Runtime } from '../../lib/runtime/runtime.ts'
import type { QueryStore } from '../../lib/store/ports.ts'

/** Who asks waits for it, maybe with a mail to send. */
const responseDeadlineMs = 5_000
/** For one request to the store: leaves time for a second attempt. */
export const requestTimeoutMs = 1_500

/**
 * Wires the query API for any cloud: a question in, an answer from the tables out. It writes nothing. The settings are parsed at
 * the first request, and anew where they were wrong: so that a wrong one is answered and logged.
 * @param openStore - of the deployment that the settings name
 */
export function createQuery(
  environment: Environment,
  deps: Pick<Runtime, 'clock' | 'log' | 'deadline'>,
  openStore: (deployment: string) => QueryStore,
): (request: QueryRequest) => Promise<QueryResponse> {
  const { clock, log } = deps
  const wire = () => {
    const config = parseEnvironment(queryEntries, environment)
    const store = openStore(config.TABLE_PREFIX)
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
  let wired: ReturnType<typeof wire> | undefined
  return async (request) => query(request, (wired ??= wire()))
}
