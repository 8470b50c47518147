import pMap from 'p-map'
import {
  quarantineReasons,
  type QuarantinedRow,
  type QuarantineReason,
  type QuarantineStore,
  type ReplayLeft,
} from './ports.ts'
import type { Callback, Outcome, Provider } from './providers/provider.ts'
import { problemLines, summaryOf, takeIn, type TakeInDependencies } from './take-in.ts'

interface ReplayDependencies extends TakeInDependencies {
  readonly providers: readonly Provider[]
  readonly quarantine: QuarantineStore
}

/** Which rows are meant. Rows that are resolved are never replayed. */
export interface ReplayChoice {
  readonly reason?: QuarantineReason
  /** Rows that came, or came again, at this instant or later. */
  readonly sinceMs?: number
}

/** What became of one row. */
export interface Replayed {
  readonly row: QuarantinedRow
  /** What its body tells, as far as it is understood: `delivered ×3 opened`. */
  readonly summary: string
  /** `unfinished`: the table did not give the body back, or did not take what it tells; the log says which. */
  readonly left: 'resolved' | 'unfinished' | ReplayLeft
}

/** Rows of one replay that are under way at once. */
const concurrentRows = 4

/** The rows that a replay would run, longest in quarantine first. */
export async function rowsToReplay(
  quarantine: Pick<QuarantineStore, 'all'>,
  { reason, sinceMs = -Infinity }: ReplayChoice,
): Promise<readonly QuarantinedRow[]> {
  const rows = await Array.fromAsync(quarantine.all())
  return rows
    .filter((row) => row.resolvedAt === undefined && (reason === undefined || row.reason === reason))
    .filter((row) => Date.parse(row.lastSeenAt) >= sinceMs)
    .sort((a, b) => Date.parse(a.firstSeenAt) - Date.parse(b.firstSeenAt))
}

/**
 * Runs kept bodies again through the same way as live input, so running them twice changes nothing. They were
 * authenticated when they came and are not checked again: a key may have been replaced since. A row is resolved only
 * where every element of its body is durably written; otherwise it says what is still wrong.
 */
export async function replay(
  rows: readonly QuarantinedRow[],
  on: ReplayDependencies,
  { isDryRun, onReplayed }: { isDryRun: boolean; onReplayed: () => void },
): Promise<readonly Replayed[]> {
  const replayed = await pMap(
    rows,
    async (row) => {
      const result = await unlessFailed(row, on, isDryRun ? rehearse : replayRow)
      onReplayed()
      return result
    },
    { concurrency: concurrentRows },
  )
  return replayed.filter((result) => result !== undefined)
}

/** One row is the unit of failure: the others go on. */
async function unlessFailed(
  row: QuarantinedRow,
  on: ReplayDependencies,
  run: typeof replayRow,
): Promise<Replayed | undefined> {
  try {
    return await run(row, on)
  } catch (error) {
    on.log('replay failed', { id: row.id, problem: error instanceof Error ? error.message : typeof error })
    return { row, summary: '', left: 'unfinished' }
  }
}

/** `undefined` where the row has left the quarantine meanwhile. */
async function replayRow(row: QuarantinedRow, on: ReplayDependencies): Promise<Replayed | undefined> {
  const found = await readable(row, on)
  if (!found) return undefined
  const left = found.provider ? await leftOf(found.provider, found.callback, on) : unknownProvider(row)
  if (left.left !== 'unfinished') await on.quarantine.replayed(row.id, on.clock.now(), left.left)
  return { row, ...left }
}

/** What a replay would do, by reading alone. */
async function rehearse(row: QuarantinedRow, on: ReplayDependencies): Promise<Replayed | undefined> {
  const found = await readable(row, on)
  if (!found) return undefined
  if (!found.provider) return { row, ...unknownProvider(row) }
  const outcomes = found.provider.read(found.callback, on.clock.now())
  return { row, summary: summaryOf(outcomes), left: unreadOf(outcomes) ?? 'resolved' }
}

async function readable(
  row: QuarantinedRow,
  on: ReplayDependencies,
): Promise<{ callback: Callback; provider: Provider | undefined } | undefined> {
  const input = await on.quarantine.input(row.id)
  return input && { callback: input, provider: on.providers.find(({ name }) => name === input.provider) }
}

async function leftOf(
  provider: Provider,
  callback: Callback,
  on: ReplayDependencies,
): Promise<Omit<Replayed, 'row'>> {
  const { summary, reason, problems, unwritten } = await takeIn(provider, callback, on)
  if (unwritten > 0) return { summary, left: 'unfinished' }
  return { summary, left: reason ? { reason, problems: problemLines(problems) } : 'resolved' }
}

function unreadOf(outcomes: readonly Outcome[]): ReplayLeft | undefined {
  const reason = quarantineReasons.find((known) => outcomes.some(({ type }) => type === known))
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
