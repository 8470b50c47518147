import pMap from 'p-map'
import {
  readingReasons,
  type QuarantinedRow,
  type QuarantineReason,
  type QuarantineStore,
  type ReplayLeft,
} from './ports.ts'
import type { Callback, Outcome, Provider } from '../providers/provider.ts'
import { readerOf, readPolledRow, replayPolledRow, type PolledRows } from './replay-poll-rows.ts'
import {
  problemLines,
  summaryOf,
  processBody,
  unverifiedLine,
  type ProcessBodyDependencies,
} from '../ingest/process-body.ts'

export interface ReplayDependencies extends ProcessBodyDependencies {
  readonly providers: readonly Provider[]
  readonly quarantine: QuarantineStore
  /** The current keys that the provider may sign with. */
  readonly keysOf: (provider: Provider) => Promise<readonly string[]>
  /** How rows of the polls are read again; absent if not needed. */
  readonly polled?: PolledRows
  /** Whether an operator trusts bodies without a signature. */
  readonly trustsUnsigned?: boolean
}

/** The rows to replay. Resolved rows are never replayed. */
export interface ReplayChoice {
  readonly reason?: QuarantineReason
  /** Leaves out bodies that no replay can resolve until an operator trusts them. */
  readonly withoutUnsigned?: boolean
  /** Rows that arrived, first or again, at this instant or later. */
  readonly sinceMs?: number
}

/** The result for one row. */
export interface Replayed {
  readonly row: QuarantinedRow
  /** What its body reports, as far as it is understood: `delivered ×3 opened`. */
  readonly summary: string
  /** `unfinished`: the body could not be read from the table, or its events could not be written; the log says which. */
  readonly left: 'resolved' | 'unfinished' | ReplayLeft
}

/**
 * Concurrent small bodies. A row takes three calls in sequence: at 10 ms a call, 16 rows keep one core busy, and more
 * are no faster. Each may have 32 concurrent writes; the SDK's 50 sockets bound their sum.
 */
const concurrentSmall = 16

/** Concurrent larger bodies: reading one holds several copies of it in memory. */
const concurrentLarge = 4

/** The limit of Tencent's callbacks. */
const maxSmallBytes = 64 * 1024

/** The rows that a replay would run, longest in quarantine first. */
export async function rowsToReplay(
  quarantine: Pick<QuarantineStore, 'open'>,
  { reason, sinceMs = -Infinity, withoutUnsigned = false }: ReplayChoice,
): Promise<readonly QuarantinedRow[]> {
  const rows = await Array.fromAsync(quarantine.open())
  return rows
    .filter((row) => row.resolvedAt === undefined && (reason === undefined || row.reason === reason))
    .filter((row) => !withoutUnsigned || row.reason !== 'unsigned' || row.isVerified)
    .filter((row) => Date.parse(row.lastSeenAt) >= sinceMs)
    .sort((a, b) => Date.parse(a.firstSeenAt) - Date.parse(b.firstSeenAt))
}

interface ReplayOptions {
  readonly isDryRun: boolean
  readonly onReplayed: () => void
  /** Ends the replay: rows in progress are finished, and no more are started. */
  readonly signal?: AbortSignal
}

/**
 * Replays kept bodies in the same way as live input, so a second replay changes nothing. A body verified on arrival is
 * not checked again: a key may have been replaced since. Any other is verified with the current keys. A row is resolved
 * only if every element of its body is durably written; otherwise it records what is still wrong.
 *
 * Several rows are replayed concurrently, in no fixed order: events join in any order. The results are in the order of
 * the rows, without those that left the quarantine meanwhile or were not started.
 */
export async function replay(
  rows: readonly QuarantinedRow[],
  deps: ReplayDependencies,
  { isDryRun, onReplayed, signal }: ReplayOptions,
): Promise<readonly Replayed[]> {
  const replayed = new Map<QuarantinedRow, Replayed>()
  const replayOne = async (row: QuarantinedRow) => {
    if (signal?.aborted === true) return
    const result = await unlessFailed(row, deps, isDryRun ? rehearse : replayRow)
    // The row as passed in, without its body: all are held until the last one is done.
    if (result) replayed.set(row, { ...result, row })
    onReplayed()
  }
  const isSmall = ({ bytes }: QuarantinedRow) => bytes <= maxSmallBytes
  await pMap(rows.filter(isSmall), replayOne, { concurrency: concurrentSmall })
  await pMap(
    rows.filter((row) => !isSmall(row)),
    replayOne,
    { concurrency: concurrentLarge },
  )
  return rows.flatMap((row) => replayed.get(row) ?? [])
}

/** One row is the unit of failure: the others continue. */
async function unlessFailed(
  row: QuarantinedRow,
  deps: ReplayDependencies,
  run: (row: QuarantinedRow, deps: ReplayDependencies) => Promise<Replayed | undefined>,
): Promise<Replayed | undefined> {
  try {
    return await run(row, deps)
  } catch (error) {
    deps.log('replay failed', { id: row.id, problem: error instanceof Error ? error.message : typeof error })
    return { row, summary: '', left: 'unfinished' }
  }
}

/** `undefined` if the row has left the quarantine meanwhile. */
export async function replayRow(
  { id }: Pick<QuarantinedRow, 'id'>,
  deps: ReplayDependencies,
): Promise<Replayed | undefined> {
  const input = await deps.quarantine.input(id)
  if (!input) return undefined
  const left = await readAgain(input, deps)
  if (left.left !== 'unfinished') await deps.quarantine.replayed(id, deps.clock.now(), left.left)
  return { row: input, ...left }
}

function readAgain(
  input: QuarantinedRow & Callback,
  deps: ReplayDependencies,
): Promise<Omit<Replayed, 'row'>> {
  const { polled } = deps
  const reader = readerOf(polled, input)
  if (polled && reader) return replayPolledRow(input.body, reader, { ...deps, polled })
  const provider = providerOf(input, deps)
  return provider ? leftOf(input, provider, input, deps) : Promise.resolve(unknownProvider(input))
}

/** What a replay would do, without writing. */
async function rehearse(row: QuarantinedRow, deps: ReplayDependencies): Promise<Replayed | undefined> {
  const input = await deps.quarantine.input(row.id)
  if (!input) return undefined
  const reader = readerOf(deps.polled, input)
  if (reader) return { row, ...readPolledRow(input.body, reader) }
  const provider = providerOf(input, deps)
  if (!provider) return { row, ...unknownProvider(row) }
  const unproved = await unprovedOf(input, provider, input, deps)
  if (unproved) return { row, summary: '', left: unproved }
  const outcomes = provider.read(input, deps.clock.now())
  return { row, summary: summaryOf(outcomes), left: unreadOf(outcomes) ?? 'resolved' }
}

function providerOf(row: QuarantinedRow, { providers }: ReplayDependencies): Provider | undefined {
  return providers.find(({ name }) => name === row.provider)
}

async function leftOf(
  row: QuarantinedRow,
  provider: Provider,
  callback: Callback,
  deps: ReplayDependencies,
): Promise<Omit<Replayed, 'row'>> {
  const unproved = await unprovedOf(row, provider, callback, deps)
  if (unproved) return { summary: '', left: unproved }
  const { summary, reason, problems, unwritten } = await processBody(provider, callback, deps)
  if (unwritten > 0) return { summary, left: 'unfinished' }
  return { summary, left: reason ? { reason, problems: problemLines(problems) } : 'resolved' }
}

/** Reasons to keep a body whose sender is not proved. */
const reasonsOfUnproved: ReadonlySet<QuarantineReason> = new Set([
  'forged',
  'unsigned',
  'too-large',
  'unreadable',
])

/** `undefined` if the body is trusted. */
async function unprovedOf(
  row: QuarantinedRow,
  provider: Provider,
  callback: Callback,
  deps: ReplayDependencies,
): Promise<ReplayLeft | undefined> {
  const { signing } = provider
  if (!signing || row.isVerified || !reasonsOfUnproved.has(row.reason)) return undefined
  switch (signing.verify(callback, await deps.keysOf(provider))) {
    case 'signed':
    case 'unverifiable':
      return undefined
    case 'test':
    case 'unsigned':
      return deps.trustsUnsigned === true ? undefined : unprovedLeft('unsigned', signing.keySetting)
    case 'forged':
      return unprovedLeft('forged', signing.keySetting)
  }
}

function unprovedLeft(reason: 'unsigned' | 'forged', keySetting: string): ReplayLeft {
  return { reason, problems: [unverifiedLine(reason, keySetting)] }
}

function unreadOf(outcomes: readonly Outcome[]): ReplayLeft | undefined {
  const reason = readingReasons.find((known) => outcomes.some(({ type }) => type === known))
  const problems = outcomes.flatMap((outcome) => {
    if (outcome.type === 'event' || outcome.type === 'inbound') return []
    return outcome.type === 'invalid' ? outcome.problems : [outcome.problem]
  })
  return reason && { reason, problems: problemLines(problems) }
}

function unknownProvider(row: QuarantinedRow): Omit<Replayed, 'row'> {
  const problem = `provider: expected one that this version knows, got ${row.provider}`
  return { summary: '', left: { reason: row.reason, problems: [problem] } }
}
