import type { ReconcileDependencies } from '../../../lib/reconcile/reconcile.ts'
import { recordingSuppressions } from '../../../lib/suppressions/record-with-suppressions.ts'
import { readStatusRow } from '../../../lib/status-apis/ses/status-row.ts'
import type { DeliveryWriter } from '../../../lib/ledger/ports.ts'
import type { StatusApi } from '../../../lib/reconcile/ports.ts'
import type { Clock } from '../../../lib/runtime/ports.ts'
import type { Ledger } from '../../../local/in-memory-ledger.ts'
import { inProcessStatusApi } from '../../../local/simulated-ses/in-process-status-api.ts'
import type { Mailbox } from '../../../local/simulated-ses/mailbox.ts'

/** The provider of the simulated mailbox. */
const provider = 'tencent-ses'

/** The ports of a run in this process. Each may stand behind something that a test puts between. */
export interface InMemoryPorts {
  readonly statusApi: StatusApi
  readonly ledger: Ledger
  readonly clock: Clock
}

/** What a run is given, in one place for all tests over the ledger in memory. */
export function dependenciesOf(
  { statusApi, ledger, clock }: InMemoryPorts,
  owner: string,
  areSendsRecorded = false,
): ReconcileDependencies {
  return {
    statusApi,
    deliveries: { ...ledger.deliveries, ...recordingWriter(ledger) },
    quarantine: { keep: () => Promise.resolve() },
    runs: ledger.runs,
    clock,
    log: () => undefined,
    owner,
    areSendsRecorded,
  }
}

/** Writes as the deployed functions do: whoever must not be written to again goes on the list. */
export function recordingWriter({ deliveries, suppressions }: Ledger): DeliveryWriter {
  return recordingSuppressions(deliveries, suppressions)
}

/** The API's own bound on one page. */
const pageLimit = 100

/**
 * The API over a mailbox that may list in any order and change at any time. Nothing is remembered from one page to the next, as
 * the in-process API does for a list that stands still.
 * @param rowsInPage - fewer than the API's own, so that a few mails make many pages
 */
export function statusApiOver(mailbox: Mailbox, clock: Clock, rowsInPage = pageLimit): StatusApi {
  const readRow = (row: unknown) => readStatusRow(provider, row)
  // One more than is returned: whether there are more.
  const limit = Math.min(pageLimit, rowsInPage + 1)
  const cut: Mailbox = { ...mailbox, page: (query, nowMs) => mailbox.page({ ...query, limit }, nowMs) }
  return {
    ...inProcessStatusApi({ mailbox: cut, clock, provider, readRow }),
    async page(query) {
      const page = await inProcessStatusApi({ mailbox: cut, clock, provider, readRow }).page(query)
      if (rowsInPage === pageLimit) return page
      const deliveries = page.deliveries.slice(0, rowsInPage)
      return { ...page, deliveries, rows: deliveries.length, isLast: page.rows <= rowsInPage }
    },
  }
}
