import { localTimes } from '../../cli/local-time.ts'
import { Overview } from '../../cli/pages/overview.ts'
import { english } from '../../cli/pages/words-en.ts'
import { reportPage } from '../../cli/report/report-page.ts'
import { scanDeliveries, scanFromStart } from '../../cli/scan-deliveries.ts'
import { madePages, segments } from './made-pages.ts'

/** What `ledger report` lists where nothing else is asked for. */
const shownProblems = 50

/** A line about the page of `ledger report` over so many made rows: seconds, size, and the most memory. */
export async function benchReport(rows: number): Promise<readonly string[]> {
  const overview = new Overview({}, shownProblems)
  let peakBytes = 0
  const begin = performance.now()
  await scanDeliveries(madePages(rows), {
    state: scanFromStart(segments),
    signal: new AbortController().signal,
    onPage: (page) => {
      for (const delivery of page) overview.add(delivery)
    },
    onState: () => {
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
    },
  })
  const page = await reportPage({
    name: 'bench',
    overview,
    problems: overview.problems(),
    madeAtMs: Date.now(),
    words: english,
    times: localTimes({ tz: 'UTC' }),
    isMasked: true,
  })
  const seconds = (performance.now() - begin) / 1_000
  const kilobytes = (String(page).length / 1_000).toFixed(0)
  return [
    `  ${seconds.toFixed(1)} s, a page of ${kilobytes} KB, ${Math.round(peakBytes / 1024 / 1024)} MB of memory at most`,
  ]
}
