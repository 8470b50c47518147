import {
  firstLasting,
  lastOf,
  sortableInstant,
  withRemoval,
  type Suppression,
  type SuppressionEvidence,
} from '../core/suppression.ts'
import { UnwritableError } from '../ledger/ports.ts'
import { suppressedByColumns } from '../rows/suppressed-by.ts'
import {
  evidenceInRow,
  maxRounds,
  rowKeptChanging,
  usualSetLimits,
  type EvidenceInRow,
  type SetLimits,
} from '../rows/suppression-row.ts'
import type { SuppressionRemover, SuppressionWriter } from '../suppressions/ports.ts'
import { isRefusedForGood } from './database.ts'
import { requireKey } from './keys.ts'
import { given } from './pages.ts'
import { quoted, type PostgresTables } from './schema.ts'
import { givenAs, list } from './statement.ts'
import { replaceSuppression, versionedSuppression } from './suppression-rows.ts'

interface Dependencies {
  readonly store: PostgresTables
  /** How many lines the sets may hold. Default: 50 of evidence, 20 of blocklists, 60 unclear bounces and 400 of their days. */
  readonly limits?: Partial<SetLimits>
}

/**
 * Writes the suppression list so that any order, any repeats and any interleaving of evidence and removals give the same row
 * (docs/adr/0007). Evidence is one statement that no row can refuse.
 */
export function suppressionWriter(to: Dependencies): SuppressionWriter & SuppressionRemover {
  const limits = { ...usualSetLimits, ...to.limits }
  return {
    async suppress(evidence, signal) {
      requireKey(evidence.recipient)
      try {
        await suppressRecipient(to.store, evidence, limits, signal)
      } catch (error) {
        throw isRefusedForGood(error)
          ? new UnwritableError(`The database refused the evidence: ${error.message}`)
          : error
      }
    },
    remove: (recipient, atMs, countingOut = []) => removeRecipient(to.store, recipient, atMs, countingOut),
  }
}

/** Why the recipient is on the list, for a person to read. */
const reasonColumns = Object.keys(suppressedByColumns(undefined))

async function suppressRecipient(
  { database, nameOf }: PostgresTables,
  evidence: SuppressionEvidence,
  limits: SetLimits,
  signal: AbortSignal | undefined,
): Promise<void> {
  const row = evidenceInRow(evidence)
  const isLasting = row.set === 'evidence'
  const reasons = isLasting ? reasonColumns : []
  const columns = ['recipient', row.set, ...reasons]
  const statement = `WITH n AS MATERIALIZED (
      SELECT * FROM ${givenAs('suppressions', columns, givenEvidence)}
    )
    INSERT INTO ${nameOf('suppressions')} AS d (${list(columns)}) SELECT ${list(columns)} FROM n
    ON CONFLICT (recipient) DO UPDATE SET ${[...setColumns(row.set, limits), ...(isLasting ? firstColumns : [])].join(', ')}`
  const { line, instant, day, latestColumn, latestValue } = row
  await database.write(
    statement,
    {
      recipient: evidence.recipient,
      [row.set]: [line],
      ...(isLasting && suppressedByColumns(line)),
      ...{ line, instant, day, latestColumn, latestValue },
    },
    signal,
  )
}

const givenEvidence = {
  line: 'text',
  instant: 'text',
  day: 'text',
  latestColumn: 'text',
  latestValue: 'text',
} as const

/** The line comes into its set, where that has room; else what is left of it beyond. */
function setColumns(set: EvidenceInRow['set'], limits: SetLimits): readonly string[] {
  const fits = hasRoom(set, given('line'), limits[set])
  const beyond = set === 'unclearBounces' ? dayBeyond(fits, limits) : latestBeyond(fits)
  return [
    `${quoted(set)} = CASE WHEN ${fits} THEN ${withMember(set, given('line'))} ELSE d.${quoted(set)} END`,
    `"evidenceLeftOut" = CASE WHEN ${fits} THEN d."evidenceLeftOut" ELSE 'yes' END`,
    beyond,
  ]
}

function hasRoom(set: string, member: string, max: number): string {
  const known = `d.${quoted(set)}`
  return `(${known} IS NULL OR cardinality(${known}) < ${max} OR ${member} = ANY (${known}))`
}

function withMember(set: string, member: string): string {
  const known = `d.${quoted(set)}`
  return `CASE WHEN ${member} = ANY (${known}) THEN ${known} ELSE coalesce(${known}, '{}') || ${member} END`
}

/** For a bounce that does not fit, the day is kept: enough to see bounces on several days. */
function dayBeyond(fits: string, { unclearDays }: SetLimits): string {
  const day = given('day')
  return `"unclearDays" = CASE WHEN ${fits} OR NOT ${hasRoom('unclearDays', day, unclearDays)}
    THEN d."unclearDays" ELSE ${withMember('unclearDays', day)} END`
}

/** Of other evidence that does not fit, the latest of each reason. */
function latestBeyond(fits: string): string {
  const [column, value] = [given('latestColumn'), given('latestValue')]
  return `latest = CASE WHEN ${fits} OR (d.latest ->> ${column}) COLLATE "C" >= ${value}
    THEN d.latest ELSE coalesce(d.latest, '{}') || jsonb_build_object(${column}, ${value}) END`
}

/** The first evidence newer than the last removal names why the address is on the list. */
const takesEffect = `(d."removedAt" IS NULL OR d."removedAt" < ${given('instant')})
  AND (d."suppressedBy" IS NULL OR d."suppressedBy" >= ${given('line')})
  AND (d."countedOut" IS NULL OR ${given('line')} <> ALL (d."countedOut"))`

const firstColumns = reasonColumns.map(
  (column) =>
    `${quoted(column)} = CASE WHEN ${takesEffect} THEN EXCLUDED.${quoted(column)} ELSE d.${quoted(column)} END`,
)

/** Reads, and writes only if the row has not changed since. */
async function removeRecipient(
  store: PostgresTables,
  recipient: string,
  atMs: number,
  countingOut: readonly string[],
): Promise<Suppression | undefined> {
  for (let round = 0; round < maxRounds; round += 1) {
    const found = await versionedSuppression(store, recipient)
    if (found === undefined) return undefined
    const removed = withRemoval(found.known, atMs, countingOut)
    const columns = {
      removals: removed.removals,
      countedOut: removed.countedOut.length > 0 ? removed.countedOut : undefined,
      removedAt: sortableInstant(lastOf(removed.removals)),
      ...suppressedByColumns(firstLasting(removed)),
    }
    if (await replaceSuppression(store, recipient, found.version, columns)) return removed
  }
  throw rowKeptChanging()
}
