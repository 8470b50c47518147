import type { PendingDelivery } from '../../lib/ledger/ports.ts'
import { reconcile } from '../../lib/reconcile/reconcile.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { mailOfCampaign } from './campaign.ts'

const runMs = 840_000

/** What DynamoDB gives in one page of the index: entries of some 250 bytes, a megabyte. */
const pageRows = 4_000

/**
 * Lines about one run of the schedule while so many mails of a campaign are pending, an hour after it, with a provider that
 * knows nothing yet: the real run over an index whose entries are made when they are read.
 */
export async function benchSurvey(rows: number): Promise<readonly string[]> {
  const clock = virtualClock('2026-11-20T03:10:00Z')
  let peakBytes = 0
  async function* pending(): AsyncIterable<PendingDelivery> {
    for (let index = 0; index < rows; index += 1) {
      if (index % pageRows === 0) {
        await Promise.resolve()
        peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
      }
      yield { ...mailOfCampaign(index, rows), status: 'requested', provider: 'tencent-ses' }
    }
  }
  const begin = performance.now()
  const { figures } = await reconcile(
    {
      statusApi: {
        provider: 'tencent-ses',
        name: 'GetSendEmailStatus',
        lookUpsBy: 'message',
        staleMs: 0,
        page: () => Promise.resolve({ deliveries: [], unreadable: [], rows: 0, isLast: true }),
      },
      deliveries: {
        pending,
        rowsOf: () => Promise.resolve([]),
        record: () => Promise.resolve(),
        leavePending: () => Promise.resolve(),
      },
      quarantine: { keep: () => Promise.resolve() },
      runs: {
        acquire: () => Promise.resolve({ checkpoint: undefined }),
        save: () => Promise.resolve(true),
        release: () => Promise.resolve(true),
      },
      clock,
      log: () => undefined,
      owner: 'bench',
      areSendsRecorded: true,
    },
    { deadlineMs: clock.now() + runMs, maxCalls: 1_000, requestsPerSecond: 1 },
  )
  const seconds = (performance.now() - begin) / 1_000
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
  return [
    `  ${(figures.pending ?? 0).toLocaleString('en-US')} pending, ${figures.calls} look-ups in one run: ${seconds.toFixed(1)} s of processor, ${Math.round(peakBytes / 1024 / 1024)} MB at most`,
  ]
}
