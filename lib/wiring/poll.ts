import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { defaultSweepAgesDays } from '../core/sweep-plan.ts'
import {
  parseEnvironment,
  tableEntries,
  type Environment,
  type parsePollSettings,
} from '../runtime/config.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { ReconcileDependencies } from '../reconcile/reconcile.ts'
import { recordingSuppressions } from '../suppressions/record-with-suppressions.ts'
import type { SesSettings } from '../status-apis/ses/client.ts'
import { getSendEmailStatus } from '../status-apis/ses/get-send-email-status.ts'
import { deliveryReader } from '../table/delivery-reader.ts'
import { deliveryWriter } from '../table/delivery-writer.ts'
import { tableNames } from '../table/names.ts'
import { quarantineWriter } from '../table/quarantine-writer.ts'
import { runStore } from '../table/run-store.ts'
import { suppressionWriter } from '../table/suppression-writer.ts'

/** Runs of the same job exclude each other. */
export const reconcileJob = 'get-send-email-status'

/** The poll's settings in the environment; `undefined` if it is off. */
type PollSettings = ReturnType<typeof parsePollSettings>

/** The dependencies of reconciling, for the schedule and by hand: the tables and the poll that the environment names. */
export function pollWiring(
  environment: Environment,
  poll: PollSettings,
  deps: { readonly client: DynamoDBClient; readonly clock: Clock; readonly log: Log },
): Omit<ReconcileDependencies, 'owner'> {
  const { client, clock, log } = deps
  const { TABLE_PREFIX, RETENTION_DAYS } = parseEnvironment(tableEntries, environment)
  const tables = tableNames(TABLE_PREFIX)
  const deliveries = { client, table: tables.deliveries, retentionDays: RETENTION_DAYS, clock }
  const writer = deliveryWriter(deliveries)
  return {
    statusApi: poll && getSendEmailStatus(sesSettingsOf(poll)),
    deliveries: {
      ...writer,
      ...recordingSuppressions(writer, suppressionWriter({ client, table: tables.suppressions })),
      ...deliveryReader({ ...deliveries, log }),
    },
    quarantine: quarantineWriter({ ...deliveries, table: tables.quarantine }),
    runs: runStore(client, tables.reconciliation, reconcileJob, clock),
    clock,
    log,
    sweepAgesDays: poll?.SWEEP_AGES_DAYS ?? defaultSweepAgesDays,
    areSendsRecorded: poll?.SENDS_RECORDED ?? false,
  }
}

export function sesSettingsOf(poll: NonNullable<PollSettings>): SesSettings {
  return {
    endpoint: poll.SES_ENDPOINT,
    region: poll.SES_REGION,
    secretId: poll.TENCENTCLOUD_SECRET_ID,
    secretKey: poll.TENCENTCLOUD_SECRET_KEY,
    token: poll.TENCENTCLOUD_TOKEN,
  }
}
