import { ingestEntries, parseEnvironment, rowEntries, type Environment } from '../runtime/config.ts'
import type { WriteStore } from '../store/ports.ts'
import { recordingSuppressions } from '../suppressions/record-with-suppressions.ts'
import type { ProcessBodyDependencies } from '../ingest/process-body.ts'

/**
 * The writers for live input and replays, by the retention and the indexes that the environment names. The poll's writer knows of
 * no index of ids: its rows have neither headers nor the Message-ID.
 */
export function writersFor(
  environment: Environment,
  store: WriteStore,
): Pick<ProcessBodyDependencies, 'deliveries' | 'inbound'> {
  const { INBOUND_RETENTION_DAYS } = ingestEntries
  const settings = parseEnvironment({ ...rowEntries, INBOUND_RETENTION_DAYS }, environment)
  return {
    deliveries: recordingSuppressions(
      store.deliveryWriter({
        retentionDays: settings.RETENTION_DAYS,
        indexedIds: {
          ownIdHeaders: settings.CORRELATION_HEADER ?? [],
          isRfcMessageIdIndexed: settings.RFC_MESSAGE_ID_INDEX,
        },
      }),
      store.suppressionWriter(),
    ),
    inbound: store.inboundWriter({ retentionDays: settings.INBOUND_RETENTION_DAYS }),
  }
}
