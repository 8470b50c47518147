import { randomUUID } from 'node:crypto'
import {
  parseEnvironment,
  pollParameters,
  reconcileEntries,
  sendCloudPollParameters,
  tableEntries,
  type Environment,
} from '../../lib/runtime/config.ts'
import { minuteMs, secondMs } from '../../lib/core/instant.ts'
import { eraseAgain, toEraseAgain } from '../../lib/erase/erase-again.ts'
import type { Tombstone } from '../../lib/erase/ports.ts'
import { finishBodies } from '../../lib/quarantine/finish-bodies.ts'
import { errorName } from '../../lib/runtime/error-name.ts'
import { withParameters } from '../../lib/runtime/parameters.ts'
import { eraseWiring } from '../../lib/wiring/erase.ts'
import { pollWirings } from '../../lib/wiring/poll.ts'
import { listSyncs } from '../../lib/wiring/provider-lists.ts'
import type { RunFigures } from '../../lib/reconcile/ports.ts'
import { providers } from '../../lib/providers/registry.ts'
import { removeExpired, type RemovalFigures } from '../../lib/reconcile/remove-expired.ts'
import { combinedReport } from '../../lib/reconcile/combined-report.ts'
import { syncLists } from '../../lib/reconcile/lists/sync-lists.ts'
import { runPolls } from '../../lib/reconcile/run-polls.ts'
import type { Runtime } from '../../lib/runtime/runtime.ts'
import type { ReconcileStore } from '../../lib/store/ports.ts'
import { figuresOf, publishRunMetrics, publishQuarantineSize } from '../../lib/reconcile/run-metrics.ts'
import { writersFor } from '../../lib/wiring/writers.ts'

/** For one request to the store: a batch of a hundred large rows takes its time. */
export const requestTimeoutMs = 5_000

/** Kept of a run's time for erasing again, where there is a tombstone. */
const eraseReserveMs = minuteMs

/** Kept of that for what is under way. */
const closingReserveMs = 15 * secondMs

/** Kept of a run's time for removing what has expired, where the store leaves that to us: half of it for what is under way. */
const removalReserveMs = 30 * secondMs

/** What the polls of a run did, and it beside them. */
interface DoneInRun extends RunFigures, RemovalFigures {}

/**
 * One run, which does what is due.
 * @param deadlineMs - when it must have ended, by the runtime's clock.
 * @param stop - aborts where it is to end before: no further request to a provider is begun.
 */
type Run = (deadlineMs: number, stop?: AbortSignal) => Promise<DoneInRun>

/**
 * Wires reconcile for any cloud: polled rows in, the facts that rows lack out.
 * @param openStore - of the deployment that the settings name; asked at each run
 * @param isByHand - whether an operator waits for the result: then today's list is read even if it is not due.
 */
export function createReconcile(
  environment: Environment,
  deps: Omit<Runtime, 'dynamoDb'>,
  openStore: (deployment: string) => ReconcileStore,
  isByHand = false,
): Run {
  const { clock, log } = deps
  const metricsTarget = () => ({
    deployment: parseEnvironment({ TABLE_PREFIX: tableEntries.TABLE_PREFIX }, environment).TABLE_PREFIX,
    clock,
    log,
    isByHand,
  })
  // At each run, so that replaced credentials are used without a restart.
  const wire = async (store: ReconcileStore, erased: readonly Tombstone[]) => {
    const settings = await withParameters(environment, pollParameters(environment), deps.parameters)
    const complete = await withSendCloud(settings, deps)
    const polls = pollWirings(complete, { store, clock, log }, erased)
    return {
      polls: polls.map(({ provider, dependencies, requestsPerSecond }) => ({
        provider,
        dependencies: { ...dependencies, isByHand, owner: randomUUID() },
        requestsPerSecond,
      })),
      syncs: isByHand ? [] : listSyncs(complete, { store, clock, log }),
    }
  }
  const poll = async (
    store: ReconcileStore,
    erased: readonly Tombstone[],
    until: { readonly deadlineMs: number; readonly stop?: AbortSignal | undefined },
  ): Promise<RunFigures> => {
    const { polls, syncs } = await wire(store, erased)
    const { reports, failures } = await runPolls(polls, { clock, ...until })
    for (const [provider, report] of reports) publishRunMetrics(provider, report, metricsTarget())
    // With what time the polls leave.
    await syncLists(syncs, until)
    if (reports.size === 0 || failures.length > 0) throw failures[0]
    return figuresOf(combinedReport([...reports.values()]))
  }
  return async (deadlineMs, stop) => {
    const target = metricsTarget()
    const store = openStore(target.deployment)
    // Before anything that may fail or use up the time: the backlog does not depend on the poll.
    await publishQuarantineSize(store.quarantineGauge(), target)
    const { BLOCKLIST_DAYS } = parseEnvironment(
      { BLOCKLIST_DAYS: reconcileEntries.BLOCKLIST_DAYS },
      environment,
    )
    const erasing = eraseWiring(store, { clock, log, blocklistDays: BLOCKLIST_DAYS })
    // An operator waits for the poll.
    if (isByHand) return poll(store, await erasing.tombstones.live(), { deadlineMs, stop })
    const [begun] = await Promise.allSettled([toEraseAgain(erasing)])
    await finishBodies(finishing(environment, store, { clock, log }))
    if (begun.status === 'rejected') throw begun.reason
    const { erased, bodies } = begun.value
    // Whether or not the providers answer, and after what they report.
    const pollsUntilMs =
      deadlineMs - (erased.length > 0 ? eraseReserveMs : 0) - (store.removeExpired ? removalReserveMs : 0)
    const [polled] = await Promise.allSettled([poll(store, erased, { deadlineMs: pollsUntilMs, stop })])
    const removal = await removeExpired(store, {
      clock,
      log,
      untilMs: stop?.aborted ? 0 : pollsUntilMs + removalReserveMs / 2,
    })
    const unerased = await eraseAgain(erasing, erased, { bodies, untilMs: deadlineMs - closingReserveMs })
    if (polled.status === 'rejected') throw polled.reason
    const failures = [...unerased, ...removal.failures]
    if (failures.length > 0) throw failures[0]
    return { ...polled.value, ...removal.figures }
  }
}

/** What finishes bodies that callbacks left unfinished. */
function finishing(environment: Environment, store: ReconcileStore, on: Pick<Runtime, 'clock' | 'log'>) {
  return {
    providers,
    quarantine: store.quarantineStore(),
    // Unfinished bodies were verified on arrival, and this function has no keys.
    keysOf: () => Promise.resolve([]),
    ...writersFor(environment, store),
    ...on,
  }
}

/** Who does not poll SendCloud must not fail for want of its credentials. */
async function withSendCloud(
  settings: Environment,
  { parameters, log }: Pick<Runtime, 'parameters' | 'log'>,
): Promise<Environment> {
  try {
    return await withParameters(settings, sendCloudPollParameters, parameters)
  } catch (error) {
    log('sendcloud not polled', {
      error: errorName(error),
      consequence: 'its credentials could not be read',
    })
    return settings
  }
}
