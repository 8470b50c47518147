import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetFile } from '../../cli/export/parquet-output.ts'
import { textFile } from '../../cli/export/text-output.ts'
import { scanDeliveries, scanFromStart } from '../../cli/scan-deliveries.ts'
import type { DeliveryScanner } from '../../lib/ledger/ports.ts'
import { madeDelivery } from './made-delivery.ts'

const segments = 4
/** A megabyte of rows of 700 bytes. */
const rowsInPage = 1_500

/** Pages as DynamoDB gives them, made when they are asked for. */
function scannerOf(rows: number): Pick<DeliveryScanner, 'wholePages'> {
  const boundary = (segment: number) => Math.floor((segment * rows) / segments)
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- rows are made, not awaited
    async *wholePages(_, { segment } = { segment: 0, of: segments }) {
      const end = boundary(segment + 1)
      for (let from = boundary(segment); from < end; from += rowsInPage) {
        const length = Math.min(rowsInPage, end - from)
        const items = Array.from({ length }, (_, index) => madeDelivery(from + index, rows))
        const isLast = from + length >= end
        yield { items, rows: length, ...(!isLast && { next: String(from + length) }) }
      }
    },
  }
}

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
      await scanDeliveries(scannerOf(rows), {
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
