import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { BackfillDependencies } from '../reconcile/backfill/backfill.ts'
import { parseEnvironment, parsePollSettings, tableEntries, type Environment } from '../runtime/config.ts'
import { pollWirings, sesSettingsOf } from './poll.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { polledProvider } from '../status-apis/ses/get-send-email-status.ts'
import { getStatisticsReport } from '../status-apis/ses/get-statistics-report.ts'
import { leaseByHand } from '../table/lease-and-checkpoint.ts'
import { tableNames } from '../table/names.ts'

interface BackfillWiring {
  readonly provider: string
  /** Which of its lists, for a person. */
  readonly list: string
  readonly dependencies: Omit<BackfillDependencies, 'owner'>
  readonly requestsPerSecond: number
}

/** The dependencies of a backfill, for each list that the environment sets up. */
export function backfillWirings(
  environment: Environment,
  deps: { readonly client: DynamoDBClient; readonly clock: Clock; readonly log: Log },
): readonly BackfillWiring[] {
  const { TABLE_PREFIX } = parseEnvironment(tableEntries, environment)
  const { reconciliation } = tableNames(TABLE_PREFIX)
  const ses = parsePollSettings(environment)
  return pollWirings(environment, deps).flatMap(({ job, requestsPerSecond, dependencies }) => {
    const { statusApi, ...others } = dependencies
    if (!statusApi) return []
    const region = statusApi.region ?? ses?.SES_REGION[0]
    const volumes =
      ses && region !== undefined && statusApi.provider === polledProvider
        ? getStatisticsReport(sesSettingsOf(ses, region))
        : undefined
    return [
      {
        provider: statusApi.provider,
        list: `${statusApi.provider}: ${statusApi.name}`,
        requestsPerSecond,
        dependencies: {
          ...others,
          statusApi,
          ...(volumes && { volumes }),
          runs: { ...others.runs, ...leaseByHand(deps.client, reconciliation, job) },
        },
      },
    ]
  })
}
