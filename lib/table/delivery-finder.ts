import { paginateQuery, type QueryCommandInput } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import type { Delivery, DeliveryKey } from '../core/delivery.ts'
import { TooMuchToReadError, type DeliveryFinder } from '../query/ports.ts'
import { wholeDeliveries, type Dependencies } from './delivery-reader.ts'
import type { Item } from './pages.ts'

/** A read unit is 8 KB of what need not be consistent, so these are 8 MB: some thousands of mails to one address. */
const usualReadUnits = 1_024
const readUnitsOfMegabyte = 128
const concurrentQueries = 8

/**
 * Finds deliveries as lib/table/delivery-reader.ts reads them, and reads no more of each index and table at once than so many
 * read units, and one page of a megabyte for each query under way.
 */
export function deliveryFinder({
  maxReadUnits = usualReadUnits,
  ...from
}: Dependencies & { readonly maxReadUnits?: number }): DeliveryFinder {
  const budgetOf = (signal: AbortSignal) => ({ max: maxReadUnits, left: maxReadUnits, signal })
  return {
    ofRecipient(recipient, signal) {
      const query = {
        KeyConditionExpression: 'recipient = :r',
        ExpressionAttributeValues: { ':r': { S: recipient } },
      }
      return wholeDeliveries(itemsWithin(budgetOf(signal), query, from), from)
    },
    async ofMessage(message, limit, signal) {
      const recipients = await recipientsOf(message, budgetOf(signal), from)
      const budget = budgetOf(signal)
      const found = await pMap(
        recipients.slice(0, limit),
        (recipient) => deliveryOf({ recipient, message }, budget, from),
        { concurrency: concurrentQueries, signal },
      )
      return { found: found.flat(), more: Math.max(recipients.length - limit, 0) }
    },
    ofKey: (key, signal) => deliveryOf(key, budgetOf(signal), from),
  }
}

/** What one call may still read, in read units. */
interface Budget {
  readonly max: number
  left: number
  readonly signal: AbortSignal
}

type Query = Omit<QueryCommandInput, 'TableName'>

/** With what is kept beside its row, of which the key begins with the message. */
async function deliveryOf(
  { recipient, message }: DeliveryKey,
  budget: Budget,
  from: Dependencies,
): Promise<readonly Delivery[]> {
  const query = {
    KeyConditionExpression: 'recipient = :r AND begins_with(message, :m)',
    ExpressionAttributeValues: { ':r': { S: recipient }, ':m': { S: message } },
  }
  const deliveries = await wholeDeliveries(itemsWithin(budget, query, from), from)
  return deliveries.filter((delivery) => delivery.message === message)
}

/** In the index's own order, which is theirs, as far as the budget reaches. */
async function recipientsOf(message: string, budget: Budget, from: Dependencies): Promise<readonly string[]> {
  const query = {
    IndexName: 'byMessage',
    KeyConditionExpression: 'messageId = :m',
    ExpressionAttributeValues: { ':m': { S: message } },
  }
  const recipients: string[] = []
  for await (const { items } of pagesWithin(budget, query, from)) {
    recipients.push(...items.flatMap(({ recipient }) => recipient?.S ?? []))
  }
  return recipients
}

/** Every item of a query. Throws {@link TooMuchToReadError} where the budget does not reach. */
async function* itemsWithin(budget: Budget, query: Query, from: Dependencies): AsyncIterable<Item> {
  for await (const { items, isCut } of pagesWithin(budget, query, from)) {
    yield* items
    if (isCut) {
      throw new TooMuchToReadError(
        `One question reads at most ${budget.max / readUnitsOfMegabyte} MB of rows, and there are more.`,
      )
    }
  }
}

/** The pages of a query; the last one is cut where the budget is used up before the query is at its end. */
async function* pagesWithin(
  budget: Budget,
  query: Query,
  { client, table }: Dependencies,
): AsyncIterable<{ readonly items: readonly Item[]; readonly isCut: boolean }> {
  const input = { TableName: table, ReturnConsumedCapacity: 'TOTAL', ...query } as const
  const pages = paginateQuery({ client }, input, { abortSignal: budget.signal })
  for await (const { Items = [], LastEvaluatedKey, ConsumedCapacity } of pages) {
    budget.left -= ConsumedCapacity?.CapacityUnits ?? readUnitsOfMegabyte
    const isCut = LastEvaluatedKey !== undefined && budget.left <= 0
    yield { items: Items, isCut }
    if (isCut) return
  }
}
