/**
 * What a million mails a day take of partitions, memory, time and money. The real code over rows that are made when they are
 * read, so what is measured is ours alone; making them is in the time. `npm run bench:scale` (`ROWS=…` for others)
 */
import '../cli/small-heap.mjs'
import { billOf } from './scale/bill.ts'
import { benchCampaign } from './scale/campaign.ts'
import { benchExport } from './scale/export.ts'
import { benchFigures } from './scale/figures.ts'
import { benchReport } from './scale/report.ts'
import { benchSurvey } from './scale/survey.ts'

const rows = Number(process.env.ROWS ?? 1_000_000)
const mostMb = 300
/** A report is for days or weeks; its charts and tables take no longer for more. */
const reportRows = Math.min(rows, 100_000)

function print(title: string, lines: readonly string[], of = rows): void {
  process.stdout.write(`${title}: ${of.toLocaleString('en-US')} mails\n${lines.join('\n')}\n`)
}

print('survey', await benchSurvey(rows))
print('export', await benchExport(rows))
print('stats', benchFigures(rows))
print('report', await benchReport(reportRows), reportRows)
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024)
process.stdout.write(`  ${peakMb} MB at most until here; ${mostMb} MB are allowed\n`)
if (peakMb > mostMb) process.exitCode = 1
// It counts each second and key itself, which takes more than what it measures.
print('campaign of ten minutes', benchCampaign(rows))
print('bill', billOf(rows))
