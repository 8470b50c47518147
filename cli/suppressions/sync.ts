import { addDays, formatInstant, requestDateOf } from '../../lib/core/instant.ts'
import { evidenceLine } from '../../lib/core/suppression.ts'
import { noFigures, type ListFigures, type ListFinding } from '../../lib/reconcile/lists/apply-page.ts'
import { mostRows, readLists, stepsOf } from '../../lib/reconcile/lists/read-lists.ts'
import { ProviderCalls } from '../../lib/reconcile/provider-calls.ts'
import { CommandError } from '../command-error.ts'
import { counted } from '../counted.ts'
import { withLedger, type OpenLedger } from '../open-ledger.ts'
import { untilInterrupted } from '../until-interrupted.ts'
import { setUpLists } from './set-up-lists.ts'
import { shellWord } from '../shell-word.ts'

interface SyncOptions {
  /** Default: all that are set up. */
  readonly from?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** How far back, in days, lists are read by hand: far enough for whoever begins with a list of years. */
const reachDays = 365

/** Reads the providers' own lists into ours, and prints what ours lacked. Running it again adds nothing twice. */
export async function syncSuppressions({ from, dryRun = false, json = false }: SyncOptions): Promise<void> {
  await withLedger(async (opened) => {
    const providers = (await setUpLists(opened.clock)).filter(
      ({ provider }) => from === undefined || provider === from,
    )
    if (providers.length === 0) throw new CommandError(`--from ${from ?? ''}: this provider is not set up.`)
    await untilInterrupted('Ending after this page.', async (signal) => {
      for (const provider of providers) {
        if (!signal.aborted) await syncProvider(provider, opened, { isDryRun: dryRun, json, signal })
      }
    })
  })
}

type SetUp = Awaited<ReturnType<typeof setUpLists>>[number]

interface Order {
  readonly isDryRun: boolean
  readonly json: boolean
  readonly signal: AbortSignal
}

async function syncProvider(
  { provider, lists, requestsPerSecond }: SetUp,
  { store, clock, name, blocklistDays }: OpenLedger,
  { isDryRun, json, signal }: Order,
): Promise<void> {
  const today = requestDateOf(clock.now())
  const { figures, failures, cut, left } = await readLists(
    {
      lists,
      suppressions: { ...store.suppressionBatches(), ...store.suppressionWriter() },
      blocklistDays,
      clock,
      calls: new ProviderCalls({
        statusApi: undefined,
        clock,
        budget: { deadlineMs: Infinity, maxCalls: Infinity, requestsPerSecond },
        lastCallAtMs: 0,
        beforeCall: () => Promise.resolve(),
      }),
    },
    {
      steps: lists.flatMap((list) => stepsOf(list, today, addDays(today, 1 - reachDays))),
      isDryRun,
      signal,
      onFinding: (finding) => process.stdout.write(json ? jsonOf(finding) : lineOf(finding, isDryRun, name)),
      onPage: () => undefined,
    },
  )
  const isLeft = (list: string) => left.some((step) => step.list === list)
  for (const { name: list } of lists) {
    const problem =
      failures.get(list)?.message ??
      (cut.has(list) ? `It has more than ${counted(mostRows, 'row')}: the rest was not read.` : undefined) ??
      (isLeft(list)
        ? 'It was not read to its end. Run it again: what is known is not added twice.'
        : undefined)
    if (problem !== undefined) process.exitCode = 1
    process.stderr.write(
      `${provider} ${list}: ${sentenceOf(figures.get(list) ?? noFigures, isDryRun)}${problem === undefined ? '' : ` ${problem}`}\n`,
    )
  }
}

function lineOf({ type, list, evidence }: ListFinding, isDryRun: boolean, ledger: string): string {
  const { recipient, occurredAtMs } = evidence
  if (type === 'added')
    return `${recipient}  ${isDryRun ? 'would be added' : 'added'}: ${evidenceLine(evidence)}\n`
  return `${recipient}  at the provider still (${list}, since ${formatInstant(occurredAtMs)}), and off the list of ${ledger}: the next mail is refused. \`ledger suppressions remove ${shellWord(recipient)} --at-provider\` takes it off there, too.\n`
}

function jsonOf({ type, list, evidence }: ListFinding): string {
  const { recipient } = evidence
  return `${JSON.stringify({ type, list, recipient, evidence: evidenceLine(evidence) })}\n`
}

function sentenceOf({ rows, added, known, still, unreadable }: ListFigures, isDryRun: boolean): string {
  const parts = [
    `${added} ${isDryRun ? 'would be added' : 'added'}`,
    `${known} known`,
    ...(still > 0 ? [`${still} at the provider still`] : []),
    ...(unreadable > 0 ? [`${unreadable} unreadable`] : []),
  ]
  return `${counted(rows, 'row')}: ${parts.join(', ')}.`
}
