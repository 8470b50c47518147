import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetFile } from '../../cli/export/parquet-output.ts'
import { textFile } from '../../cli/export/text-output.ts'
import { scanDeliveries, scanFromStart } from '../../cli/scan-deliveries.ts'
import { madePages, segments } from './made-pages.ts'

/** Lines about the files of `ledger export` with so many made rows: rows a second, and the most memory. */
export async function benchExport(rows: number): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-export-'))
  const lines: string[] = []
  try {
    for (const format of ['ndjson', 'csv', 'parquet'] as const) {
      const file = join(folder, format)
      const output = format === 'parquet' ? await parquetFile(file) : await textFile(file, format, 0)
      let peakBytes = 0
      const begin = performance.now()
      await scanDeliveries(madePages(rows), {
        state: scanFromStart(segments),
        signal: new AbortController().signal,
        onPage: (page) => output.write(page),
        onState: () => {
          peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
        },
      })
      await output.close(true)
      const seconds = (performance.now() - begin) / 1_000
      const { size } = await stat(file)
      lines.push(
        `  ${format.padEnd(8)} ${(size / 1_000_000).toFixed(0)} MB, ${Math.round(rows / seconds).toLocaleString('en-US')} rows a second, ${Math.round(peakBytes / 1024 / 1024)} MB of memory at most`,
      )
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  return lines
}
