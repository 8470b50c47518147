import {
  parseEnvironment,
  parsePollSettings,
  parseSendCloudPollSettings,
  tableEntries,
  type Environment,
} from '../runtime/config.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { ReconcileStore } from '../store/ports.ts'
import type { StatusApi } from '../reconcile/ports.ts'
import type { ReconcileDependencies } from '../reconcile/reconcile.ts'
import type { Tombstone } from '../erase/ports.ts'
import { withoutErased } from '../erase/without-erased.ts'
import { recordingSuppressions } from '../suppressions/record-with-suppressions.ts'
import type { SendCloudSettings } from '../status-apis/sendcloud/call.ts'
import { emailStatus } from '../status-apis/sendcloud/email-status.ts'
import { openAndClick } from '../status-apis/sendcloud/open-and-click.ts'
import type { SesSettings } from '../status-apis/ses/client.ts'
import { getSendEmailStatus, polledProvider } from '../status-apis/ses/get-send-email-status.ts'

/** Runs of the same job exclude each other: each poll is one, and a run without any poll has the name of the first. */
export const reconcileJob = 'get-send-email-status'
export const sendCloudJobs = {
  status: 'sendcloud-email-status',
  opened: 'sendcloud-opens',
  clicked: 'sendcloud-clicks',
} as const

/** The dependencies and the pace of one job's runs. */
interface PollWiring {
  readonly job: string
  readonly provider: string
  readonly requestsPerSecond: number
  readonly dependencies: Omit<ReconcileDependencies, 'owner'>
}

interface SetUpPoll {
  readonly job: string
  /** The job whose checkpoint it takes over, as long as it has none of its own. */
  readonly goesOnFrom?: string
  readonly requestsPerSecond: number
  readonly statusApi: StatusApi | undefined
  readonly sweepAgesDays: readonly number[] | undefined
  readonly areSendsRecorded: boolean
}

/**
 * What the runs work with, by schedule and by hand: the store, and the polls of the environment, one for each list of a
 * provider that is set up. Without any there is one without a poll, which closes deliveries of which no news can come.
 * @param erased - the addresses that the polls leave out. Default: they are looked up before the first question.
 */
export function pollWirings(
  environment: Environment,
  deps: { readonly store: ReconcileStore; readonly clock: Clock; readonly log: Log },
  erased?: readonly Tombstone[],
): readonly PollWiring[] {
  const { store, clock, log } = deps
  const retention = { retentionDays: parseEnvironment(tableEntries, environment).RETENTION_DAYS }
  const writer = store.deliveryWriter(retention)
  const shared = {
    deliveries: {
      ...writer,
      ...recordingSuppressions(writer, store.suppressionWriter()),
      ...store.deliveryReader(),
    },
    quarantine: store.quarantineWriter(retention),
    clock,
    log,
  }
  let tombstonesOfRun = erased && Promise.resolve(erased)
  const liveTombstones = () => (tombstonesOfRun ??= store.tombstones().live())
  const polls = pollsOf(environment).map(({ statusApi, ...poll }) => ({
    ...poll,
    statusApi: statusApi && withoutErased(statusApi, liveTombstones, clock),
  }))
  return polls.map(({ job, goesOnFrom, requestsPerSecond, ...poll }, place) => ({
    job,
    provider: poll.statusApi?.provider ?? polledProvider,
    requestsPerSecond,
    dependencies: {
      ...shared,
      ...poll,
      runs: store.runStore(job, goesOnFrom),
      isPolledElsewhere: elsewhere(polls, place),
    },
  }))
}

/** What has no poll is the first one's to close. */
function elsewhere(polls: readonly SetUpPoll[], place: number): (provider: string) => boolean {
  const polled = polls.map(({ statusApi }) => statusApi?.provider)
  const ours = polled[place]
  return place === 0
    ? (provider) => provider !== ours && polled.includes(provider)
    : (provider) => provider !== ours
}

function pollsOf(environment: Environment): readonly SetUpPoll[] {
  const ses = parsePollSettings(environment)
  const sendCloud = parseSendCloudPollSettings(environment)
  const polls = [...(ses ? sesPolls(ses) : []), ...(sendCloud ? sendCloudPolls(sendCloud) : [])]
  if (polls.length > 0) return polls
  return [
    {
      job: reconcileJob,
      requestsPerSecond: 1,
      statusApi: undefined,
      sweepAgesDays: undefined,
      areSendsRecorded: false,
    },
  ]
}

type SesPollSettings = NonNullable<ReturnType<typeof parsePollSettings>>

/** Tencent SES has a list for each region. */
function sesPolls(poll: SesPollSettings): readonly SetUpPoll[] {
  return poll.SES_REGION.map((region, _place, { length }) => ({
    ...sesJobOf(region, length > 1),
    requestsPerSecond: poll.SES_REQUESTS_PER_SECOND,
    statusApi: getSendEmailStatus(sesSettingsOf(poll, region), length > 1),
    sweepAgesDays: poll.SWEEP_AGES_DAYS,
    areSendsRecorded: poll.SENDS_RECORDED,
  }))
}

/**
 * The job of a region's poll. Of several each has its own name, whatever their order, and goes on from where the poll of that region
 * was when it was the only one.
 */
export function sesJobOf(
  region: string,
  isOneOfSeveral: boolean,
): { readonly job: string; readonly goesOnFrom?: string } {
  return isOneOfSeveral
    ? { job: `${reconcileJob}-${region}`, goesOnFrom: reconcileJob }
    : { job: reconcileJob }
}

/** SendCloud has a list for what became of mails, and one each for opens and clicks. */
function sendCloudPolls(poll: SendCloudPollSettings): readonly SetUpPoll[] {
  const settings = sendCloudSettingsOf(poll)
  const lists = [
    { job: sendCloudJobs.status, statusApi: emailStatus(settings), areSendsRecorded: poll.SENDS_RECORDED },
    // That sends are recorded says nothing about opens.
    ...settings.apiUsers.flatMap((apiUser, place) => {
      // Unlike the other list this one is documented for one user alone.
      const ofUser = { ...settings, apiUsers: [apiUser] }
      const suffix = place === 0 ? '' : `-${apiUser}`
      return (['opened', 'clicked'] as const).map((kind) => ({
        job: `${sendCloudJobs[kind]}${suffix}`,
        statusApi: openAndClick(ofUser, kind),
        areSendsRecorded: false,
      }))
    }),
  ]
  const requestsPerSecond = poll.SENDCLOUD_REQUESTS_PER_SECOND
  return lists.map((list) => ({ ...list, requestsPerSecond, sweepAgesDays: poll.SWEEP_AGES_DAYS }))
}

type SendCloudPollSettings = NonNullable<ReturnType<typeof parseSendCloudPollSettings>>

export function sesSettingsOf(poll: SesPollSettings, region: string): SesSettings {
  return {
    endpoint: poll.SES_ENDPOINT,
    region,
    secretId: poll.TENCENTCLOUD_SECRET_ID,
    secretKey: poll.TENCENTCLOUD_SECRET_KEY,
    token: poll.TENCENTCLOUD_TOKEN,
  }
}

export function sendCloudSettingsOf(poll: SendCloudPollSettings): SendCloudSettings {
  return {
    endpoint: poll.SENDCLOUD_ENDPOINT,
    apiUsers: poll.SENDCLOUD_API_USER,
    apiKey: poll.SENDCLOUD_API_KEY,
  }
}
