import { createHash } from 'node:crypto'
import { PutItemCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  impliedStatus,
  isEngagement,
  isPending,
  pendingPartitionOf,
  statusRanks,
  type DeliveryKey,
  type Status,
} from '../core/delivery.ts'
import type { DeliveryEvent } from '../core/event.ts'
import { factOf, sentFactOf } from '../core/fact.ts'
import { formatInstant } from '../core/instant.ts'
import { isTaskKey, sentAtOf } from '../core/message.ts'
import { UnwritableError, type Clock, type DeliveryWriter, type PendingWriter } from '../ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { isRefusedForGood, tryUpdate } from './try-update.ts'

/**
 * Facts of one kind that stand in the row itself; further ones get a row each. A write costs by the size of the row,
 * so the cap bounds what the busiest address can cost (docs/adr/0003).
 */
const defaultMaxFactsInRow = 50

/** Spellings of the address, and emailIds: whoever may write could tell another one with each event. A mail has one or two. */
export const maxNamesInRow = 20

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly retentionDays: number
  readonly clock: Clock
  /** Default: 50. */
  readonly maxFactsInRow?: number
}

/**
 * Writes events so that any order, any repeats and any interleaving of writers end in the same row, with one write
 * for the usual event and without reading anything back (docs/adr/0001, 0002).
 */
export function deliveryWriter(dependencies: Dependencies): DeliveryWriter & PendingWriter {
  return {
    async record(event, signal) {
      try {
        await recordEvent(dependencies, event, signal)
      } catch (error) {
        throw isRefusedForGood(error)
          ? new UnwritableError(`DynamoDB refused the event: ${error.message}`)
          : error
      }
    },
    async leavePending(key, status) {
      const expression = new Expression()
      expression.remove('pending')
      expression.require(`${expression.name('statusRank')} = ${expression.number(statusRanks[status])}`)
      await tryUpdate(dependencies, keyAttributes(key), expression)
    },
  }
}

/**
 * The two forms of the write. `raise` sets the status and holds below the event's rank, and at it where that changes nothing, so
 * that a repeat costs one call as its first telling did; `join` leaves the status alone and holds at or above the rank. One of
 * them holds for any row, so whichever is likelier is tried first, and a failed condition means the other. A rank can only rise,
 * so `join` last decides it: where that fails too, the set of facts is full.
 */
async function recordEvent(to: Dependencies, event: DeliveryEvent, signal?: AbortSignal): Promise<void> {
  const key = keyAttributes(event)
  const { text, whole } = factOf(event)
  const forms = isEngagement(event.kind) ? (['join', 'raise', 'join'] as const) : (['raise', 'join'] as const)
  if (whole !== undefined) await putFactRow(to, event, whole, signal)
  for (const form of forms) {
    if (await tryUpdate(to, key, writeExpression(to, event, form, text), signal)) return
  }
  // A set is full: the fact goes beside its row, where a long one is already, and all else still goes into the row.
  if (whole === undefined) await putFactRow(to, event, text, signal)
  // Where even that has no room, it is for another name of the delivery, which is left out.
  for (const isNamed of hasNames(event) ? [true, false] : [false]) {
    for (const form of ['join', 'raise', 'join'] as const) {
      if (await tryUpdate(to, key, writeExpression(to, event, form, undefined, isNamed), signal)) return
    }
  }
}

function hasNames({ spelling, emailId }: DeliveryEvent): boolean {
  return spelling !== undefined || emailId !== undefined
}

/**
 * @param fact - `undefined` writes everything but the fact, which stands beside the row.
 * @param isNamed - whether the names that the event has for the delivery are written.
 */
function writeExpression(
  to: Dependencies,
  event: DeliveryEvent,
  form: 'raise' | 'join',
  fact: string | undefined,
  isNamed = true,
): Expression {
  const expression = new Expression()
  addFacts(expression, to.maxFactsInRow ?? defaultMaxFactsInRow, event, fact)
  setColumns(expression, event)
  if (isNamed) addNames(expression, event)
  expression.set('expiresAt', expiresAt(to.clock.now(), to.retentionDays))

  const status = impliedStatus(event)
  const statusRank = expression.name('statusRank')
  const rank = expression.number(statusRanks[status])
  if (form === 'join') {
    expression.require(`${statusRank} >= ${rank}`)
    return expression
  }
  expression.require(`(attribute_not_exists(${statusRank}) OR ${raisable(expression, status, rank)})`)
  expression.set('status', { S: status })
  expression.set('statusRank', { N: String(statusRanks[status]) })
  if (isPending(status)) expression.set('pending', { S: pendingPartitionOf(event.message) })
  else expression.remove('pending')
  return expression
}

/**
 * The condition that setting a status does not lower it, nor bring a delivery back into the pending index that has left it: of
 * its own rank a row may be set to what it is.
 */
function raisable(expression: Expression, status: Status, rank: string): string {
  const statusRank = expression.name('statusRank')
  if (!isPending(status)) return `${statusRank} <= ${rank}`
  const isStillPending = `attribute_exists(${expression.name('pending')})`
  return `${statusRank} < ${rank} OR (${statusRank} = ${rank} AND ${isStillPending})`
}

/** The fact under the condition that its set has room, and when the message was sent as a fact of its own. */
function addFacts(
  expression: Expression,
  maxFacts: number,
  event: DeliveryEvent,
  fact: string | undefined,
): void {
  const sent = sentFactOf(event)
  // One clause per attribute: an event that is itself the request joins both into one set.
  const own = event.kind === 'requested' ? [fact, sent] : [fact]
  const members = new Set(own.filter((member) => member !== undefined))
  if (event.kind !== 'requested' && sent !== undefined) expression.add('requested', [sent])
  if (members.size === 0) return
  expression.add(event.kind, [...members])
  if (fact !== undefined) expression.require(`(${expression.roomFor(event.kind, fact, maxFacts)})`)
}

function addNames(expression: Expression, { spelling, emailId }: DeliveryEvent): void {
  if (spelling !== undefined) expression.addWithinRoom('spellings', spelling, maxNamesInRow)
  if (emailId !== undefined) expression.addWithinRoom('emailIds', emailId, maxNamesInRow)
}

/** What belongs to the message is the same in every event that tells it, so the first to tell it is as good as any. */
function setColumns(expression: Expression, event: DeliveryEvent): void {
  const sentAtMs = sentAtOf(event.message)
  expression.setOnce('provider', event.provider)
  if (!isTaskKey(event.message)) expression.setOnce('messageId', event.message)
  if (sentAtMs !== undefined) expression.setOnce('sentAt', formatInstant(sentAtMs))
  for (const [column, value] of Object.entries(event.columns)) expression.setOnce(column, value)
  for (const [header, value] of event.headers) expression.setOnce(header, value)
}

/** The key is made from the fact, so putting it again changes nothing. It sorts right below the delivery's row. */
async function putFactRow(
  { client, table, clock, retentionDays }: Dependencies,
  event: DeliveryEvent,
  fact: string,
  signal?: AbortSignal,
): Promise<void> {
  const digest = createHash('sha256').update(fact).digest('hex').slice(0, 16)
  const instant = event.occurredAtMs === undefined ? '' : formatInstant(event.occurredAtMs)
  const message = `${event.message}#${event.kind}#${instant}#${digest}`
  const command = new PutItemCommand({
    TableName: table,
    Item: {
      ...keyAttributes({ recipient: event.recipient, message }),
      factOf: { S: event.message },
      kind: { S: event.kind },
      fact: { S: fact },
      provider: { S: event.provider },
      expiresAt: expiresAt(clock.now(), retentionDays),
    },
  })
  await client.send(command, signal ? { abortSignal: signal } : {})
}

function keyAttributes(key: DeliveryKey): Record<string, AttributeValue> {
  return { recipient: { S: key.recipient }, message: { S: key.message } }
}
