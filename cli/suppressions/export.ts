import { pipeline, Readable } from 'node:stream'
import { Option, type Command } from 'commander'
import { stringify } from 'csv-stringify'
import { formatInstant } from '../../lib/core/instant.ts'
import {
  counting,
  emptySuppression,
  heldReasons,
  inOrderOfTime,
  linesOf,
  parseEvidence,
  suppressionReasons,
  type HeldReason,
  type Suppression,
  type SuppressionReason,
} from '../../lib/core/suppression.ts'
import { exportColumns, forExport } from '../../lib/suppressions/import/own-export.ts'
import { withLedger } from '../open-ledger.ts'
import { asJson, type ListedRow } from '../suppression-report.ts'
import { listedRows, write, type ListedOptions } from './listed-rows.ts'

/** Declares `ledger suppressions export`. */
export function registerExport(suppressions: Command): void {
  suppressions
    .command('export')
    .description('print the list as a file that `ledger suppressions import` reads again, in no order')
    .addOption(
      new Option('--format <format>', 'lines of JSON are those of `list --json`')
        .choices(['csv', 'ndjson'])
        .default('csv'),
    )
    .addOption(new Option('--reason <reason>', 'only those for whom it holds').choices(suppressionReasons))
    .option('--all', 'those who are not on it any more, too')
    .action(exportSuppressions)
}

interface ExportOptions extends ListedOptions {
  readonly format: 'csv' | 'ndjson'
}

/** Prints the list as it is read. */
async function exportSuppressions({ format, ...listed }: ExportOptions): Promise<void> {
  await withLedger(async (opened) => {
    const rows = listedRows(opened, listed)
    if (format === 'ndjson') {
      for await (const { row, held } of rows) await write(`${JSON.stringify(asJson(row, held))}\n`)
      return
    }
    const csv = stringify({ header: true, columns: [...exportColumns], escape_formulas: true })
    const lines = linesOfCsv(rows, { ...listed, blocklistDays: opened.blocklistDays })
    // It fails with it where reading does.
    pipeline(Readable.from(lines), csv, () => undefined)
    for await (const part of csv) await write(String(part))
  })
}

type CsvLine = Readonly<Record<(typeof exportColumns)[number], string>>

interface CsvOptions {
  readonly reason?: SuppressionReason
  readonly blocklistDays: number
}

async function* linesOfCsv(
  rows: AsyncIterable<ListedRow>,
  { reason, blocklistDays }: CsvOptions,
): AsyncIterable<CsvLine> {
  for await (const listed of rows) {
    for (const line of linesOfRow(listed, blocklistDays)) {
      if (reason === undefined || line.reason === reason) yield line
    }
  }
}

/**
 * A line for each reason that holds; of a blocklist, whose end depends on its last evidence, one for each. For an
 * address that is not on the list, its last evidence.
 */
function linesOfRow({ row, held }: ListedRow, blocklistDays: number): readonly CsvLine[] {
  if (held.length === 0) {
    const last = inOrderOfTime(linesOf(row)).at(-1)
    return last === undefined ? [] : [lineOf(row, { line: last, suppressed: 'no' })]
  }
  return held.flatMap((one) =>
    one.reason === 'blocklist'
      ? blocklistLines(row, one, blocklistDays)
      : [lineOf(row, { line: one.line, suppressed: 'yes' })],
  )
}

function blocklistLines(row: Suppression, held: HeldReason, blocklistDays: number): readonly CsvLine[] {
  return row.blocklisted.filter(counting(row)).flatMap((line) => {
    const occurredAtMs = parseEvidence(line)?.occurredAtMs
    if (occurredAtMs === undefined || occurredAtMs < (parseEvidence(held.line)?.occurredAtMs ?? 0)) return []
    const alone = { ...emptySuppression(row.recipient), blocklisted: [line] }
    const [{ untilMs } = {}] = heldReasons(alone, { nowMs: occurredAtMs, blocklistDays })
    return [lineOf(row, { line, suppressed: 'yes', untilMs })]
  })
}

interface ExportedLine {
  readonly line: string
  readonly suppressed: 'yes' | 'no'
  readonly untilMs?: number | undefined
}

function lineOf({ recipient }: Suppression, { line, suppressed, untilMs }: ExportedLine): CsvLine {
  const evidence = parseEvidence(line)
  const instantOf = (instantMs?: number) => (instantMs === undefined ? '' : formatInstant(instantMs))
  const textOf = (text = '') => forExport(text)
  return {
    recipient: textOf(recipient),
    suppressed,
    reason: textOf(evidence?.reason),
    since: instantOf(evidence?.occurredAtMs),
    until: instantOf(untilMs),
    fromDomain: textOf(evidence?.fromDomain),
    source: textOf(evidence?.source),
    provider: textOf(evidence?.provider),
    message: textOf(evidence?.message),
    detail: textOf(evidence?.detail),
  }
}
