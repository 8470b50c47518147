import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { BackfillDependencies } from '../reconcile/backfill/backfill.ts'
import { parseEnvironment, parsePollSettings, tableEntries, type Environment } from '../runtime/config.ts'
import { pollWiring, reconcileJob, sesSettingsOf } from './poll.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { getStatisticsReport } from '../status-apis/ses/get-statistics-report.ts'
import { leaseByHand } from '../table/lease-by-hand.ts'
import { tableNames } from '../table/names.ts'

interface BackfillWiring {
  readonly dependencies: Omit<BackfillDependencies, 'owner'>
  readonly requestsPerSecond: number
}

/** The dependencies of a backfill; `undefined` if the environment turns the poll off. */
export function backfillWiring(
  environment: Environment,
  deps: { readonly client: DynamoDBClient; readonly clock: Clock; readonly log: Log },
): BackfillWiring | undefined {
  const poll = parsePollSettings(environment)
  const { statusApi, ...wiring } = pollWiring(environment, poll, deps)
  if (!poll || !statusApi) return undefined
  const { TABLE_PREFIX } = parseEnvironment(tableEntries, environment)
  const { reconciliation } = tableNames(TABLE_PREFIX)
  return {
    requestsPerSecond: poll.SES_REQUESTS_PER_SECOND,
    dependencies: {
      ...wiring,
      statusApi,
      volumes: getStatisticsReport(sesSettingsOf(poll)),
      runs: { ...wiring.runs, ...leaseByHand(deps.client, reconciliation, reconcileJob) },
    },
  }
}
