import { ingest } from '../../lib/ingest/ingest.ts'
import type { WebhookRequest, WebhookResponse } from '../../lib/ingest/ports.ts'
import { signingKeys } from '../../lib/ingest/signing-keys.ts'
import { providers } from '../../lib/providers/registry.ts'
import {
  ingestEntries,
  parseEnvironment,
  parseTokenDigests,
  type Environment,
} from '../../lib/runtime/config.ts'
import type { Runtime } from '../../lib/runtime/runtime.ts'
import type { WriteStore } from '../../lib/store/ports.ts'
import { writersFor } from '../../lib/wiring/writers.ts'

/** SendCloud expects a response within 3 s, including the network. */
const responseDeadlineMs = 2_000
/** For one request to the store: leaves time for a second attempt. */
export const requestTimeoutMs = 800

/**
 * Wires ingest for any cloud: callbacks in, one write per event out. The settings are parsed at the first request, and
 * anew where they were wrong: so that a wrong one is answered and logged.
 * @param openStore - of the deployment that the settings name
 */
export function createIngest(
  environment: Environment,
  deps: Omit<Runtime, 'dynamoDb'>,
  openStore: (deployment: string) => WriteStore,
): (request: WebhookRequest) => Promise<WebhookResponse> {
  const { clock, log } = deps
  const wire = () => {
    const config = parseEnvironment(ingestEntries, environment)
    const store = openStore(config.TABLE_PREFIX)
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
  let wired: ReturnType<typeof wire> | undefined
  return async (request) => ingest(request, (wired ??= wire()))
}
