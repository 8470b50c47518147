import pMap from 'p-map'
import type { Delivery } from '../../core/delivery.ts'
import { judgeReply, type ReplyClass } from '../../core/judge-reply.ts'
import {
  counting,
  emptySuppression,
  evidenceLine,
  heldReasons,
  lastOf,
  linesOf,
  parseEvidence,
  withEvidence,
  type Suppression,
  type SuppressionEvidence,
} from '../../core/suppression.ts'
import { UnwritableError, type DeliveryReader } from '../../ledger/ports.ts'
import type { SuppressionScanner, SuppressionWriter } from '../ports.ts'
import { deliveredSince, type Doubt } from '../recheck.ts'
import type { ReadEntry } from './entries.ts'

interface ImportDependencies {
  readonly suppressions: Pick<SuppressionScanner, 'ofRecipients'> & SuppressionWriter
  readonly deliveries: Pick<DeliveryReader, 'ofRecipient'>
  readonly blocklistDays: number
}

/** What became of the entries of a list. */
export interface ImportCounts {
  readonly added: number
  /** The list holds the evidence already. */
  readonly known: number
  /** The address was taken off our list later than the evidence: it stays off. */
  readonly takenOff: number
  /** Left out, since they may not hold any more. */
  readonly doubtful: number
  readonly refused: number
  /** Entries that the list itself does not suppress. */
  readonly leftAside: number
}

export const nothingImported: ImportCounts = {
  added: 0,
  known: 0,
  takenOff: 0,
  doubtful: 0,
  refused: 0,
  leftAside: 0,
}

export function entriesIn({ added, known, takenOff, doubtful, refused, leftAside }: ImportCounts): number {
  return added + known + takenOff + doubtful + refused + leftAside
}

/** Why a bounce or a blocklisting may not hold any more. */
export type ImportDoubt =
  | Extract<Doubt, { type: 'delivered-since' }>
  /** The server's reply speaks of something else than the mailbox. */
  | { readonly type: 'other-reply'; readonly replyClass: ReplyClass }

export type ImportFinding =
  | { readonly type: 'refused'; readonly line: number; readonly problem: string }
  | {
      readonly type: 'doubtful'
      readonly line: number
      readonly evidence: SuppressionEvidence
      readonly doubts: readonly ImportDoubt[]
    }

interface ImportOrder {
  /** Adds without looking for doubts. */
  readonly isForced: boolean
  readonly signal: AbortSignal
  readonly onFinding: (finding: ImportFinding) => Promise<void> | void
}

type EvidenceEntry = Extract<ReadEntry, { type: 'evidence' }>

/** Entries that are read, judged and written together. */
const entriesInBatch = 100

/** Concurrent look-ups and writes. */
const concurrent = 16

/**
 * Adds the entries of a list as evidence. What the list holds already takes no write, so that a second time changes
 * nothing. Holds a hundred entries at a time. If `signal` aborts, it ends after the current hundred.
 */
export async function importEntries(
  deps: ImportDependencies,
  entries: AsyncIterable<ReadEntry>,
  order: ImportOrder,
): Promise<ImportCounts> {
  let counts = nothingImported
  for await (const batch of batchesOf(entries)) {
    counts = sumOf(counts, await importBatch(deps, batch, order))
    if (order.signal.aborted) break
  }
  return counts
}

async function* batchesOf(entries: AsyncIterable<ReadEntry>): AsyncIterable<readonly ReadEntry[]> {
  let batch: ReadEntry[] = []
  for await (const entry of entries) {
    batch.push(entry)
    if (batch.length < entriesInBatch) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function sumOf(one: ImportCounts, other: ImportCounts): ImportCounts {
  return {
    added: one.added + other.added,
    known: one.known + other.known,
    takenOff: one.takenOff + other.takenOff,
    doubtful: one.doubtful + other.doubtful,
    refused: one.refused + other.refused,
    leftAside: one.leftAside + other.leftAside,
  }
}

/** Where an entry is counted, what is reported of it, and what has to be written first. */
interface Outcome {
  readonly counted: keyof ImportCounts
  readonly finding?: ImportFinding
  readonly toWrite?: SuppressionEvidence
}

async function importBatch(
  deps: ImportDependencies,
  batch: readonly ReadEntry[],
  order: ImportOrder,
): Promise<ImportCounts> {
  const evidence = batch.filter((entry) => entry.type === 'evidence')
  const recipients = evidence.map((entry) => entry.evidence.recipient)
  const rows = new Map(await deps.suppressions.ofRecipients(recipients))
  const mails = order.isForced ? undefined : await mailsTo(evidence, rows, deps)
  const judged = batch.map((entry) => {
    if (entry.type === 'left-aside') return { counted: 'leftAside' as const }
    if (entry.type === 'refused') return { counted: 'refused' as const, finding: entry }
    const outcome = outcomeOf(entry, rows, { mails, ...deps })
    const { recipient } = entry.evidence
    // The next entry of this address finds what this one adds.
    if (outcome.toWrite) rows.set(recipient, withEvidence(rows.get(recipient), entry.evidence))
    return outcome
  })
  const outcomes = await pMap(judged, (outcome, index) => written(outcome, batch[index]?.line ?? 0, deps), {
    concurrency: concurrent,
  })
  const counts = { ...nothingImported }
  for (const { counted, finding } of outcomes) {
    counts[counted] += 1
    if (finding) await order.onFinding(finding)
  }
  return counts
}

function outcomeOf(
  entry: EvidenceEntry,
  rows: ReadonlyMap<string, Suppression>,
  { mails, blocklistDays }: Pick<ImportDependencies, 'blocklistDays'> & { mails: Mails | undefined },
): Outcome {
  const { line, evidence } = entry
  const place = placeOf(entry, rows, blocklistDays)
  if (place !== 'new') return { counted: place }
  const doubts = mails ? doubtsAbout(evidence, mails.get(evidence.recipient) ?? []) : []
  return doubts.length > 0
    ? { counted: 'doubtful', finding: { type: 'doubtful', line, evidence, doubts } }
    : { counted: 'added', toWrite: evidence }
}

/** The outcome once its evidence is durable. */
async function written(
  outcome: Outcome,
  line: number,
  { suppressions }: ImportDependencies,
): Promise<Outcome> {
  if (outcome.toWrite === undefined) return outcome
  try {
    await suppressions.suppress(outcome.toWrite)
    return outcome
  } catch (error) {
    if (!(error instanceof UnwritableError)) throw error
    return { counted: 'refused', finding: { type: 'refused', line, problem: error.message } }
  }
}

type Mails = ReadonlyMap<string, readonly Delivery[]>

/** The deliveries to those of whose evidence a delivery makes a doubt. */
async function mailsTo(
  entries: readonly EvidenceEntry[],
  rows: ReadonlyMap<string, Suppression>,
  { deliveries, blocklistDays }: ImportDependencies,
): Promise<Mails> {
  const recipients = entries
    .filter((entry) => mayBeDoubtful(entry.evidence) && placeOf(entry, rows, blocklistDays) === 'new')
    .map((entry) => entry.evidence.recipient)
  const read = await pMap(
    [...new Set(recipients)],
    async (recipient) => [recipient, await deliveries.ofRecipient(recipient)] as const,
    { concurrency: concurrent },
  )
  return new Map(read)
}

/** Whether the list holds the evidence, or it was taken off the list since, or it is new. */
function placeOf(
  entry: EvidenceEntry,
  rows: ReadonlyMap<string, Suppression>,
  blocklistDays: number,
): 'known' | 'takenOff' | 'new' {
  const row = rows.get(entry.evidence.recipient) ?? emptySuppression(entry.evidence.recipient)
  const line = evidenceLine(entry.evidence)
  const counts = counting(row)
  const same = linesOf(row).filter(
    (known) => known === line || (!entry.isDated && isSameImport(known, entry, blocklistDays)),
  )
  if (same.length > 0) return same.some(counts) ? 'known' : 'takenOff'
  return entry.evidence.occurredAtMs <= lastOf(row.removals) ? 'takenOff' : 'new'
}

/**
 * Whether the line came with a list of the same format, for the same reason. An entry without an instant is dated by its
 * file, which may be another one each time. A blocklisting that has ended by then is not the same.
 */
function isSameImport(known: string, { evidence }: EvidenceEntry, blocklistDays: number): boolean {
  const read = parseEvidence(known)
  const isSame =
    read?.source === 'import' &&
    read.provider === evidence.provider &&
    read.reason === evidence.reason &&
    read.fromDomain === evidence.fromDomain
  if (!isSame || evidence.reason !== 'blocklist') return isSame
  const alone = { ...emptySuppression(evidence.recipient), blocklisted: [known] }
  return heldReasons(alone, { nowMs: evidence.occurredAtMs, blocklistDays }).length > 0
}

/** A complaint and an unsubscription hold, whatever arrives later. */
export function mayBeDoubtful({ reason }: SuppressionEvidence): boolean {
  return reason === 'hard-bounce' || reason === 'blocklist'
}

/** Classes of replies that do not contradict a hard bounce: it is the other sender's judgement. */
const isHardBounce: ReadonlySet<ReplyClass> = new Set(['gone', 'closed', 'ambiguous', 'unknown'])

function doubtsAbout(evidence: SuppressionEvidence, mails: readonly Delivery[]): readonly ImportDoubt[] {
  if (!mayBeDoubtful(evidence)) return []
  const { reason, recipient, detail, occurredAtMs } = evidence
  const replyClass = reason === 'hard-bounce' ? judgeReply(detail, { recipient }).class : 'unknown'
  return [
    ...deliveredSince(mails, occurredAtMs),
    ...(isHardBounce.has(replyClass) ? [] : [{ type: 'other-reply' as const, replyClass }]),
  ]
}
