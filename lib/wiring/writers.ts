import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { ingestEntries, parseEnvironment, tableEntries, type Environment } from '../runtime/config.ts'
import type { Clock } from '../runtime/ports.ts'
import { recordingSuppressions } from '../suppressions/record-with-suppressions.ts'
import { deliveryWriter } from '../table/delivery-writer.ts'
import { inboundMailWriter } from '../table/inbound-writer.ts'
import { tableNames } from '../table/names.ts'
import { suppressionWriter } from '../table/suppression-writer.ts'
import type { ProcessBodyDependencies } from '../ingest/process-body.ts'

/** The writers for live input and replays: the tables and retention that the environment names. */
export function writersFor(
  environment: Environment,
  client: DynamoDBClient,
  clock: Clock,
): Pick<ProcessBodyDependencies, 'deliveries' | 'inbound'> {
  const { INBOUND_RETENTION_DAYS } = ingestEntries
  const settings = parseEnvironment({ ...tableEntries, INBOUND_RETENTION_DAYS }, environment)
  const { deliveries, suppressions, inbound } = tableNames(settings.TABLE_PREFIX)
  return {
    deliveries: recordingSuppressions(
      deliveryWriter({ client, table: deliveries, retentionDays: settings.RETENTION_DAYS, clock }),
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
