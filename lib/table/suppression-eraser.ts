import { isDeepStrictEqual } from 'node:util'
import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { firstLasting, lastOf, sortableInstant, type Suppression } from '../core/suppression.ts'
import type { Clock } from '../runtime/ports.ts'
import type { SuppressionEraser } from '../erase/ports.ts'
import { maxRounds, rowKeptChanging, suppressionIn, suppressionSets } from '../rows/suppression-row.ts'
import { Expression } from './expression.ts'
import { batchGetItems, type Item } from './pages.ts'
import { plainRow } from './plain-row.ts'
import { setSuppressedBy } from './suppression-writer.ts'
import { tryUpdate, undefinedIfConditionFailed } from './try-update.ts'

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly clock: Clock
}

/** Replaces rows of the suppression list only if they are as they were read. */
export function suppressionEraser({ client, table, clock }: Dependencies): SuppressionEraser {
  const itemOf = async (recipient: string): Promise<Item | undefined> =>
    (await batchGetItems(client, table, clock, [{ recipient: { S: recipient } }]))[0]
  return {
    async ofRecipient(recipient) {
      const item = await itemOf(recipient)
      return item && suppressionIn(plainRow(item))
    },
    async replace(recipient, leave) {
      const Key = { recipient: { S: recipient } }
      for (let round = 0; round < maxRounds; round += 1) {
        const item = await itemOf(recipient)
        if (item === undefined) return false
        const known = suppressionIn(plainRow(item))
        const left = leave(known)
        if (isDeepStrictEqual(left, known)) return false
        if (left === undefined) {
          const removal = new DeleteItemCommand({ TableName: table, Key, ...unchanged(item).condition() })
          if ((await undefinedIfConditionFailed(client.send(removal))) !== undefined) return true
        } else if (await tryUpdate({ client, table }, Key, replacement(item, left))) return true
      }
      throw rowKeptChanging()
    },
  }
}

/** The row is as it was read: each attribute, and those that it lacks. */
function unchanged(item: Item): Expression {
  const expression = new Expression()
  for (const [attribute, value] of Object.entries(item)) {
    expression.require(`${expression.name(attribute)} = ${expression.value(value)}`)
  }
  for (const attribute of [...suppressionSets, 'suppressedBy', 'removedAt', 'evidenceLeftOut']) {
    if (!(attribute in item)) expression.require(`attribute_not_exists(${expression.name(attribute)})`)
  }
  return expression
}

function replacement(item: Item, left: Suppression): Expression {
  const expression = unchanged(item)
  for (const set of suppressionSets) {
    if (left[set].length > 0) expression.set(set, { SS: [...left[set]] })
    else if (set in item) expression.remove(set)
  }
  if (left.removals.length > 0) {
    expression.set('removedAt', { S: sortableInstant(lastOf(left.removals)) })
  } else if ('removedAt' in item) expression.remove('removedAt')
  // What found no room in a set has it now.
  for (const attribute of Object.keys(item)) {
    if (attribute === 'evidenceLeftOut' || attribute.startsWith('latest')) expression.remove(attribute)
  }
  setSuppressedBy(expression, firstLasting(left))
  return expression
}
