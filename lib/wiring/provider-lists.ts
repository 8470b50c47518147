import { randomUUID } from 'node:crypto'
import type { ListSync } from '../reconcile/lists/sync-lists.ts'
import {
  parseEnvironment,
  parsePollSettings,
  parseSendCloudPollSettings,
  reconcileEntries,
  type Environment,
} from '../runtime/config.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { ownLists } from '../status-apis/sendcloud/own-lists.ts'
import { sendCloudProvider } from '../status-apis/sendcloud/fields.ts'
import { blockLists } from '../status-apis/ses/block-list.ts'
import { polledProvider } from '../status-apis/ses/get-send-email-status.ts'
import type { ReconcileStore } from '../store/ports.ts'
import type { ProviderList } from '../suppressions/ports.ts'
import { sendCloudSettingsOf, sesSettingsOf } from './poll.ts'

/** Runs of the sync of one provider's lists exclude each other. */
export const listJobs = { tencentSes: 'tencent-ses-lists', sendCloud: 'sendcloud-lists' } as const

/** The lists of one provider that is set up, and its pace. */
interface SetUpLists {
  readonly job: string
  readonly provider: string
  readonly requestsPerSecond: number
  readonly lists: readonly ProviderList[]
}

/** The lists by which the providers that the environment sets up refuse to send. */
export function providerLists(environment: Environment, clock: Clock): readonly SetUpLists[] {
  const ses = parsePollSettings(environment)
  const sendCloud = parseSendCloudPollSettings(environment)
  return [
    // Whether an account's list is that of all its regions is not documented.
    ...(ses?.SES_REGION ?? []).flatMap((region, _place, { length }) =>
      ses
        ? {
            job: length === 1 ? listJobs.tencentSes : `${listJobs.tencentSes}-${region}`,
            provider: polledProvider,
            requestsPerSecond: ses.SES_REQUESTS_PER_SECOND,
            lists: blockLists(sesSettingsOf(ses, region), clock),
          }
        : [],
    ),
    ...(sendCloud
      ? [
          {
            job: listJobs.sendCloud,
            provider: sendCloudProvider,
            requestsPerSecond: sendCloud.SENDCLOUD_REQUESTS_PER_SECOND,
            lists: ownLists(sendCloudSettingsOf(sendCloud)),
          },
        ]
      : []),
  ]
}

/** What the scheduled sync works with, for each provider that is set up; nothing where it is off. */
export function listSyncs(
  environment: Environment,
  deps: { readonly store: ReconcileStore; readonly clock: Clock; readonly log: Log },
): readonly ListSync[] {
  const { store, clock, log } = deps
  const { SYNC_PROVIDER_LISTS, BLOCKLIST_DAYS } = parseEnvironment(
    {
      SYNC_PROVIDER_LISTS: reconcileEntries.SYNC_PROVIDER_LISTS,
      BLOCKLIST_DAYS: reconcileEntries.BLOCKLIST_DAYS,
    },
    environment,
  )
  if (!SYNC_PROVIDER_LISTS) return []
  const suppressions = { ...store.suppressionBatches(), ...store.suppressionWriter() }
  return providerLists(environment, clock).map(({ job, ...provider }) => ({
    ...provider,
    suppressions,
    blocklistDays: BLOCKLIST_DAYS,
    runs: store.runStore(job),
    owner: randomUUID(),
    clock,
    log,
  }))
}
