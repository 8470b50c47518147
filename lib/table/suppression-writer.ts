import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { formatInstant } from '../core/instant.ts'
import {
  evidenceLine,
  lastOf,
  parseEvidence,
  sortableInstant,
  withRemoval,
  type Suppression,
  type SuppressionEvidence,
} from '../core/suppression.ts'
import { suppressionRulesVersion } from '../core/suppression-rules.ts'
import { UnwritableError, type SuppressionRemover, type SuppressionWriter } from '../ports.ts'
import { Expression } from './expression.ts'
import type { Item } from './pages.ts'
import { suppressionIn, suppressionItem } from './suppression-reader.ts'
import { isRefusedForGood, tryUpdate } from './try-update.ts'

/** Lines that a row holds. An address whose mails keep being sent could otherwise grow its row without end. */
const defaultMaxEvidenceInRow = 50

/** Somebody else's write stands behind each lost round, so this many in a row are no coincidence any more. */
const maxRounds = 50

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  /** Default: 50. */
  readonly maxEvidenceInRow?: number
}

/**
 * Writes the suppression list so that any order, any repeats and any interleaving of evidence and removals end in the same
 * row (docs/adr/0007). Evidence is written without reading anything back.
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
    remove: (recipient, atMs) => removeRecipient(to, recipient, atMs),
  }
}

/** What a form of the write holds for: each pair of answers is a condition and its negation. */
interface Form {
  /** The set of evidence has room for the line, or holds it. */
  readonly hasRoom: boolean
  /** The line is newer than the last removal, and comes before the one that stands there, or is that one. */
  readonly takesEffect: boolean
  /** Asked where the set is full: the line is newer than what found no room before. */
  readonly isLatest?: boolean
}

// Exactly one of them holds for any row, and the first for an address that is not on the list.
const forms: readonly Form[] = [
  { hasRoom: true, takesEffect: true },
  { hasRoom: true, takesEffect: false },
  { hasRoom: false, takesEffect: true, isLatest: true },
  { hasRoom: false, takesEffect: false, isLatest: true },
  { hasRoom: false, takesEffect: true, isLatest: false },
  { hasRoom: false, takesEffect: false, isLatest: false },
]

/** Where none of the forms held, the row changed between two of them. */
async function suppressRecipient(
  to: Dependencies,
  evidence: SuppressionEvidence,
  signal?: AbortSignal,
): Promise<void> {
  const key = { recipient: { S: evidence.recipient } }
  for (let round = 0; round < maxRounds; round += 1) {
    for (const form of forms) {
      if (await tryUpdate(to, key, evidenceExpression(to, evidence, form), signal)) return
    }
  }
  throw rowKeptChanging()
}

function evidenceExpression(to: Dependencies, evidence: SuppressionEvidence, form: Form): Expression {
  const line = evidenceLine(evidence)
  const instant = sortableInstant(evidence.occurredAtMs)
  const expression = new Expression()
  const require = (isWanted: boolean, condition: string) => {
    expression.require(isWanted ? `(${condition})` : `NOT (${condition})`)
  }
  const noneOr = (attribute: string, operator: '<' | '>=', value: string) => {
    const name = expression.name(attribute)
    return `attribute_not_exists(${name}) OR ${name} ${operator} ${expression.string(value)}`
  }

  const maxLines = to.maxEvidenceInRow ?? defaultMaxEvidenceInRow
  require(form.hasRoom, expression.roomFor('evidence', line, maxLines))
  require(form.takesEffect, `(${noneOr('removedAt', '<', instant)}) AND (${noneOr('suppressedBy', '>=', line)})`)
  if (form.hasRoom) expression.add('evidence', [line])
  else expression.set('evidenceLeftOut', { S: 'yes' })
  if (form.takesEffect) setSuppressedBy(expression, line)
  if (form.isLatest !== undefined) require(form.isLatest, noneOr('latestEvidenceAt', '<', instant))
  if (form.isLatest === true) {
    expression.set('latestEvidenceAt', { S: instant })
    expression.set('latestEvidence', { S: line })
  }
  return expression
}

/** Why the recipient is on the list, with the columns in which a person reads it; all of them go where it is not. */
function setSuppressedBy(expression: Expression, line: string | undefined): void {
  const told = line === undefined ? undefined : parseEvidence(line)
  const columns: Readonly<Record<string, AttributeValue | undefined>> = {
    suppressedBy: text(line),
    reason: text(told?.reason),
    since: text(told && formatInstant(told.occurredAtMs)),
    provider: text(told?.provider),
    message: text(told?.message),
    rulesVersion: told && told.source !== 'operator' ? { N: String(suppressionRulesVersion) } : undefined,
  }
  for (const [column, value] of Object.entries(columns)) {
    if (value === undefined) expression.remove(column)
    else expression.set(column, value)
  }
}

function text(value: string | undefined): AttributeValue | undefined {
  return value === undefined ? undefined : { S: value }
}

/** Reads, and writes only where nothing that decides has changed since. */
async function removeRecipient(
  to: Dependencies,
  recipient: string,
  atMs: number,
): Promise<Suppression | undefined> {
  const key = { recipient: { S: recipient } }
  for (let round = 0; round < maxRounds; round += 1) {
    const item = await suppressionItem(to, recipient)
    if (item === undefined) return undefined
    const removed = withRemoval(suppressionIn(item), atMs)
    if (await tryUpdate(to, key, removalExpression(item, removed, atMs))) return removed
  }
  throw rowKeptChanging()
}

function removalExpression(item: Item, removed: Suppression, atMs: number): Expression {
  const expression = new Expression()
  expression.add('removals', [sortableInstant(atMs)])
  expression.set('removedAt', { S: sortableInstant(lastOf(removed.removals)) })
  setSuppressedBy(expression, removed.suppressedBy)

  for (const attribute of ['suppressedBy', 'removedAt', 'latestEvidenceAt']) {
    const name = expression.name(attribute)
    const stood = item[attribute]?.S
    expression.require(
      stood === undefined ? `attribute_not_exists(${name})` : `${name} = ${expression.string(stood)}`,
    )
  }
  // The set only grows: of the same size it is the same.
  const set = expression.name('evidence')
  const size = item.evidence?.SS?.length
  expression.require(
    size === undefined ? `attribute_not_exists(${set})` : `size(${set}) = ${expression.number(size)}`,
  )
  return expression
}

function rowKeptChanging(): Error {
  return new Error(`The row kept changing while it was written: others won ${maxRounds} rounds. Try again.`)
}
