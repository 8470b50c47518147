/**
 * What large numbers take of memory and time. A million rows through the figures of `ledger stats` and the files of
 * `ledger export`: the real fold and files over made rows, so what is measured is ours alone; making them is in the
 * time. `npm run bench:scale` (`ROWS=…` for others)
 */
import '../cli/small-heap.mjs'
import { benchExport } from './scale/export.ts'
import { benchFigures } from './scale/figures.ts'

const rows = Number(process.env.ROWS ?? 1_000_000)
const mostMb = 300

process.stdout.write(
  `export: ${rows.toLocaleString('en-US')} rows\n${(await benchExport(rows)).join('\n')}\n`,
)
process.stdout.write(`stats: ${rows.toLocaleString('en-US')} rows\n${benchFigures(rows).join('\n')}\n`)
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024)
process.stdout.write(`  ${peakMb} MB at most in all; ${mostMb} MB are allowed\n`)
if (peakMb > mostMb) process.exitCode = 1
