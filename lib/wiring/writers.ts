import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { ingestEntries, parseEnvironment, rowEntries, type Environment } from '../runtime/config.ts'
import type { Clock } from '../runtime/ports.ts'
import { recordingSuppressions } from '../suppressions/record-with-suppressions.ts'
import { deliveryWriter } from '../table/delivery-writer.ts'
import { inboundMailWriter } from '../table/inbound-writer.ts'
import { tableNames } from '../table/names.ts'
import { suppressionWriter } from '../table/suppression-writer.ts'
import type { ProcessBodyDependencies } from '../ingest/process-body.ts'

/**
 * The writers for live input and replays: the tables, retention and indexes that the environment names. The poll's writer knows of
 * no index of ids: its rows have neither headers nor the Message-ID.
 */
export function writersFor(
  environment: Environment,
  client: DynamoDBClient,
  clock: Clock,
): Pick<ProcessBodyDependencies, 'deliveries' | 'inbound'> {
  const { INBOUND_RETENTION_DAYS } = ingestEntries
  const settings = parseEnvironment({ ...rowEntries, INBOUND_RETENTION_DAYS }, environment)
  const { deliveries, suppressions, inbound } = tableNames(settings.TABLE_PREFIX)
  return {
    deliveries: recordingSuppressions(
      deliveryWriter({
        client,
        table: deliveries,
        retentionDays: settings.RETENTION_DAYS,
        clock,
        indexedIds: {
          ownIdHeaders: settings.CORRELATION_HEADER ?? [],
          isRfcMessageIdIndexed: settings.RFC_MESSAGE_ID_INDEX,
        },
      }),
      suppressionWriter({ client, table: suppressions }),
    ),
    inbound: inboundMailWriter({
      client,
      table: inbound,
      retentionDays: settings.INBOUND_RETENTION_DAYS,
      clock,
    }),
  }
}
