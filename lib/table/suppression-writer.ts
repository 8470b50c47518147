import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  firstLasting,
  lastOf,
  sortableInstant,
  suppressionReasons,
  withRemoval,
  type Suppression,
  type SuppressionEvidence,
} from '../core/suppression.ts'
import { UnwritableError } from '../ledger/ports.ts'
import { suppressedByColumns } from '../rows/suppressed-by.ts'
import {
  evidenceInRow,
  latestColumnOf,
  maxRounds,
  rowKeptChanging,
  suppressionIn,
  usualSetLimits,
  type EvidenceInRow,
  type SetLimits,
} from '../rows/suppression-row.ts'
import type { SuppressionRemover, SuppressionWriter } from '../suppressions/ports.ts'
import { Expression } from './expression.ts'
import type { Item } from './pages.ts'
import { plainRow } from './plain-row.ts'
import { suppressionItem } from './suppression-reader.ts'
import { isRefusedForGood, tryUpdate } from './try-update.ts'

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  /** How many lines the sets may hold. Default: 50 of evidence, 20 of blocklists, 60 unclear bounces and 400 of their days. */
  readonly limits?: Partial<SetLimits>
}

/**
 * Writes the suppression list so that any order, any repeats and any interleaving of evidence and removals give the
 * same row (docs/adr/0007). Evidence is written without reading.
 */
export function suppressionWriter(to: Dependencies): SuppressionWriter & SuppressionRemover {
  return {
    async suppress(evidence, signal) {
      try {
        await suppressRecipient(to, evidence, signal)
      } catch (error) {
        throw isRefusedForGood(error)
          ? new UnwritableError(`DynamoDB refused the evidence: ${error.message}`)
          : error
      }
    },
    remove: (recipient, atMs, countingOut = []) => removeRecipient(to, recipient, { atMs, countingOut }),
  }
}

/**
 * A write of evidence has forms whose conditions exclude each other, so that exactly one of them holds for any row. The
 * first one usually does. If none did, the row changed between two of them.
 */
async function suppressRecipient(
  to: Dependencies,
  evidence: SuppressionEvidence,
  signal?: AbortSignal,
): Promise<void> {
  const key = { recipient: { S: evidence.recipient } }
  const forms = formsOf(evidenceInRow(evidence), { ...usualSetLimits, ...to.limits })
  for (let round = 0; round < maxRounds; round += 1) {
    for (const form of forms) {
      if (await tryUpdate(to, key, form(), signal)) return
    }
  }
  throw rowKeptChanging()
}

type Form = () => Expression

function formsOf(evidence: EvidenceInRow, limits: SetLimits): readonly Form[] {
  switch (evidence.set) {
    case 'evidence':
      return lastingForms(evidence, limits)
    case 'blocklisted':
      return blocklistForms(evidence, limits)
    case 'unclearBounces':
      return unclearForms(evidence, limits)
  }
}

/** Requires a condition, or its negation. */
function require(expression: Expression, isWanted: boolean, condition: string): void {
  expression.require(isWanted ? `(${condition})` : `NOT (${condition})`)
}

function noneOr(expression: Expression, attribute: string, operator: '<' | '>=', value: string): string {
  const name = expression.name(attribute)
  return `attribute_not_exists(${name}) OR ${name} ${operator} ${expression.string(value)}`
}

/** The first evidence newer than the last removal names why the address is on the list. */
function lastingForms(evidence: EvidenceInRow, limits: SetLimits): readonly Form[] {
  const { line, instant } = evidence
  const withFirst = (expression: Expression, takesEffect: boolean) => {
    const isNew = noneOr(expression, 'removedAt', '<', instant)
    const isFirst = noneOr(expression, 'suppressedBy', '>=', line)
    const isCountedOut = `contains(${expression.name('countedOut')}, ${expression.string(line)})`
    require(expression, takesEffect, `(${isNew}) AND (${isFirst}) AND NOT ${isCountedOut}`)
    if (takesEffect) setSuppressedBy(expression, line)
    return expression
  }
  const effects = [true, false]
  return [
    ...effects.map((takesEffect) => () => withFirst(added('evidence', line, limits.evidence), takesEffect)),
    ...leftOutForms('evidence', evidence, limits.evidence).flatMap((form) =>
      effects.map((takesEffect) => () => withFirst(form(), takesEffect)),
    ),
  ]
}

/** The latest one decides how long it holds. */
function blocklistForms(evidence: EvidenceInRow, limits: SetLimits): readonly Form[] {
  return [
    () => added('blocklisted', evidence.line, limits.blocklisted),
    ...leftOutForms('blocklisted', evidence, limits.blocklisted),
  ]
}

/** For a bounce that does not fit, the day is kept: enough to see bounces on several days. */
function unclearForms({ line, day }: EvidenceInRow, limits: SetLimits): readonly Form[] {
  const leftOut = (isDayKept: boolean) => () => {
    const expression = leftOutOf('unclearBounces', line, limits.unclearBounces)
    require(expression, isDayKept, expression.roomFor('unclearDays', day, limits.unclearDays))
    if (isDayKept) expression.add('unclearDays', [day])
    return expression
  }
  return [() => added('unclearBounces', line, limits.unclearBounces), leftOut(true), leftOut(false)]
}

/** The set has room for the line, or holds it. */
function added(set: string, line: string, maxLines: number): Expression {
  const expression = new Expression()
  expression.addWithinRoom(set, line, maxLines)
  return expression
}

/** The set has no room for the line. */
function leftOutOf(set: string, line: string, maxLines: number): Expression {
  const expression = new Expression()
  require(expression, false, expression.roomFor(set, line, maxLines))
  expression.set('evidenceLeftOut', { S: 'yes' })
  return expression
}

/** The same, whether or not the line is the latest of its reason that did not fit. */
function leftOutForms(
  set: string,
  { line, latestColumn, latestValue }: EvidenceInRow,
  maxLines: number,
): readonly Form[] {
  return [true, false].map((isLatest) => () => {
    const expression = leftOutOf(set, line, maxLines)
    require(expression, isLatest, noneOr(expression, latestColumn, '<', latestValue))
    if (isLatest) expression.set(latestColumn, { S: latestValue })
    return expression
  })
}

/** Why the recipient is on the list, with the columns for a person to read; all are removed if it is not. */
export function setSuppressedBy(expression: Expression, line: string | undefined): void {
  for (const [column, value] of Object.entries(suppressedByColumns(line))) {
    if (value === undefined) expression.remove(column)
    else expression.set(column, typeof value === 'number' ? { N: String(value) } : { S: value })
  }
}

/** The attributes that decide, besides the set of evidence, which evidence comes first. */
const decidingAttributes = ['suppressedBy', 'removedAt', ...suppressionReasons.map(latestColumnOf)]

interface Removal {
  readonly atMs: number
  readonly countingOut: readonly string[]
}

/** Reads, and writes only if no deciding attribute has changed since. */
async function removeRecipient(
  to: Dependencies,
  recipient: string,
  removal: Removal,
): Promise<Suppression | undefined> {
  const key = { recipient: { S: recipient } }
  for (let round = 0; round < maxRounds; round += 1) {
    const item = await suppressionItem(to, recipient)
    if (item === undefined) return undefined
    const removed = withRemoval(suppressionIn(plainRow(item)), removal.atMs, removal.countingOut)
    if (await tryUpdate(to, key, removalExpression(item, removed, removal))) return removed
  }
  throw rowKeptChanging()
}

function removalExpression(item: Item, removed: Suppression, { atMs, countingOut }: Removal): Expression {
  const expression = new Expression()
  expression.add('removals', [sortableInstant(atMs)])
  if (countingOut.length > 0) expression.add('countedOut', countingOut)
  expression.set('removedAt', { S: sortableInstant(lastOf(removed.removals)) })
  setSuppressedBy(expression, firstLasting(removed))

  for (const attribute of decidingAttributes) {
    const name = expression.name(attribute)
    const previous = item[attribute]?.S
    expression.require(
      previous === undefined ? `attribute_not_exists(${name})` : `${name} = ${expression.string(previous)}`,
    )
  }
  // The set only grows: if the size is the same, so is the set.
  const set = expression.name('evidence')
  const size = item.evidence?.SS?.length
  expression.require(
    size === undefined ? `attribute_not_exists(${set})` : `size(${set}) = ${expression.number(size)}`,
  )
  return expression
}
