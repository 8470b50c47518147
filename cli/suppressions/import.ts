import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { clearLine, cursorTo } from 'node:readline'
import { InvalidArgumentError, Option, type Command } from 'commander'
import * as v from 'valibot'
import { formatInstant, isAhead, toSecond } from '../../lib/core/instant.ts'
import { suppressionReasons, type SuppressionReason } from '../../lib/core/suppression.ts'
import { withoutWriting } from '../../lib/suppressions/import/dry-run.ts'
import { readEntries } from '../../lib/suppressions/import/entries.ts'
import { entryInstant } from '../../lib/suppressions/import/entry-instant.ts'
import { listFormatNames, type ListFormat } from '../../lib/suppressions/import/formats.ts'
import {
  entriesIn,
  importEntries,
  nothingImported,
  type ImportCounts,
  type ImportDoubt,
  type ImportFinding,
} from '../../lib/suppressions/import/import-entries.ts'
import { listRecords } from '../../lib/suppressions/import/records.ts'
import { surveyEntries, type ImportSurvey } from '../../lib/suppressions/import/survey-entries.ts'
import { CommandError } from '../command-error.ts'
import { counted } from '../counted.ts'
import { withLedger, type OpenLedger } from '../open-ledger.ts'
import { progressBar } from '../progress-bar.ts'
import { untilInterrupted } from '../until-interrupted.ts'
import { write } from './listed-rows.ts'

/** Declares `ledger suppressions import`. */
export function registerImport(suppressions: Command): void {
  suppressions
    .command('import')
    .description('add the addresses of a file: CSV, one address a line, or the export of another sender')
    .argument('<file>', 'in UTF-8 (docs/importing-lists.md)')
    .addOption(new Option('--format <format>', 'whose export it is').choices(listFormatNames).default('csv'))
    .addOption(new Option('--reason <reason>', 'of entries that state none').choices(suppressionReasons))
    .option(
      '--as-of <instant>',
      'of entries that have none; without it, when the file was last changed',
      instant,
    )
    .option('--dry-run', 'only report')
    .option('--force', 'add those in doubt, too, without looking for doubts')
    .option('--json', 'print a line of JSON for each finding, and one at the end')
    .action(importSuppressions)
}

function instant(text: string): number {
  const instantMs = entryInstant(text)
  if (instantMs === undefined) {
    throw new InvalidArgumentError('Expected an instant, such as 2026-11-21T08:00:03Z.')
  }
  return instantMs
}

interface ImportOptions {
  readonly format: ListFormat
  readonly reason?: SuppressionReason
  readonly asOf?: number
  readonly dryRun?: boolean
  readonly force?: boolean
  readonly json?: boolean
}

/** Reads the file twice: to see that it can be read and what it takes, and to add what it holds. */
async function importSuppressions(file: string, options: ImportOptions): Promise<void> {
  const { dryRun: isDryRun = false, force: isForced = false, json: isJson = false } = options
  const { size, changedAtMs } = await regularFile(file)
  await withLedger(async (opened) => {
    const nowMs = opened.clock.now()
    const asOfMs = options.asOf ?? changedAtMs
    if (isAhead(asOfMs, nowMs)) throw ahead(asOfMs, options.asOf !== undefined)
    const order = { format: options.format, reason: options.reason, asOfMs, nowMs }
    const entriesOf = (onBytes: (bytes: number) => void = () => undefined) =>
      readEntries(listRecords(bytesOf(file, onBytes)), order)

    const end = await untilInterrupted('Ending after these hundred entries.', async (signal) => {
      const survey = await surveyEntries(entriesOf(), signal)
      if (survey.entries === 0) throw new CommandError(`${basename(file)} holds no entry.`)
      const counts = signal.aborted
        ? nothingImported
        : await withBar(size, (onBytes) => {
            process.stderr.write(outlookOf(survey, basename(file), { ...options, asOfMs }))
            return importEntries(dependenciesOf(opened, isDryRun), entriesOf(onBytes), {
              isForced,
              signal,
              onFinding: (finding) => writeAboveBar(isJson ? jsonOf(finding) : lineOf(finding)),
            })
          })
      return { counts, isWhole: !signal.aborted || entriesIn(counts) === survey.entries }
    })
    if (!end.isWhole || end.counts.refused > 0) process.exitCode = 1
    await write(isJson ? endAsJson(end, { asOfMs, isDryRun }) : sentenceOf(end, isDryRun))
  })
}

async function regularFile(file: string): Promise<{ readonly size: number; readonly changedAtMs: number }> {
  const found = await stat(file).catch((error: unknown) => {
    if (v.is(noSuchFile, error)) throw new CommandError(`There is no file ${file}.`)
    throw error
  })
  if (!found.isFile()) throw new CommandError(`${file} is no file: expected one, since it is read twice.`)
  return { size: found.size, changedAtMs: toSecond(found.mtimeMs) }
}

const noSuchFile = v.object({ code: v.literal('ENOENT') })

function ahead(asOfMs: number, isByOption: boolean): CommandError {
  const whose = isByOption ? '--as-of' : 'The file was last changed at'
  const advice = isByOption ? '' : ' Say with --as-of what its entries without an instant count as.'
  return new CommandError(
    `${whose} ${formatInstant(asOfMs)}, which is in the future by this machine's clock.${advice}`,
  )
}

async function* bytesOf(file: string, onBytes: (bytes: number) => void): AsyncIterable<Uint8Array> {
  const stream = createReadStream(file)
  for await (const part of stream as AsyncIterable<Uint8Array>) {
    onBytes(stream.bytesRead)
    yield part
  }
}

function dependenciesOf(
  { store, blocklistDays }: OpenLedger,
  isDryRun: boolean,
): Parameters<typeof importEntries>[0] {
  const scanner = store.suppressionScanner()
  return {
    suppressions: isDryRun ? withoutWriting(scanner) : { ...scanner, ...store.suppressionWriter() },
    deliveries: store.deliveryReader(),
    blocklistDays,
  }
}

/** Shows on a terminal how much of the file is read. */
async function withBar<T>(size: number, run: (onBytes: (bytes: number) => void) => Promise<T>): Promise<T> {
  const bar = progressBar('{percentage} %')
  let isStarted = false
  try {
    return await run((bytes) => {
      if (isStarted) bar.update(bytes)
      else bar.start(size, bytes)
      isStarted = true
    })
  } finally {
    bar.stop()
  }
}

/** Clears the bar first, which is drawn again below. */
async function writeAboveBar(text: string): Promise<void> {
  if (process.stderr.isTTY) {
    clearLine(process.stderr, 0)
    cursorTo(process.stderr, 0)
  }
  await write(text)
}

/** What is known before anything is written: how many entries, the instant of those that have none, what is read. */
function outlookOf(
  { entries, refused, undated, lookedUp }: ImportSurvey,
  name: string,
  { asOf, asOfMs, force = false }: ImportOptions & { readonly asOfMs: number },
): string {
  const why = asOf === undefined ? ', when the file was last changed (--as-of says otherwise)' : ''
  const atMost = lookedUp.toLocaleString('en-US')
  const lookUps =
    lookedUp === 0 || force
      ? ''
      : `, and half a one or more for each bounce or blocklisting that the list lacks: at most ${atMost}`
  return [
    `${name}: ${counted(entries, 'entry', 'entries')}, ${refused.toLocaleString('en-US')} of them refused.`,
    ...(undated === 0
      ? []
      : [`${undated.toLocaleString('en-US')} without an instant: as of ${formatInstant(asOfMs)}${why}.`]),
    `Reading takes a read unit or more for each entry${lookUps}.`,
    '',
  ].join('\n')
}

function lineOf(finding: ImportFinding): string {
  if (finding.type === 'refused') return `line ${finding.line}: ${finding.problem}\n`
  const { line, evidence, doubts } = finding
  return `${evidence.recipient}  in doubt (line ${line}): ${doubts.map((doubt) => doubtWords(doubt, evidence.occurredAtMs)).join('; ')}\n`
}

function doubtWords(doubt: ImportDoubt, entryAtMs: number): string {
  switch (doubt.type) {
    case 'delivered-since':
      return `${doubt.kind} at ${formatInstant(doubt.atMs)}, later than the entry of ${formatInstant(entryAtMs)} (message ${doubt.message})`
    case 'other-reply':
      return `its reply does not speak of the mailbox (${doubt.replyClass})`
  }
}

function jsonOf(finding: ImportFinding): string {
  if (finding.type === 'refused') return `${JSON.stringify(finding)}\n`
  const { type, line, evidence, doubts } = finding
  const words = doubts.map((doubt) => doubtWords(doubt, evidence.occurredAtMs))
  return `${JSON.stringify({ type, line, recipient: evidence.recipient, doubts: words })}\n`
}

interface ImportEnd {
  readonly counts: ImportCounts
  /** Whether all of the file was read. */
  readonly isWhole: boolean
}

function endAsJson(
  { counts, isWhole }: ImportEnd,
  { asOfMs, isDryRun }: { asOfMs: number; isDryRun: boolean },
): string {
  const asOf = formatInstant(asOfMs)
  return `${JSON.stringify({ type: 'end', isDryRun, isWhole, asOf, entries: entriesIn(counts), ...counts })}\n`
}

function sentenceOf({ counts, isWhole }: ImportEnd, isDryRun: boolean): string {
  const { added, known, takenOff, doubtful, refused, leftAside } = counts
  const parts = [
    [added, isDryRun ? 'would be added' : 'added'],
    [known, 'known already'],
    [takenOff, 'taken off the list since'],
    [doubtful, 'in doubt and left out (--force adds them)'],
    [refused, 'refused'],
    ...(leftAside === 0 ? [] : [[leftAside, 'not suppressed in that list'] as const]),
  ] as const
  const numbers = parts.map(([count, words]) => `${count.toLocaleString('en-US')} ${words}`).join(', ')
  const goesOn = isWhole ? '' : ' Run it again to go on: what is there already is known then.'
  return `${counted(entriesIn(counts), 'entry', 'entries')} read: ${numbers}.${goesOn}\n`
}
