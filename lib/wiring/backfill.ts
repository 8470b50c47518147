import type { BackfillDependencies } from '../reconcile/backfill/backfill.ts'
import { parsePollSettings, type Environment } from '../runtime/config.ts'
import { pollWirings, sesSettingsOf } from './poll.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { ReconcileStore } from '../store/ports.ts'
import { polledProvider } from '../status-apis/ses/get-send-email-status.ts'
import { getStatisticsReport } from '../status-apis/ses/get-statistics-report.ts'

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
  deps: { readonly store: ReconcileStore; readonly clock: Clock; readonly log: Log },
): readonly BackfillWiring[] {
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
          runs: { ...others.runs, ...deps.store.leaseByHand(job) },
        },
      },
    ]
  })
}
